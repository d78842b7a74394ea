#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# on the host of each node, as root
set -e
ufw allow from 10.0.0.9 to any port 38888 proto tcp
# to take it back: ufw delete allow from 10.0.0.9 to any port 38888 proto tcp
ufw allow from 10.0.0.9 to any port 39888 proto tcp
# to take it back: ufw delete allow from 10.0.0.9 to any port 39888 proto tcp
ufw allow from 10.0.0.9 to any port 38889 proto tcp
# to take it back: ufw delete allow from 10.0.0.9 to any port 38889 proto tcp
--- steps
ufw allow from 10.0.0.9 to any port 38888 proto tcp
	undo: ufw delete allow from 10.0.0.9 to any port 38888 proto tcp
ufw allow from 10.0.0.9 to any port 39888 proto tcp
	undo: ufw delete allow from 10.0.0.9 to any port 39888 proto tcp
ufw allow from 10.0.0.9 to any port 38889 proto tcp
	undo: ufw delete allow from 10.0.0.9 to any port 38889 proto tcp
