package diagnosis

import (
	"slices"

	"example.com/wsdoctor/probes/balancer/distribution"
	"example.com/wsdoctor/probes/handshake"
)

// nodeOut: a node that does not answer, or that the configuration does not point to, gets no clients.
var nodeOut = rule{
	cause:    slices.Concat(onURL, backendPort),
	symptom:  []string{"balancer/distribution"},
	measured: true,
	when: func(s scene, c, _ *fault) bool {
		known := s.role(c) == handshake.Node || c.res.Area == "nginx" || c.res.Area == "haproxy"
		return known && (s.spread() == distribution.Missing || s.spread() == distribution.OneOnly)
	},
}
