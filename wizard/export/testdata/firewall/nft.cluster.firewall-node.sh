#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each node, as root
set -e
nft insert rule inet filter input tcp dport 38889 accept comment \"wsdoctor-38889\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889"/ {print $NF}')
nft insert rule inet filter input tcp dport 38888 accept comment \"wsdoctor-38888\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38888"/ {print $NF}')
nft insert rule inet filter input tcp dport 39888 accept comment \"wsdoctor-39888\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-39888"/ {print $NF}')
--- steps
nft insert rule inet filter input tcp dport 38889 accept comment \"wsdoctor-38889\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889"/ {print $NF}')
nft insert rule inet filter input tcp dport 38888 accept comment \"wsdoctor-38888\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38888"/ {print $NF}')
nft insert rule inet filter input tcp dport 39888 accept comment \"wsdoctor-39888\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-39888"/ {print $NF}')
