package diagnosis

import "example.com/wsdoctor/probes/balancer/distribution"

// ejection: nodes that answer and get no clients were left out after a failure, which the configuration allows.
var ejection = rule{
	cause:    []string{"nginx/upstream-ejection"},
	symptom:  []string{"balancer/distribution"},
	measured: true,
	when:     func(s scene, _, _ *fault) bool { return s.spread() == distribution.Missing },
}
