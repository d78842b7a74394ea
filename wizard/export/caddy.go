package export

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes"
)

var caddy = Target{
	Name:  "caddy",
	Title: "Caddy 2.6 or later as the balancer: a Caddyfile",
	render: func(s setup, _ Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		if s.cfg.Proxy.ProxyProtocol == "accept" {
			return nil, fmt.Errorf("proxy.proxy_protocol: found %q, expected \"off\": Caddy 2.6 does not know it", s.cfg.Proxy.ProxyProtocol)
		}
		text, err := caddyProxy(s)
		if err != nil {
			return nil, err
		}
		text = header("caddy", "#", caddyNotes(s)...) + caddyGlobal(s) + text + caddySites(s)
		return []File{{
			Name: "Caddyfile", Path: "/etc/caddy/Caddyfile", On: OnBalancer, Mode: 0o644, Data: []byte(text),
			Steps: []Step{
				{Do: "caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile", Again: true},
				{Do: "systemctl reload-or-restart caddy", Again: true},
			},
		}}, nil
	},
}

func caddyNotes(s setup) []probes.Text {
	out := s.unsaid("Caddy")
	p := s.cfg.Proxy
	out = append(out, probes.T("Caddy cuts no idle tunnel: proxy.timeouts.idle is left out"))
	if p.Limits.PerIP > 0 || p.Limits.Total > 0 || p.Limits.HandshakesPerSecond > 0 {
		out = append(out, probes.T("Caddy has no limits of connections: proxy.limits is left out"))
	}
	if !agrees(s.backends, func(b backend) int { return b.Weight }) {
		out = append(out, probes.T("Caddy 2.6 has no weights: proxy.backends[].weight is left out"))
	}
	for _, b := range s.backends {
		if b.Backup {
			out = append(out, probes.T("Caddy has no backups: %s is left out", b.Name))
		}
	}
	if k := p.ActiveHealth.Kind; k == "websocket" || k == "tcp" {
		out = append(out, probes.T("Caddy checks by plain HTTP alone: a node is taken out when connects to it fail"))
	}
	return out
}

func caddyGlobal(s setup) string {
	out := "{\n\tauto_https disable_redirects\n"
	if t := s.cfg.Proxy.Timeouts.Handshake; t > 0 {
		out += fmt.Sprintf("\tservers {\n\t\ttimeouts {\n\t\t\tread_header %s\n\t\t}\n\t}\n", span(t))
	}
	return out + "}\n\n"
}

// caddyPolicies are the policies in Caddy's words. ip_hash takes the whole address.
var caddyPolicies = map[string]string{
	"ip-hash": "ip_hash", "cookie": "cookie wsdoctor-node", "header": "header X-Session-Id",
	"least-conn": "least_conn", "round-robin": "round_robin", "random-two": "random_choose 2",
}

// caddyProxy is a snippet that every site imports.
func caddyProxy(s setup) (string, error) {
	var b strings.Builder
	p := s.cfg.Proxy
	var to []string
	for _, x := range s.backends {
		if !x.Backup && !x.Down {
			to = append(to, x.address())
		}
	}
	if len(to) == 0 {
		return "", fmt.Errorf("proxy.backends: found only backups, expected one that takes clients: Caddy has no backups")
	}
	fmt.Fprintf(&b, "(wsdoctor) {\n\treverse_proxy %s {\n", strings.Join(to, " "))
	if !s.single() {
		fmt.Fprintf(&b, "\t\tlb_policy %s\n\t\tlb_try_duration 5s\n", caddyPolicies[p.Policy])
	}
	if h := p.PassiveHealth; h.MaxFails > 0 && h.FailTimeout > 0 && !s.single() {
		fmt.Fprintf(&b, "\t\tmax_fails %d\n\t\tfail_duration %s\n", min(h.MaxFails, maxClients), span(h.FailTimeout))
	}
	if h := p.ActiveHealth; h.Kind == "http" && h.Interval > 0 && h.Timeout > 0 {
		fmt.Fprintf(&b, "\t\thealth_uri %s\n\t\thealth_interval %s\n\t\thealth_timeout %s\n", s.health, span(h.Interval), span(h.Timeout))
	}
	if n := s.backends[0].MaxConns; n > 0 && agrees(s.backends, func(b backend) int { return b.MaxConns }) {
		fmt.Fprintf(&b, "\t\tunhealthy_request_count %d\n", n)
	}
	if len(p.TrustedProxies) > 0 {
		fmt.Fprintf(&b, "\t\ttrusted_proxies %s\n", strings.Join(p.TrustedProxies, " "))
	}
	b.WriteString("\t\t# a reload ends every tunnel at once; from Caddy 2.7 on, this spares them for an hour:\n\t\t# stream_close_delay 1h\n")
	b.WriteString("\t\ttransport http {\n\t\t\tversions 1.1\n")
	if t := p.Timeouts.Connect; t > 0 {
		fmt.Fprintf(&b, "\t\t\tdial_timeout %s\n", span(t))
	}
	b.WriteString("\t\t}\n\t}\n}\n")
	return b.String(), nil
}

func caddySites(s setup) string {
	var b strings.Builder
	for _, l := range s.listens {
		scheme := "http"
		if s.tls() {
			scheme = "https"
		}
		fmt.Fprintf(&b, "\n%s://:%d {\n", scheme, l.Port)
		if l.Host != "" {
			fmt.Fprintf(&b, "\tbind %s\n", l.Host)
		}
		if s.tls() {
			protocols := "tls1.2 tls1.3"
			if s.cfg.Proxy.TLS.MinVersion == "1.3" {
				protocols = "tls1.3"
			}
			fmt.Fprintf(&b, "\ttls %s %s {\n\t\tprotocols %s\n\t}\n", quoted(s.cfg.Proxy.TLS.Cert), quoted(s.cfg.Proxy.TLS.Key), protocols)
		}
		b.WriteString("\timport wsdoctor\n}\n")
	}
	return b.String()
}
