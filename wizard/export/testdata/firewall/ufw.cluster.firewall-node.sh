#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# note: the balancer is named, not addressed: anybody gets through to the nodes; name its address in balancer.url to let in no other
# on the host of each node, as root
set -e
ufw allow 38889/tcp
# to take it back: ufw delete allow 38889/tcp
ufw allow 38888/tcp
# to take it back: ufw delete allow 38888/tcp
ufw allow 39888/tcp
# to take it back: ufw delete allow 39888/tcp
--- steps
ufw allow 38889/tcp
	undo: ufw delete allow 38889/tcp
ufw allow 38888/tcp
	undo: ufw delete allow 38888/tcp
ufw allow 39888/tcp
	undo: ufw delete allow 39888/tcp
