package diagnosis

import (
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// filteredOutside is about what stands before this host.
var filteredOutside = detail{
	of:  []string{"handshake/connect"},
	add: func(s scene, f *fault) bool { return s.kind(f) == handshake.ConnectTimeout && s.filtered(f) },
}

// filtered says that what drops a port stands before this host: its own rules accept it, and nobody answers at
// the address that clients use, such as a cloud host's public one.
func (s scene) filtered(f *fault) bool {
	port, err := strconv.Atoi(portOf(f))
	if err != nil || !s.isHere(f) {
		return false
	}
	if accepted, known := s.firewall.Accepts(port); !accepted || !known {
		return false
	}
	f.f.Evidence = append(f.f.Evidence, probes.Evidence{
		Where: "firewall/inbound", Saw: probes.T("the rules of this host accept port %d: what drops it stands before this host, such as a security group or a router", port),
	})
	f.f.Fix = append([]probes.Text{probes.T("# open TCP port %d in the security group, network ACL or router in front of this host", port)}, f.f.Fix...)
	return true
}
