#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other
# on the host of each node, as root
set -e
firewall-cmd --permanent --add-port=38889/tcp && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-port=38889/tcp && firewall-cmd --reload
firewall-cmd --permanent --add-port=38888/tcp && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-port=38888/tcp && firewall-cmd --reload
firewall-cmd --permanent --add-port=39888/tcp && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-port=39888/tcp && firewall-cmd --reload
--- steps
firewall-cmd --permanent --add-port=38889/tcp && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-port=38889/tcp && firewall-cmd --reload
firewall-cmd --permanent --add-port=38888/tcp && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-port=38888/tcp && firewall-cmd --reload
firewall-cmd --permanent --add-port=39888/tcp && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-port=39888/tcp && firewall-cmd --reload
