#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the rules last until the next start: save them as this system does, such as in /etc/nftables.conf, or by netfilter-persistent save
# on the host of each node, as root
set -e
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 38888 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 38888 -j ACCEPT
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 39888 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 39888 -j ACCEPT
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 38889 -j ACCEPT
# to take it back: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 38889 -j ACCEPT
--- steps
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 38888 -j ACCEPT
	undo: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 38888 -j ACCEPT
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 39888 -j ACCEPT
	undo: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 39888 -j ACCEPT
iptables-legacy -I INPUT -s 10.0.0.9 -p tcp --dport 38889 -j ACCEPT
	undo: iptables-legacy -D INPUT -s 10.0.0.9 -p tcp --dport 38889 -j ACCEPT
