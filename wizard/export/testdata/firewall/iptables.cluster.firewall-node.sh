#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each node, as root
set -e
iptables -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: iptables -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 38889 -j ACCEPT
# to take it back: ip6tables -D INPUT -p tcp --dport 38889 -j ACCEPT
iptables -I INPUT -p tcp --dport 38888 -j ACCEPT
# to take it back: iptables -D INPUT -p tcp --dport 38888 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 38888 -j ACCEPT
# to take it back: ip6tables -D INPUT -p tcp --dport 38888 -j ACCEPT
iptables -I INPUT -p tcp --dport 39888 -j ACCEPT
# to take it back: iptables -D INPUT -p tcp --dport 39888 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 39888 -j ACCEPT
# to take it back: ip6tables -D INPUT -p tcp --dport 39888 -j ACCEPT
--- steps
iptables -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: iptables -D INPUT -p tcp --dport 38889 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 38889 -j ACCEPT
	undo: ip6tables -D INPUT -p tcp --dport 38889 -j ACCEPT
iptables -I INPUT -p tcp --dport 38888 -j ACCEPT
	undo: iptables -D INPUT -p tcp --dport 38888 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 38888 -j ACCEPT
	undo: ip6tables -D INPUT -p tcp --dport 38888 -j ACCEPT
iptables -I INPUT -p tcp --dport 39888 -j ACCEPT
	undo: iptables -D INPUT -p tcp --dport 39888 -j ACCEPT
ip6tables -I INPUT -p tcp --dport 39888 -j ACCEPT
	undo: ip6tables -D INPUT -p tcp --dport 39888 -j ACCEPT
