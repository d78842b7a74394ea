package export

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// haproxyPEM is where HAProxy finds certificate and key, which it wants in one file.
const haproxyPEM = "/etc/haproxy/wsdoctor.pem"

var haproxy = Target{
	Name:  "haproxy",
	Title: "HAProxy as the balancer: haproxy.cfg, or with --fragment its frontend and backend alone",
	render: func(s setup, o Options) ([]File, error) {
		if err := s.needsCertificate(); err != nil {
			return nil, err
		}
		f := File{Name: "haproxy.cfg", Path: "/etc/haproxy/haproxy.cfg", On: OnBalancer, Mode: 0o644}
		text := haproxyFront(s) + haproxyBackend(s)
		if o.Fragment {
			f.Name, f.Path = "wsdoctor.cfg", "/etc/haproxy/wsdoctor.cfg"
		} else {
			text = haproxyMain(s) + text
		}
		f.Data = []byte(header("haproxy", "#", haproxyNotes(s)...) + text)
		if s.tls() {
			pem := shell(haproxyPEM)
			f.Steps = append(f.Steps, Step{
				Do:   fmt.Sprintf("(umask 077; cat %s %s > %s)", shell(s.cfg.Proxy.TLS.Cert), shell(s.cfg.Proxy.TLS.Key), pem),
				Undo: "rm " + pem,
			})
		}
		check, files := "haproxy -c -f "+f.Path, ""
		if o.Fragment {
			check = "haproxy -c -f /etc/haproxy/haproxy.cfg -f " + f.Path
			files = "# start HAProxy with -f /etc/haproxy/haproxy.cfg -f " + f.Path + ", such as by EXTRAOPTS in /etc/default/haproxy\n"
		}
		f.Data = append([]byte(files), f.Data...)
		f.Steps = append(f.Steps, Step{Do: check, Again: true}, Step{Do: "systemctl reload-or-restart haproxy", Again: true})
		return []File{f}, nil
	},
}

func haproxyNotes(s setup) []probes.Text {
	out := s.unsaid("HAProxy")
	if s.cfg.Proxy.ActiveHealth.Kind == "off" {
		out = append(out, probes.T("without active health checks HAProxy keeps sending clients to a dead node"))
	}
	return out
}

func haproxyMain(s setup) string {
	return fmt.Sprintf("global\n    log /dev/log local0\n    maxconn %d\n\ndefaults\n    log global\n    option httplog\n    option dontlognull\n\n", haproxyRoom(s))
}

// haproxyRoom is the number of clients that the process has room for: those expected, and half as many again while they
// come back after an outage.
func haproxyRoom(s setup) int { return twoPower(s.clients() + s.clients()/2) }

// haproxyPlain is the time that a plain request may take: a long poll is answered after a heartbeat at the latest.
func haproxyPlain(s setup) time.Duration { return max(time.Minute, min(3*s.cfg.Heartbeat, never)) }

func haproxyFront(s setup) string {
	var b strings.Builder
	p := s.cfg.Proxy
	b.WriteString("frontend wsdoctor\n")
	for _, l := range s.listens {
		bind := ":" + strconv.Itoa(l.Port)
		if l.Host != "" {
			bind = net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
		}
		if s.tls() {
			// Without HTTP/2 a browser asks for its WebSocket as every server understands it.
			bind += " ssl crt " + haproxyPEM + " alpn http/1.1 ssl-min-ver TLSv" + p.TLS.MinVersion
		}
		if p.ProxyProtocol == "accept" {
			bind += " accept-proxy"
		}
		fmt.Fprintf(&b, "    bind %s\n", bind)
	}
	fmt.Fprintf(&b, "    mode http\n    timeout client %s # plain requests and polling; tunnels have \"timeout tunnel\"\n    timeout client-fin 30s\n", span(haproxyPlain(s)))
	if t := p.Timeouts.Handshake; t > 0 {
		fmt.Fprintf(&b, "    timeout http-request %s\n", span(t))
	}
	room := haproxyRoom(s)
	if p.Limits.Total > 0 {
		room = min(p.Limits.Total, 2*maxClients)
	}
	fmt.Fprintf(&b, "    maxconn %d\n", room)
	if n := p.Limits.HandshakesPerSecond; n > 0 {
		fmt.Fprintf(&b, "    rate-limit sessions %d\n", min(n, maxClients))
	}
	// Only a proxy that is trusted may say who the client is; the service is told one address, and none that a client made up.
	if len(p.TrustedProxies) > 0 {
		fmt.Fprintf(&b, "    http-request set-src req.hdr(x-forwarded-for,-1) if { src %s } { req.hdr(x-forwarded-for) -m found }\n", strings.Join(p.TrustedProxies, " "))
	}
	b.WriteString("    http-request del-header X-Forwarded-For\n")
	if n := p.Limits.PerIP; n > 0 {
		fmt.Fprintf(&b, "    stick-table type ipv6 size 1m expire 1m store conn_cur\n    http-request track-sc0 src\n    http-request deny deny_status 429 if { sc0_conn_cur gt %d }\n", min(n, maxClients))
	}
	b.WriteString("    option forwardfor\n")
	if s.tls() {
		b.WriteString("    http-request set-header X-Forwarded-Proto https\n")
	} else {
		b.WriteString("    http-request set-header X-Forwarded-Proto http\n")
	}
	b.WriteString("    default_backend wsdoctor_nodes\n\n")
	return b.String()
}

// haproxyMethods are the policies in HAProxy's words.
var haproxyMethods = map[string]string{
	"ip-hash":     "    balance source\n    hash-type consistent # a node that leaves moves its own clients only\n",
	"cookie":      "    balance leastconn\n    cookie wsdoctor-node insert indirect nocache httponly\n",
	"header":      "    balance hdr(X-Session-Id)\n    hash-type consistent\n",
	"least-conn":  "    balance leastconn\n",
	"round-robin": "    balance roundrobin\n",
	"random-two":  "    balance random(2)\n",
}

func haproxyBackend(s setup) string {
	var b strings.Builder
	p, h := s.cfg.Proxy, s.cfg.Proxy.ActiveHealth
	connect := p.Timeouts.Connect
	if connect == 0 {
		connect = never
	}
	fmt.Fprintf(&b, "backend wsdoctor_nodes\n    mode http\n    timeout connect %s\n    timeout server %s\n    timeout server-fin 30s\n", span(connect), span(haproxyPlain(s)))
	fmt.Fprintf(&b, "    timeout tunnel %s # without a byte in either direction\n", span(s.idle()))
	if !s.single() {
		b.WriteString(haproxyMethods[p.Policy])
	}
	switch h.Kind {
	case "websocket": // the handshake is what clients need; the key is the one of RFC 6455, section 1.3
		fmt.Fprintf(&b, "    option httpchk\n    http-check send meth GET uri %s ver HTTP/1.1 hdr Host %s hdr Connection Upgrade hdr Upgrade websocket "+
			"hdr Sec-WebSocket-Version 13 hdr Sec-WebSocket-Key dGhlIHNhbXBsZSBub25jZQ==\n    http-check expect status 101\n", s.health, s.backends[0].address())
	case "http":
		fmt.Fprintf(&b, "    option httpchk\n    http-check send meth GET uri %s ver HTTP/1.1 hdr Host %s\n    http-check expect status 200-399\n", s.health, s.backends[0].address())
	}
	check := ""
	if h.Kind != "off" {
		check = fmt.Sprintf(" check inter %s fall %d rise %d", span(max(h.Interval, time.Millisecond)), min(h.Fall, maxClients), min(h.Rise, maxClients))
		if h.Timeout > 0 {
			fmt.Fprintf(&b, "    timeout check %s\n", span(h.Timeout))
		}
	}
	for _, x := range s.backends {
		line := fmt.Sprintf("    server %s %s%s", x.Name, x.address(), check)
		if p.Policy == "cookie" && !s.single() {
			line += " cookie " + x.Name
		}
		if !agrees(s.backends, func(b backend) int { return b.Weight }) {
			line += fmt.Sprintf(" weight %d", min(x.Weight, 256)) // HAProxy takes no more
		}
		if x.MaxConns > 0 {
			line += fmt.Sprintf(" maxconn %d", x.MaxConns)
		}
		if x.Backup {
			line += " backup"
		}
		if x.Down {
			line += " disabled"
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
