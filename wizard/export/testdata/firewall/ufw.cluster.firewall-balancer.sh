#  -rw-r--r-- balancer
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# on the host of each balancer, as root
set -e
ufw allow 38889/tcp
# to take it back: ufw delete allow 38889/tcp
--- steps
ufw allow 38889/tcp
	undo: ufw delete allow 38889/tcp
