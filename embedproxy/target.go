package embedproxy

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"example.com/wsdoctor/embedproxy/tunnel"
)

// resolveEvery is how often the names of backends are asked for again; it is the shortest time to live that public
// resolvers keep to.
const resolveEvery = 30 * time.Second

// resolveTimeout bounds one question; resolvers answer within 5 s or not at all (resolv.conf(5), "timeout").
const resolveTimeout = 5 * time.Second

// target is where a backend is and what has passed to and from it. It belongs to a balance.Node and lives as long.
type target struct {
	host    string
	port    uint16
	address atomic.Pointer[netip.AddrPort] // nil: the name has not been resolved
	traffic tunnel.Traffic
	opened  atomic.Uint64
	failed  atomic.Uint64 // connects
}

func newTarget(address string) *target {
	host, port, _ := net.SplitHostPort(address) // cluster.Config.Validate has looked at it
	n, _ := strconv.ParseUint(port, 10, 16)
	t := &target{host: host, port: uint16(n)}
	if a, err := netip.ParseAddr(host); err == nil {
		ap := netip.AddrPortFrom(a.Unmap(), t.port)
		t.address.Store(&ap)
	}
	return t
}

// resolve looks the name up where it is one. Loops cannot wait for a resolver, so this happens beside them.
func (t *target) resolve(ctx context.Context) error {
	if _, err := netip.ParseAddr(t.host); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.host)
	if err != nil {
		return err
	}
	old := t.address.Load()
	for _, a := range list {
		if old != nil && old.Addr() == a.Unmap() {
			return nil // resolvers shuffle; a change without need would move clients between equal addresses
		}
	}
	ap := netip.AddrPortFrom(list[0].Unmap(), t.port)
	t.address.Store(&ap)
	return nil
}

// resolveAll resolves the names of the present version, and again every resolveEvery until ctx ends.
func (p *Proxy) resolveAll(ctx context.Context) {
	tick := time.NewTicker(resolveEvery)
	defer tick.Stop()
	for {
		p.resolveNow(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *Proxy) resolveNow(ctx context.Context) {
	for n, t := range p.version.Load().targets {
		if err := t.resolve(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("resolving a backend", "backend", n.Address, "error", err)
		}
	}
}
