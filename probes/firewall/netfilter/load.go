package netfilter

import "slices"

// load reads v from the packet. ok is false where the kernel would end the rule without a match (NFT_BREAK).
func (w *walk) load(t *Table, v Value) (b content, ok bool) {
	switch v.From {
	case Payload:
		b, ok = w.payload(v)
	case Meta:
		b, ok = w.meta(v), true
	case CT:
		b, ok = w.conntrack(v)
	case FIB:
		b, ok = w.fib(v), true
	case Const:
		b, ok = known(slices.Clone(v.Data)...), true
	case MapOf:
		b, ok = w.mapped(t, v)
	default:
		b, ok = unknown(v.Len), true
	}
	if !ok {
		return b, false
	}
	if v.Len > 0 {
		b = resize(b, v.Len)
	}
	if v.Swap {
		b = content{slices.Clone(b.data), slices.Clone(b.known)} // the mark of the packet itself stays as it is
		slices.Reverse(b.data)
		slices.Reverse(b.known)
	}
	return mask(b, v.Mask, v.Xor), true
}

// resize cuts b to n bytes, or pads it with zeros as the kernel pads registers.
func resize(b content, n int) content {
	n = min(n, registerRoom)
	if len(b.data) >= n {
		return content{b.data[:n], b.known[:n]}
	}
	pad := make([]byte, n-len(b.data))
	full := known(pad...)
	return content{append(slices.Clone(b.data), full.data...), append(slices.Clone(b.known), full.known...)}
}

func mask(b content, and, xor []byte) content {
	if len(and) == 0 && len(xor) == 0 {
		return b
	}
	out := content{slices.Clone(b.data), slices.Clone(b.known)}
	for i := range out.data {
		if i < len(and) {
			out.data[i] &= and[i]
			out.known[i] |= ^and[i]
		}
		if i < len(xor) {
			out.data[i] ^= xor[i]
		}
	}
	return out
}

func (w *walk) payload(v Value) (content, bool) {
	h, th := w.s.headers()
	switch v.Name {
	case "nh":
	case "th":
		h = th
	default:
		return unknown(v.Len), true
	}
	if b, ok := h.slice(v.Offset, v.Len); ok {
		return b, true
	}
	return unknown(v.Len), true // options, which the sender may or may not send
}

func (w *walk) meta(v Value) content {
	s := w.s
	switch v.Name {
	case "protocol":
		if s.v6() {
			return net16(etherIPv6)
		}
		return net16(etherIPv4)
	case "nfproto":
		if s.v6() {
			return known(nfprotoIPv6)
		}
		return known(nfprotoIPv4)
	case "l4proto":
		return known(protoTCP)
	case "mark":
		return s.mark
	case "iif":
		return host32(uint32(s.In.Index))
	case "iifname":
		return ifname(s.In.Name)
	case "oifname": // nft_meta_store_ifname writes "" where there is no device
		return ifname(s.out)
	case "oif":
		if s.out == "" {
			return host32(0)
		}
		for _, l := range w.links {
			if l.Name == s.out {
				return host32(uint32(l.Index))
			}
		}
	case "pkttype": // PACKET_HOST
		return known(0)
	case "secpath", "ipsec":
		return known(0)
	}
	return unknown(v.Len)
}

// ifname fills a register of IFNAMSIZ bytes.
func ifname(name string) content {
	b := make([]byte, 16)
	copy(b, name)
	return known(b...)
}

func (w *walk) conntrack(v Value) (content, bool) {
	s := w.s
	if v.Name == "state" { // nft_ct_get_eval answers it even without a connection
		switch {
		case s.untracked:
			return host32(stateUntracked), true
		case !s.tracked:
			return host32(stateInvalid), true
		}
		return host32(stateNew), true
	}
	if v.Name == "xt-state" { // conntrack_mt of xt_conntrack.c
		set := uint32(stateInvalid)
		switch {
		case s.untracked:
			set = xtStateUntracked
		case s.tracked:
			set = stateNew
		}
		if s.dnat {
			set |= xtStateDNAT
		}
		return host32(set), true
	}
	if s.untracked || !s.tracked {
		return content{}, false
	}
	switch v.Name {
	case "direction", "dir":
		return known(0), true
	case "status":
		b := uint32(0)
		if s.dnat {
			b = statusDstNAT
		}
		return content{host32(b).data, host32(statusSettled).data}, true
	case "mark":
		return s.ctmark, true
	case "zone":
		return known(0, 0), true
	case "expectation", "helper":
		return unknown(v.Len), true
	case "l3proto":
		if s.v6() {
			return known(nfprotoIPv6), true
		}
		return known(nfprotoIPv4), true
	case "protocol":
		return known(protoTCP), true
	case "label":
		return known(make([]byte, 16)...), true
	case "original src":
		return address(s.Src, s.addrLen()), true
	case "original dst":
		return address(s.orig, s.addrLen()), true
	case "original proto-src":
		return net16(clientPort), true
	case "original proto-dst":
		return net16(s.Port), true
	}
	return unknown(v.Len), true
}

// fib answers routing look-ups. A look-up of the source is taken to pass the reverse path check; the walk says so.
func (w *walk) fib(v Value) content {
	s := w.s
	switch v.Name {
	case "saddr exists":
		w.assume("the source passes the reverse path check")
		return known(1)
	case "saddr oif":
		w.assume("the source passes the reverse path check")
		return host32(uint32(s.In.Index))
	case "saddr oifname":
		w.assume("the source passes the reverse path check")
		return ifname(s.In.Name)
	case "saddr type":
		return host32(typeUnicast)
	case "daddr type":
		if Local(w.links, s.dst) {
			return host32(typeLocal)
		}
		return host32(typeUnicast)
	case "daddr . iif type":
		if s.In.Has(s.dst) {
			return host32(typeLocal)
		}
	}
	return unknown(v.Len)
}

// mapped returns what a map holds for the packet.
func (w *walk) mapped(t *Table, v Value) (content, bool) {
	found, ok := w.lookup(t, Step{Left: v.Key, Set: v.Set})
	switch {
	case !ok || len(found) == 0:
		return content{}, false
	case len(found) > 1 || found[0].is == maybe:
		return unknown(v.Len), true
	}
	return known(slices.Clone(found[0].el.Data)...), true
}
