package export

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

var traefik = Target{
	Name:  "traefik",
	Title: "Traefik 2 or 3 as the balancer: its static and its dynamic configuration",
	render: func(s setup, _ Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		static := File{
			Name: "traefik.yml", Path: "/etc/traefik/traefik.yml", On: OnBalancer, Mode: 0o644,
			Data: []byte(header("traefik", "#") + traefikStatic(s)),
		}
		dynamic := File{
			Name: "wsdoctor.yml", Path: "/etc/traefik/dynamic/wsdoctor.yml", On: OnBalancer, Mode: 0o644,
			Data:  []byte(header("traefik", "#", traefikNotes(s)...) + traefikDynamic(s)),
			Steps: []Step{{Do: "systemctl restart traefik", Again: true}},
		}
		return []File{static, dynamic}, nil
	},
}

func traefikNotes(s setup) []probes.Text {
	p := s.cfg.Proxy
	out := append(s.unsaid("Traefik"), probes.T("Traefik cuts no idle tunnel: proxy.timeouts.idle is left out"))
	if (p.Policy == "ip-hash" || p.Policy == "header") && !s.single() {
		out = append(out, probes.T("Traefik keeps a client on its node by a cookie alone: clients without cookies have to ask for WebSocket at once, without polling"))
	}
	if !s.hashes && p.Policy != "round-robin" && !s.single() {
		out = append(out, probes.T("Traefik goes round, in place of the policy %q", p.Policy))
	}
	if !agrees(s.backends, func(b backend) int { return b.Weight }) {
		out = append(out, probes.T("the weights of servers are left out, which Traefik 2 does not know"))
	}
	for _, b := range s.backends {
		if b.Backup {
			out = append(out, probes.T("Traefik has no backups: %s is left out", b.Name))
		}
		if b.MaxConns > 0 {
			out = append(out, probes.T("Traefik has no limit for one node: the %d of %s is left out", b.MaxConns, b.Name))
		}
	}
	if p.Limits.Total > 0 {
		out = append(out, probes.T("Traefik has no limit for all clients: proxy.limits.total is left out"))
	}
	if k := p.ActiveHealth.Kind; k == "websocket" || k == "tcp" {
		out = append(out, probes.T("Traefik checks by plain HTTP alone: a dead node stays until then, and its clients are answered with 502"))
	}
	return out
}

// entryPoint names the entry point of an address.
func (l listen) entryPoint(i int) string { return fmt.Sprintf("wsdoctor-%d-%d", i+1, l.Port) }

func traefikStatic(s setup) string {
	var b strings.Builder
	p := s.cfg.Proxy
	b.WriteString("entryPoints:\n")
	for i, l := range s.listens {
		fmt.Fprintf(&b, "  %s:\n    address: %q\n", l.entryPoint(i), net.JoinHostPort(l.Host, strconv.Itoa(l.Port)))
		fmt.Fprintf(&b, "    transport:\n      lifeCycle:\n        graceTimeOut: %s\n      respondingTimeouts:\n        readTimeout: %s\n        idleTimeout: 180s\n", span(p.Timeouts.Drain), span(p.Timeouts.Handshake))
		if len(p.TrustedProxies) > 0 {
			fmt.Fprintf(&b, "    forwardedHeaders:\n      trustedIPs: %s\n", yamlList(p.TrustedProxies))
		}
		if p.ProxyProtocol == "accept" {
			trusted := p.TrustedProxies
			if len(trusted) == 0 {
				fmt.Fprintf(&b, "    proxyProtocol:\n      insecure: true # whoever connects may say who the client is: name proxy.trusted_proxies\n")
				continue
			}
			fmt.Fprintf(&b, "    proxyProtocol:\n      trustedIPs: %s\n", yamlList(trusted))
		}
	}
	b.WriteString("providers:\n  file:\n    directory: /etc/traefik/dynamic\n    watch: true\n")
	return b.String()
}

func traefikDynamic(s setup) string {
	var b strings.Builder
	p := s.cfg.Proxy
	var entries []string
	for i, l := range s.listens {
		entries = append(entries, l.entryPoint(i))
	}
	var middlewares []string
	if p.Limits.PerIP > 0 {
		middlewares = append(middlewares, "wsdoctor-per-ip")
	}
	if p.Limits.HandshakesPerSecond > 0 {
		middlewares = append(middlewares, "wsdoctor-handshakes")
	}
	fmt.Fprintf(&b, "http:\n  routers:\n    wsdoctor:\n      rule: \"PathPrefix(`/`)\"\n      entryPoints: %s\n      service: wsdoctor\n", yamlList(entries))
	if len(middlewares) > 0 {
		fmt.Fprintf(&b, "      middlewares: %s\n", yamlList(middlewares))
	}
	if s.tls() {
		b.WriteString("      tls:\n        options: wsdoctor\n")
	}
	b.WriteString("  services:\n    wsdoctor:\n      loadBalancer:\n        passHostHeader: true\n        serversTransport: wsdoctor\n")
	if s.hashes && !s.single() {
		b.WriteString("        sticky:\n          cookie:\n            name: wsdoctor-node\n            httpOnly: true\n")
	}
	if h := p.ActiveHealth; h.Kind == "http" && h.Interval > 0 && h.Timeout > 0 {
		fmt.Fprintf(&b, "        healthCheck:\n          path: %q\n          interval: %s\n          timeout: %s\n", s.health, span(h.Interval), span(h.Timeout))
	}
	b.WriteString("        servers:\n")
	for _, x := range s.backends {
		if !x.Backup && !x.Down {
			u := url.URL{Scheme: "http", Host: x.address()}
			fmt.Fprintf(&b, "          - url: %q # %s\n", u.String(), x.Name)
		}
	}
	b.WriteString("  serversTransports:\n    wsdoctor:\n      disableHTTP2: true\n")
	if t := p.Timeouts.Connect; t > 0 {
		fmt.Fprintf(&b, "      forwardingTimeouts:\n        dialTimeout: %s\n", span(t))
	}
	if len(middlewares) > 0 {
		b.WriteString("  middlewares:\n")
	}
	if n := p.Limits.PerIP; n > 0 {
		fmt.Fprintf(&b, "    wsdoctor-per-ip:\n      inFlightReq:\n        amount: %d\n        sourceCriterion:\n          ipStrategy:\n            depth: 0\n", n)
	}
	if n := p.Limits.HandshakesPerSecond; n > 0 {
		fmt.Fprintf(&b, "    wsdoctor-handshakes:\n      rateLimit:\n        average: %d\n        burst: %d\n        sourceCriterion:\n          requestHost: true\n", n, n)
	}
	if s.tls() {
		b.WriteString("tls:\n  certificates:\n")
		for _, pair := range p.TLS.Pairs() {
			fmt.Fprintf(&b, "    - certFile: %q\n      keyFile: %q\n", pair.Cert, pair.Key)
		}
		fmt.Fprintf(&b, "  options:\n    wsdoctor:\n      minVersion: VersionTLS%s\n", strings.ReplaceAll(p.TLS.MinVersion, ".", ""))
	}
	return b.String()
}

// yamlList writes vetted values as a list on one line.
func yamlList(list []string) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(out, ", ") + "]"
}
