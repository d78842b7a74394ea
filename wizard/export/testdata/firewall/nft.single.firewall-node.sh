#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each node, as root
set -e
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 38888 accept comment \"wsdoctor-38888-10-0-0-9\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38888-10-0-0-9"/ {print $NF}')
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 39888 accept comment \"wsdoctor-39888-10-0-0-9\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-39888-10-0-0-9"/ {print $NF}')
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 38889 accept comment \"wsdoctor-38889-10-0-0-9\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889-10-0-0-9"/ {print $NF}')
--- steps
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 38888 accept comment \"wsdoctor-38888-10-0-0-9\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38888-10-0-0-9"/ {print $NF}')
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 39888 accept comment \"wsdoctor-39888-10-0-0-9\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-39888-10-0-0-9"/ {print $NF}')
nft insert rule inet filter input ip saddr 10.0.0.9 tcp dport 38889 accept comment \"wsdoctor-38889-10-0-0-9\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889-10-0-0-9"/ {print $NF}')
