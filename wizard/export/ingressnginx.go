package export

import (
	"fmt"
	"strings"
)

var ingressNginx = Target{
	Name:  "ingress-nginx",
	Title: "an Ingress for ingress-nginx, with the annotations that WebSockets need, for nodes outside the cluster",
	render: func(s setup, o Options) ([]File, error) {
		nodes, err := kubeNodes(s)
		if err != nil {
			return nil, err
		}
		host, err := s.kubeHost()
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		b.WriteString(header("ingress-nginx", "#", append(s.unsaid("ingress-nginx"), kubeNotes(s)...)...))
		b.WriteString(nodes)
		b.WriteString("---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: wsdoctor\n  annotations:\n")
		for _, a := range ingressAnnotations(s) {
			fmt.Fprintf(&b, "    nginx.ingress.kubernetes.io/%s: %q\n", a[0], a[1])
		}
		b.WriteString("spec:\n  ingressClassName: nginx\n")
		if strings.HasPrefix(s.cfg.Balancer.URL, "wss:") || s.tls() {
			b.WriteString("  tls:\n    - secretName: wsdoctor-tls\n")
			if host != "" {
				fmt.Fprintf(&b, "      hosts: [%q]\n", host)
			}
		}
		rule := "    - http:\n"
		if host != "" {
			rule = fmt.Sprintf("    - host: %q\n      http:\n", host)
		}
		fmt.Fprintf(&b, "  rules:\n%s        paths:\n          - path: %q\n            pathType: Prefix\n            backend:\n              service: {name: %s, port: {name: ws}}\n", rule, s.servicePath(), kubeService)
		f := File{Name: "wsdoctor-ingress.yaml", Path: "wsdoctor-ingress.yaml", On: Elsewhere, Mode: 0o644, Data: []byte(b.String())}
		f.Steps = []Step{o.kubectl(f.Path)}
		return []File{f}, nil
	},
}

// ingressAnnotations are those of ingress-nginx (its user guide, "Annotations"); it passes the upgrade by itself. Its
// timeouts are numbers of seconds.
func ingressAnnotations(s setup) [][2]string {
	p := s.cfg.Proxy
	idle := fmt.Sprint(max(1, int64(s.idle().Seconds())))
	out := [][2]string{{"proxy-read-timeout", idle}, {"proxy-send-timeout", idle}, {"proxy-buffering", "off"}, {"proxy-http-version", "1.1"}}
	if t := p.Timeouts.Connect; t > 0 {
		out = append(out, [2]string{"proxy-connect-timeout", fmt.Sprint(max(1, int64(t.Seconds())))})
	}
	if !s.single() {
		switch p.Policy {
		case "ip-hash":
			out = append(out, [2]string{"upstream-hash-by", "$remote_addr"})
		case "header":
			out = append(out, [2]string{"upstream-hash-by", "$http_x_session_id"})
		case "cookie":
			out = append(out, [2]string{"affinity", "cookie"}, [2]string{"affinity-mode", "persistent"}, [2]string{"session-cookie-name", "wsdoctor-node"})
		case "least-conn", "random-two": // the nearest that it has
			out = append(out, [2]string{"load-balance", "ewma"})
		case "round-robin":
			out = append(out, [2]string{"load-balance", "round_robin"})
		}
	}
	if n := p.Limits.PerIP; n > 0 {
		out = append(out, [2]string{"limit-connections", fmt.Sprint(min(n, 65535))})
	}
	return out
}
