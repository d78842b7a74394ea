package export

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
)

var gateway = Target{
	Name:  "gateway",
	Title: "an HTTPRoute of the Gateway API 1.1 or later, for nodes outside the cluster",
	render: func(s setup, o Options) ([]File, error) {
		nodes, err := kubeNodes(s)
		if err != nil {
			return nil, err
		}
		host, err := s.kubeHost()
		if err != nil {
			return nil, err
		}
		notes := append(s.unsaid("the Gateway API"), kubeNotes(s)...)
		if s.stateful && !s.single() {
			notes = append(notes, probes.T("a route has no stickiness in the standard channel: clients have to ask for WebSocket at once, without polling, or the gateway has to have a policy of its own for it"))
		}
		var b strings.Builder
		b.WriteString(header("gateway", "#", notes...))
		b.WriteString(nodes)
		b.WriteString("---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: wsdoctor\nspec:\n  parentRefs:\n    - name: gateway # the name of yours\n")
		if host != "" {
			fmt.Fprintf(&b, "  hostnames: [%q]\n", host)
		}
		fmt.Fprintf(&b, `  rules:
    - matches:
        - path: {type: PathPrefix, value: %q}
      # a tunnel is one request that lasts: 0s is no limit
      timeouts: {request: 0s, backendRequest: 0s}
      backendRefs:
        - {name: %s, port: %d}
`, s.servicePath(), kubeService, s.backends[0].Port)
		f := File{Name: "wsdoctor-route.yaml", Path: "wsdoctor-route.yaml", On: Elsewhere, Mode: 0o644, Data: []byte(b.String())}
		f.Steps = []Step{o.kubectl(f.Path)}
		return []File{f}, nil
	},
}
