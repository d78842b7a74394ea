package embedproxy

import (
	"errors"
	"net/netip"

	"example.com/wsdoctor/embedproxy/proxyproto"
)

// announced reads a PROXY protocol header. Where trusted proxies are named, only they may send one.
func announced(v *version, peer netip.AddrPort, in []byte) (n int, src netip.AddrPort, err error) {
	if len(v.trusted) > 0 && !v.trusts(peer.Addr()) {
		return 0, peer, errUntrusted
	}
	n, src, err = proxyproto.Parse(in)
	if !src.IsValid() {
		src = peer
	}
	return n, src, err
}

var errUntrusted = errors.New("the PROXY protocol is taken from trusted_proxies alone")
