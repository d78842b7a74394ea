#  -rw-r--r-- balancer
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each balancer, as root
set -e
nft insert rule inet filter input tcp dport 38889 accept comment \"wsdoctor-38889\"
# to take it back: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889"/ {print $NF}')
--- steps
nft insert rule inet filter input tcp dport 38889 accept comment \"wsdoctor-38889\"
	undo: nft delete rule inet filter input handle $(nft -a list chain inet filter input | awk '/"wsdoctor-38889"/ {print $NF}')
