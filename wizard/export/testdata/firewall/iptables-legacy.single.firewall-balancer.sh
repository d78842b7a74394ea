#  -rw-r--r-- balancer
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each balancer, as root
set -e
iptables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: ip6tables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
--- steps
iptables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: iptables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: ip6tables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
