package haproxy

import (
	"cmp"
	"strconv"
	"strings"
)

// bind is one address of a bind line.
type bind struct {
	line     Line
	text     string
	host     string // "" for all addresses
	from, to int    // ports
	known    bool   // host and ports are known: it is neither a socket file nor an inherited descriptor
	local    bool   // a socket file: no client from elsewhere comes by it
	tls      bool
	crt      string   // its first file of certificate and key
	alpn     []string // nil: none is given
	proto    string
}

// readBind reads a bind line: addresses with commas between, then words (manual, section 5.1).
func readBind(l Line) []bind {
	common := bind{line: l}
	for i := 2; i < len(l.Words); i++ {
		switch l.Word(i) {
		case "ssl":
			common.tls = true
		case "alpn":
			i++
			common.alpn = strings.Split(l.Word(i), ",")
		case "proto":
			i++
			common.proto = l.Word(i)
		case "crt":
			i++
			common.crt = cmp.Or(common.crt, l.Word(i))
		case "ca-file", "ciphers", "ciphersuites", "interface", "name", "crt-list", "verify", "npn":
			i++ // a value that could read as one of the words above
		}
	}
	var out []bind
	unsure := len(l.Words) < 2 || l.Words[1].Unsure
	for _, text := range strings.Split(l.Word(1), ",") {
		b := common
		b.text = text
		if unsure || l.Maybe || strings.Contains(text, "$") {
			out = append(out, b)
			continue
		}
		b.host, b.from, b.to, b.local, b.known = bindAddress(text)
		out = append(out, b)
	}
	return out
}

// families are the prefixes of an address that has a port.
var families = []string{"ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@", "ipv4+stream@", "ipv6+stream@", "stream+ipv4@", "stream+ipv6@", "quic4@", "quic6@", "udp@", "udp4@", "udp6@"}

func bindAddress(text string) (host string, from, to int, local, ok bool) {
	for _, f := range families {
		if rest, cut := strings.CutPrefix(text, f); cut {
			text = rest
			break
		}
	}
	if strings.HasPrefix(text, "/") || strings.HasPrefix(text, "unix@") || strings.HasPrefix(text, "abns@") || strings.HasPrefix(text, "abnsz@") {
		return "", 0, 0, true, false
	}
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.Contains(text, "@") {
		return "", 0, 0, false, false
	}
	host = strings.Trim(text[:colon], "[]")
	if host == "*" || host == "0.0.0.0" || host == "::" {
		host = ""
	}
	first, last, isRange := strings.Cut(text[colon+1:], "-")
	from, err := strconv.Atoi(first)
	if err != nil {
		return host, 0, 0, false, false
	}
	to = from
	if isRange {
		if to, err = strconv.Atoi(last); err != nil {
			return host, 0, 0, false, false
		}
	}
	return host, from, to, false, true
}

// takes tells whether the address takes connections to a port.
func (b bind) takes(port int) truth {
	switch {
	case b.local:
		return no
	case !b.known || port == 0:
		return maybe
	}
	return known(b.from <= port && port <= b.to)
}
