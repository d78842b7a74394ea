#  -rw-r--r-- balancer
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# on the host of each balancer, as root
set -e
firewall-cmd --permanent --add-port=38889/tcp && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-port=38889/tcp && firewall-cmd --reload
--- steps
firewall-cmd --permanent --add-port=38889/tcp && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-port=38889/tcp && firewall-cmd --reload
