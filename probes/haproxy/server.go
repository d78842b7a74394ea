package haproxy

import (
	"slices"
	"strconv"
	"strings"
)

// server is one server line with what default-server lines in front of it say.
type server struct {
	line     Line
	name     string
	host     string
	port     int  // 0: the port that the client connected to, or one relative to it
	known    bool // host and port are known
	count    int  // of servers that it stands for: server-template makes several
	backup   bool
	disabled bool
	check    bool // health checks, an agent's or another server's
	observe  string
	cookie   string
	maxconn  int // 0: no limit
	minconn  int
	weight   int
	tls      bool
	alpn     []string
	proto    string
	ws       string
	sendsPP  bool // the PROXY protocol tells it the client's address
}

// readServers reads the server, server-template and dispatch lines of a proxy, in order.
func (p *proxy) readServers() []server {
	if !p.back {
		return nil
	}
	var out []server
	common := server{count: 1, weight: 1}
	for _, l := range p.inherited.all { // servers are not inherited, what is said of all of them is
		if l.Is("default-server") {
			common.read(l.Words[1:])
		}
	}
	for _, l := range p.own.all {
		switch {
		case l.Is("default-server"):
			common.read(l.Words[1:])
		case l.Is("server") && len(l.Words) > 2:
			out = append(out, common.with(l, l.Words[2], l.Words[3:]))
		case l.Is("server-template") && len(l.Words) > 3:
			s := common.with(l, l.Words[3], l.Words[4:])
			s.count = templateCount(l.Word(2))
			out = append(out, s)
		case l.Is("dispatch") && len(l.Words) > 1:
			s := common.with(l, l.Words[1], nil)
			s.name = ""
			out = append(out, s)
		}
	}
	return out
}

// templateCount reads the "3" or "1-3" of a server-template; the larger of 1 and what it says.
func templateCount(s string) int {
	first, last, isRange := strings.Cut(s, "-")
	from, err := strconv.Atoi(first)
	if err != nil {
		return 2 // a variable: several, most likely, or nobody would use a template
	}
	if !isRange {
		return max(1, from)
	}
	to, err := strconv.Atoi(last)
	if err != nil {
		return 2
	}
	return max(1, to-from+1)
}

// with makes the server of a line out of what default-server lines say.
func (s server) with(l Line, address Word, words []Word) server {
	s.line, s.name = l, l.Word(1)
	s.setAddress(address)
	s.read(words)
	return s
}

// setAddress reads HOST:PORT. Addresses resolve ${NAME} outside of quotes, too (manual, 2.3 and the "server" keyword).
func (s *server) setAddress(w Word) {
	text := w.Text
	for _, f := range families {
		if rest, cut := strings.CutPrefix(text, f); cut {
			text = rest
			break
		}
	}
	s.host, s.port, s.known = "", 0, false
	if w.Unsure || strings.ContainsAny(text, "$@/") {
		return
	}
	s.known = true
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		s.host = text
		return
	}
	s.host = strings.Trim(text[:colon], "[]")
	port := text[colon+1:]
	if strings.HasPrefix(port, "+") || strings.HasPrefix(port, "-") || port == "" {
		return
	}
	n, err := strconv.Atoi(port)
	s.port, s.known = n, err == nil
}

// takesValue are the words of a server line that are followed by a value which is not looked at here (section 5.2).
var takesValue = []string{
	"addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "ca-file", "check-alpn", "check-proto", "check-sni", "ciphers",
	"ciphersuites", "client-sigalgs", "crl-file", "crt", "curves", "error-limit", "fall", "fastinter", "downinter", "guid", "hash-key", "id",
	"idle-ping", "init-addr", "init-state", "inter", "log-bufsize", "log-proto", "max-reuse", "maxqueue", "namespace", "npn", "on-error",
	"on-marked-down", "on-marked-up", "pool-conn-name", "pool-low-conn", "pool-max-conn", "pool-purge-delay", "port",
	"proxy-v2-options", "redir", "resolve-net", "resolve-opts", "resolve-prefer", "resolvers", "rise", "set-proxy-v2-tlv-fmt",
	"shard", "sigalgs", "slowstart", "sni", "socks4", "ssl-max-ver", "ssl-min-ver", "tcp-ut", "verifyhost", "verify",
}

// read follows the words of a server or default-server line.
func (s *server) read(words []Word) {
	for i := 0; i < len(words); i++ {
		value := func() string {
			i++
			if i < len(words) {
				return words[i].Text
			}
			return ""
		}
		number := func() int { n, _ := strconv.Atoi(value()); return max(0, n) } // what is no number is syntax's
		switch w := words[i].Text; w {
		case "backup":
			s.backup = true
		case "no-backup":
			s.backup = false
		case "disabled":
			s.disabled = true
		case "enabled":
			s.disabled = false
		case "check", "agent-check":
			s.check = true
		case "no-check":
			s.check = false
		case "track":
			s.check = value() != ""
		case "observe":
			s.observe = value()
		case "cookie":
			s.cookie = value()
		case "maxconn":
			s.maxconn = number()
		case "minconn":
			s.minconn = number()
		case "weight":
			s.weight = number()
		case "ssl":
			s.tls = true
		case "no-ssl":
			s.tls = false
		case "alpn":
			s.alpn = strings.Split(value(), ",")
		case "proto":
			s.proto = value()
		case "ws":
			s.ws = value()
		case "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn":
			s.sendsPP = true
		case "source":
			if s.source(words[i+1:]) {
				s.sendsPP = true
			}
			i++
		default:
			if slices.Contains(takesValue, w) {
				i++
			}
		}
	}
}

// source tells whether the words behind "source" make HAProxy connect with the client's own address.
func (s *server) source(words []Word) bool {
	return len(words) > 2 && words[1].Text == "usesrc" && strings.HasPrefix(words[2].Text, "client")
}

// active returns the servers that take clients while all is well, and the backup ones. Weight 0 and "disabled" keep a
// server out.
func (p *proxy) active() (active, backup []server) {
	for _, s := range p.servers {
		switch {
		case s.disabled || s.weight == 0:
		case s.backup:
			backup = append(backup, s)
		default:
			active = append(active, s)
		}
	}
	return active, backup
}

// count adds up the servers that lines stand for.
func count(servers []server) int {
	n := 0
	for _, s := range servers {
		n += s.count
	}
	return n
}
