package head

import (
	"bytes"
	"net/netip"
)

// Hop is what the proxy knows of the connection a request came on.
type Hop struct {
	Peer    netip.Addr // of the connection, or what its PROXY protocol header said
	TLS     bool
	Trusted bool // Peer is in trusted_proxies: what it says of the client is kept and added to
}

// Prior is what the request itself says of its way here; lists are joined with ", ".
type Prior struct {
	For, Proto, Host, Forwarded []byte
}

// Prior collects the fields that earlier proxies have set.
func (r *Request) Prior() (p Prior) {
	for i := range r.Fields {
		f := &r.Fields[i]
		switch f.kind {
		case forwardedFor:
			p.For = join(p.For, f.Value)
		case forwarded:
			p.Forwarded = join(p.Forwarded, f.Value)
		case forwardedProto:
			p.Proto = f.Value
		case forwardedHost:
			p.Host = f.Value
		}
	}
	return p
}

func join(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	return append(append(a[:len(a):len(a)], ", "...), b...)
}

// Client returns the address of the client itself: the peer, or behind trusted proxies the last address in
// X-Forwarded-For that is none of theirs. Addresses further left are hearsay.
func (p Prior) Client(peer netip.Addr, trusted func(netip.Addr) bool) netip.Addr {
	client := peer.Unmap()
	list := p.For
	for len(list) > 0 && trusted(client) {
		item := list
		if i := bytes.LastIndexByte(list, ','); i >= 0 {
			item, list = list[i+1:], list[:i]
		} else {
			list = nil
		}
		a, err := netip.ParseAddr(string(trim(item)))
		if err != nil {
			break // "unknown", or made up: what stands left of it was not checked by anyone
		}
		client = a.Unmap()
	}
	return client
}

// AppendForwarded appends the lines that tell the backend who asked: X-Forwarded-For, -Proto, -Host, X-Real-IP and
// Forwarded (RFC 7239). What a client that is not trusted says of itself is left out.
func AppendForwarded(b []byte, h Hop, p Prior, client netip.Addr, host []byte) []byte {
	proto := "http"
	if h.TLS {
		proto = "https"
	}
	if !h.Trusted {
		p = Prior{}
	}
	peer := h.Peer.Unmap()
	b = append(b, "X-Forwarded-For: "...)
	if len(p.For) > 0 {
		b = append(append(b, p.For...), ", "...)
	}
	b = peer.AppendTo(b)
	b = append(b, "\r\nX-Forwarded-Proto: "...)
	if len(p.Proto) > 0 {
		b = append(b, p.Proto...)
	} else {
		b = append(b, proto...)
	}
	b = append(b, "\r\nX-Forwarded-Host: "...)
	if len(p.Host) > 0 {
		b = append(b, p.Host...)
	} else {
		b = append(b, host...)
	}
	b = append(b, "\r\nX-Real-IP: "...)
	b = client.AppendTo(b)
	b = append(b, "\r\nForwarded: "...)
	if len(p.Forwarded) > 0 {
		b = append(append(b, p.Forwarded...), ", "...)
	}
	b = append(b, "for="...)
	if peer.Is4() {
		b = peer.AppendTo(b)
	} else { // RFC 7239 section 6: an IPv6 address stands in brackets and quotes
		b = append(peer.AppendTo(append(b, `"[`...)), `]"`...)
	}
	b = append(append(b, `;proto=`...), proto...)
	b = append(append(b, `;host="`...), host...) // validHost lets no quote or backslash through
	return append(b, "\"\r\n"...)
}

// AppendUpgrade appends the request as the backend gets it: origin form, hop-by-hop fields gone, the WebSocket
// upgrade and no other, and who asked.
func (r *Request) AppendUpgrade(b []byte, h Hop, p Prior, client netip.Addr) []byte {
	b = append(b, "GET "...)
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"...)
	named := r.connectionOptions()
	for i := range r.Fields {
		f := &r.Fields[i]
		switch f.kind {
		case other, cookieField, websocketKey:
			if !named || !r.nominated(f.Name) {
				b = appendField(b, f)
			}
		}
	}
	b = AppendForwarded(b, h, p, client, r.Host)
	return append(b, "\r\n"...)
}

// connectionOptions tells whether Connection names fields at all; "upgrade", "close" and "keep-alive" are none.
func (r *Request) connectionOptions() bool {
	for i := range r.Fields {
		if r.Fields[i].kind == connection && !eachToken(r.Fields[i].Value, func(t []byte) bool {
			return equalFold(t, "upgrade") || equalFold(t, "keep-alive") || equalFold(t, "close")
		}) {
			return true
		}
	}
	return false
}

func (r *Request) nominated(name []byte) bool {
	for i := range r.Fields {
		if r.Fields[i].kind == connection && !eachToken(r.Fields[i].Value, func(t []byte) bool { return !bytes.EqualFold(t, name) }) {
			return true
		}
	}
	return false
}

func appendField(b []byte, f *Field) []byte {
	b = append(b, f.Name...)
	b = append(b, ": "...)
	b = append(b, f.Value...)
	return append(b, "\r\n"...)
}
