package export

import (
	"fmt"
	"net/netip"
	"strings"

	"example.com/wsdoctor/probes"
)

// kubeService is the name of the Service that stands for the nodes inside a Kubernetes cluster.
const kubeService = "wsdoctor-nodes"

// kubeNodes writes a Service for the nodes, which are outside the cluster, and an EndpointSlice for each: slices of one
// Service may have ports of their own. The error is for nodes that are named: a slice holds addresses alone.
func kubeNodes(s setup) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\nspec:\n  ports:\n    - {name: ws, port: %d, targetPort: %d}\n", kubeService, s.backends[0].Port, s.backends[0].Port)
	used := 0
	for _, x := range s.backends {
		a, err := netip.ParseAddr(x.Host)
		if err != nil || a.IsLoopback() {
			return "", fmt.Errorf("the node %s: found the host %q, expected an address that the cluster reaches: Kubernetes takes no names for endpoints", x.Name, x.Host)
		}
		if x.Backup || x.Down {
			continue
		}
		used++
		family := "IPv4"
		if a = a.Unmap(); a.Is6() {
			family = "IPv6"
		}
		fmt.Fprintf(&b, "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: %s-%s\n  labels:\n    kubernetes.io/service-name: %s\n    endpointslice.kubernetes.io/managed-by: wsdoctor\n",
			kubeService, strings.ToLower(x.Name), kubeService)
		fmt.Fprintf(&b, "addressType: %s\nports:\n  - {name: ws, port: %d, protocol: TCP}\nendpoints:\n  - addresses: [%q]\n    conditions: {ready: true}\n", family, x.Port, a.String())
	}
	if used == 0 {
		return "", fmt.Errorf("proxy.backends: found only backups, expected one that takes clients: a Service has no backups")
	}
	return b.String(), nil
}

// kubeHost is the name that clients ask for; "" for an address, which no rule can match.
func (s setup) kubeHost() (string, error) {
	host := s.cfg.Balancer.Host()
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return "", nil
	}
	if err := vetHost("balancer.url", host); err != nil {
		return "", err
	}
	return strings.ToLower(host), nil
}

// servicePath is the prefix under which the service's path and its polling lie: up to the last slash, without it.
func (s setup) servicePath() string {
	path, _, _ := strings.Cut(s.cfg.WebSocket.Path, "?")
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return path
}

// kubeNotes is what neither an Ingress nor a route can say.
func kubeNotes(s setup) []probes.Text {
	var out []probes.Text
	for _, b := range s.backends {
		if b.Backup {
			out = append(out, probes.T("there are no backups: %s is left out", b.Name))
		}
	}
	return out
}
