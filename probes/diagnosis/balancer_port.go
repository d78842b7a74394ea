package diagnosis

import "example.com/wsdoctor/probes/handshake"

// balancerPort: the port that the balancer's configuration does not listen on is why nobody gets in.
var balancerPort = rule{
	cause:   []string{"nginx/listen-port", "haproxy/bind-port", "nginx/syntax", "haproxy/syntax"},
	symptom: []string{"handshake/connect"},
	when:    func(s scene, _, y *fault) bool { return s.role(y) == handshake.Balancer },
}
