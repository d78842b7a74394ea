package export

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

var nginx = Target{
	Name:  "nginx",
	Title: "nginx as the balancer: nginx.conf, or with --fragment a file for conf.d",
	render: func(s setup, o Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		for i, b := range s.backends {
			if b.Backup && s.hashes && !s.single() {
				return nil, fmt.Errorf("proxy.backends[%d].backup: nginx has no backup beside hashing, expected the policy least-conn or round-robin, or no backup", i)
			}
		}
		f := File{Name: "nginx.conf", Path: "/etc/nginx/nginx.conf", On: OnBalancer, Mode: 0o644}
		http := nginxHTTP(s)
		if o.Fragment {
			f.Name, f.Path = "wsdoctor.conf", "/etc/nginx/conf.d/wsdoctor.conf"
		} else {
			http = nginxMain(s) + "http {\n" + indent(http, "    ") + "}\n"
		}
		f.Data = []byte(header("nginx", "#", nginxNotes(s)...) + http)
		f.Steps = []Step{{Do: "nginx -t", Again: true}, {Do: "systemctl reload-or-restart nginx", Again: true}}
		return []File{f}, nil
	},
}

func nginxNotes(s setup) []probes.Text {
	out := s.unsaid("nginx")
	if s.cfg.Proxy.Policy == "cookie" && !s.single() {
		out = append(out, probes.T("a cookie for stickiness needs nginx 1.29.6; this hashes the client's address instead"))
	}
	if s.cfg.Proxy.ActiveHealth.Kind != "off" {
		out = append(out, probes.T("nginx has no active health checks: a node is taken out when connects to it fail"))
	}
	return out
}

// connectionsPerTunnel is how many of worker_connections a tunnel takes: one to the client and one to the backend.
const connectionsPerTunnel = 2

// nginxMain is what stands outside the http block. One worker alone could carry every client: how many there will be is
// not known here, and the kernel need not spread clients evenly.
func nginxMain(s setup) string {
	connections := twoPower(connectionsPerTunnel*s.clients() + len(s.listens) + 1)
	return fmt.Sprintf(`worker_processes auto;
worker_rlimit_nofile %d; # files of a worker: its connections and some more
worker_shutdown_timeout 1h; # an old worker of a reload stays for so long while a tunnel lives
pid /run/nginx.pid;
error_log /var/log/nginx/error.log info; # with "error" it does not say why a tunnel ended

events {
    worker_connections %d; # two for a tunnel
}

`, connections*2, connections)
}

func nginxHTTP(s setup) string {
	var b strings.Builder
	p := s.cfg.Proxy
	b.WriteString(`# Only WebSocket is handed on as an upgrade: with $http_upgrade alone the client could ask for h2c.
map $http_upgrade $websocket_upgrade {
    ~*^websocket$ $http_upgrade;
    default       '';
}
map $websocket_upgrade $connection_upgrade {
    ''      close;
    default upgrade;
}
`)
	b.WriteString(nginxLimitZones(s))
	b.WriteString(nginxUpstream(s))
	b.WriteString("\nserver {\n")
	for _, l := range s.listens {
		address := strconv.Itoa(l.Port)
		if l.Host != "" {
			address = backend{Host: l.Host, Port: l.Port}.address()
		}
		if s.tls() {
			address += " ssl"
		}
		if p.ProxyProtocol == "accept" {
			address += " proxy_protocol"
		}
		fmt.Fprintf(&b, "    listen %s;\n", address)
	}
	if s.tls() {
		protocols := "TLSv1.2 TLSv1.3"
		if p.TLS.MinVersion == "1.3" {
			protocols = "TLSv1.3"
		}
		fmt.Fprintf(&b, "    ssl_certificate %s;\n    ssl_certificate_key %s;\n    ssl_protocols %s;\n", quoted(p.TLS.Cert), quoted(p.TLS.Key), protocols)
	}
	for _, from := range p.TrustedProxies {
		fmt.Fprintf(&b, "    set_real_ip_from %s;\n", from)
	}
	switch {
	case p.ProxyProtocol == "accept":
		b.WriteString("    real_ip_header proxy_protocol;\n")
	case len(p.TrustedProxies) > 0:
		b.WriteString("    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;\n")
	}
	if p.Timeouts.Handshake > 0 {
		fmt.Fprintf(&b, "    client_header_timeout %s;\n", span(p.Timeouts.Handshake))
	}
	b.WriteString(nginxLimits(s))
	b.WriteString(`
    location / {
        proxy_pass http://wsdoctor_nodes;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $websocket_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header Host $http_host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
`)
	if p.Timeouts.Connect > 0 {
		fmt.Fprintf(&b, "        proxy_connect_timeout %s;\n", span(p.Timeouts.Connect))
	}
	fmt.Fprintf(&b, "        proxy_read_timeout %s; # a tunnel without a byte in either direction is cut after this\n        proxy_send_timeout %s;\n", span(s.idle()), span(s.idle()))
	b.WriteString("        proxy_buffering off; # for the polling that Socket.IO begins with\n    }\n}\n")
	return b.String()
}

func nginxUpstream(s setup) string {
	var b strings.Builder
	p := s.cfg.Proxy
	if p.Policy == "header" && !s.single() {
		b.WriteString("\nmap $http_x_session_id $wsdoctor_session {\n    ''      $remote_addr;\n    default $http_x_session_id;\n}\n")
	}
	b.WriteString("\nupstream wsdoctor_nodes {\n")
	if !s.single() {
		switch p.Policy {
		case "ip-hash", "cookie":
			b.WriteString("    hash $remote_addr consistent; # ip_hash would take three quarters of an address only\n")
		case "header":
			b.WriteString("    hash $wsdoctor_session consistent;\n")
		case "least-conn":
			b.WriteString("    least_conn;\n")
		case "random-two":
			b.WriteString("    random two least_conn;\n")
		}
	}
	for _, x := range s.backends {
		line := "    server " + x.address()
		if x.Weight > 1 {
			line += fmt.Sprintf(" weight=%d", x.Weight)
		}
		if !s.single() { // nginx never takes out an only server
			line += fmt.Sprintf(" max_fails=%d fail_timeout=%s", p.PassiveHealth.MaxFails, span(p.PassiveHealth.FailTimeout))
			if x.Backup {
				line += " backup"
			}
			if x.Down {
				line += " down"
			}
		}
		if x.MaxConns > 0 {
			line += fmt.Sprintf(" max_conns=%d", x.MaxConns)
		}
		fmt.Fprintf(&b, "%s; # %s\n", line, x.Name)
	}
	b.WriteString("}\n")
	return b.String()
}

// nginxLimitZones counts tunnels only: an empty key is not counted, and polling has no Upgrade.
func nginxLimitZones(s setup) string {
	var b strings.Builder
	l := s.cfg.Proxy.Limits
	if l.PerIP > 0 {
		b.WriteString("map $websocket_upgrade $wsdoctor_client {\n    ''      '';\n    default $binary_remote_addr;\n}\nlimit_conn_zone $wsdoctor_client zone=wsdoctor_client:10m;\n")
	}
	if l.Total > 0 || l.HandshakesPerSecond > 0 {
		b.WriteString("map $websocket_upgrade $wsdoctor_all {\n    ''      '';\n    default all;\n}\n")
	}
	if l.Total > 0 {
		b.WriteString("limit_conn_zone $wsdoctor_all zone=wsdoctor_total:1m;\n")
	}
	if l.HandshakesPerSecond > 0 {
		fmt.Fprintf(&b, "limit_req_zone $wsdoctor_all zone=wsdoctor_handshakes:1m rate=%dr/s;\n", min(l.HandshakesPerSecond, maxClients))
	}
	return b.String()
}

func nginxLimits(s setup) string {
	var b strings.Builder
	l := s.cfg.Proxy.Limits
	if l.PerIP > 0 {
		fmt.Fprintf(&b, "    limit_conn wsdoctor_client %d;\n", min(l.PerIP, 65535)) // nginx takes no more
	}
	if l.Total > 0 {
		fmt.Fprintf(&b, "    limit_conn wsdoctor_total %d;\n", min(l.Total, 65535))
	}
	if l.HandshakesPerSecond > 0 {
		fmt.Fprintf(&b, "    limit_req zone=wsdoctor_handshakes burst=%d nodelay;\n", min(l.HandshakesPerSecond, maxClients))
	}
	return b.String()
}

// indent puts a prefix before every line that is not empty.
func indent(text, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(prefix)
		}
		b.WriteString(line)
	}
	return b.String()
}
