#  -rw-r--r-- node
# written by `wsdoctor export firewall` from its settings: change those, and export it anew
# on the host of each node, as root
set -e
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38888" protocol="tcp" accept' && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38888" protocol="tcp" accept' && firewall-cmd --reload
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="39888" protocol="tcp" accept' && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="39888" protocol="tcp" accept' && firewall-cmd --reload
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38889" protocol="tcp" accept' && firewall-cmd --reload
# to take it back: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38889" protocol="tcp" accept' && firewall-cmd --reload
--- steps
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38888" protocol="tcp" accept' && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38888" protocol="tcp" accept' && firewall-cmd --reload
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="39888" protocol="tcp" accept' && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="39888" protocol="tcp" accept' && firewall-cmd --reload
firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38889" protocol="tcp" accept' && firewall-cmd --reload
	undo: firewall-cmd --permanent --remove-rich-rule='rule family="ipv4" source address="10.0.0.9" port port="38889" protocol="tcp" accept' && firewall-cmd --reload
