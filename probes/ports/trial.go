package ports

import (
	"net/netip"

	"example.com/wsdoctor/probes"
)

// The addresses of the trials: what servers bind to. The last is dual-stack, as Java, Go and Node.js bind by default.
const (
	anyIPv4      = "0.0.0.0"
	loopbackIPv4 = "127.0.0.1"
	anyDual      = "[::]"
)

var trialAddrs = []string{anyIPv4, loopbackIPv4, anyDual}

// binder tries one bind of port on addr and undoes it; nil means that it succeeded.
type binder func(addr netip.Addr, port int, reuseAddr bool) error

// try makes every trial of one port. Go's own net.Listen always sets SO_REUSEADDR, so it cannot tell: the trials use
// sockets of their own, which are bound for some microseconds and never listen, so that no client can reach them.
func try(bind binder, port int) []Trial {
	var out []Trial
	for _, addr := range trialAddrs {
		for _, reuse := range []bool{false, true} {
			out = append(out, tryOne(bind, addr, port, reuse))
		}
	}
	return out
}

func tryOne(bind binder, addr string, port int, reuse bool) Trial {
	t := Trial{Addr: addr, ReuseAddr: reuse, Outcome: Bindable}
	if reuse && !reuseAddrMeansReuse {
		t.Outcome = Impossible
		t.Why = probes.T("on this system SO_REUSEADDR lets a program take a port from another one, so a trial says nothing")
		return t
	}
	ip := netip.IPv6Unspecified()
	if addr != anyDual {
		ip = netip.MustParseAddr(addr)
	}
	if err := bind(ip, port, reuse); err != nil {
		t.Outcome = outcomeOf(err)
		t.Why = probes.Verbatim(err.Error())
	}
	return t
}

// outcome returns how the trial on addr ended; Impossible where there was none.
func (p Port) outcome(addr string, reuse bool) Outcome {
	for _, t := range p.Trials {
		if t.Addr == addr && t.ReuseAddr == reuse {
			return t.Outcome
		}
	}
	return Impossible
}

// bindable tells whether the port can be had on all addresses: 0.0.0.0, and [::] where the host has IPv6.
func (p Port) bindable(reuse bool) bool {
	six := p.outcome(anyDual, reuse)
	return p.outcome(anyIPv4, reuse) == Bindable && (six == Bindable || six == NoFamily)
}

// inUse tells whether a trial met something on the port.
func (p Port) inUse(reuse bool) bool {
	for _, t := range p.Trials {
		if t.ReuseAddr == reuse && t.Outcome == InUse {
			return true
		}
	}
	return false
}

// tried tells whether the trials say anything: on a port below 1024 they need root.
func (p Port) tried() bool { return p.bindable(false) || p.inUse(false) }
