#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each node, as root
set -e
iptables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: ip6tables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
iptables-legacy -I INPUT -p tcp --dport 38888 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -p tcp --dport 38888 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38888 -j ACCEPT
# to take it back: ip6tables-legacy -D INPUT -p tcp --dport 38888 -j ACCEPT
iptables-legacy -I INPUT -p tcp --dport 39888 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -p tcp --dport 39888 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 39888 -j ACCEPT
# to take it back: ip6tables-legacy -D INPUT -p tcp --dport 39888 -j ACCEPT
--- steps
iptables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: iptables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: ip6tables-legacy -D INPUT -p tcp --dport 38889 -j ACCEPT
iptables-legacy -I INPUT -p tcp --dport 38888 -j ACCEPT
	undo: iptables-legacy -D INPUT -p tcp --dport 38888 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 38888 -j ACCEPT
	undo: ip6tables-legacy -D INPUT -p tcp --dport 38888 -j ACCEPT
iptables-legacy -I INPUT -p tcp --dport 39888 -j ACCEPT
	undo: iptables-legacy -D INPUT -p tcp --dport 39888 -j ACCEPT
ip6tables-legacy -I INPUT -p tcp --dport 39888 -j ACCEPT
	undo: ip6tables-legacy -D INPUT -p tcp --dport 39888 -j ACCEPT
