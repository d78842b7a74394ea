package backend

import (
	"context"
	"net"
	"net/netip"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

const (
	// lookupTimeout bounds the look-up of a backend's name; one that takes longer is left out.
	lookupTimeout = time.Second
	// looks is how often the table is read until a new tunnel can be told from a passing connection, such as a health
	// check; lookAgain is between two.
	looks     = 4
	lookAgain = 50 * time.Millisecond
)

// Table tells backends apart on a host that sees the balancer's connections to them: the balancer's own, or one that
// all backends run on. A tunnel that was just opened is the one connection to a backend that was not there before.
//
// It cannot tell while other clients come and go.
type Table struct {
	backends map[netip.AddrPort]string
	known    map[pair]bool
	read     func(ctx context.Context) (map[pair]bool, error)
}

// pair is a connection to a backend, whichever end of it was seen.
type pair struct{ from, to netip.AddrPort }

// NewTable returns the table of the connections to the backends; nil where the system has none to read.
func NewTable(ctx context.Context, backends []cluster.Backend) *Table {
	t := &Table{backends: map[netip.AddrPort]string{}}
	for _, b := range backends {
		for _, at := range resolve(ctx, b.Address) {
			t.backends[at] = b.Address
		}
	}
	t.read = t.sockets
	if len(t.backends) == 0 {
		return nil
	}
	known, err := t.read(ctx)
	if err != nil {
		return nil
	}
	t.known = known
	return t
}

// resolve returns the addresses of host:port.
func resolve(ctx context.Context, address string) []netip.AddrPort {
	if at, err := netip.ParseAddrPort(address); err == nil {
		return []netip.AddrPort{at}
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return out
}

// sockets reads the kernel's table.
func (t *Table) sockets(ctx context.Context) (map[pair]bool, error) {
	type found struct{ pairs map[pair]bool }
	seen, err := sockdiag.Read(ctx, sockdiag.Query{States: []sockdiag.State{sockdiag.Established}}, func(f *found, s *sockdiag.Socket) {
		if f.pairs == nil {
			f.pairs = map[pair]bool{}
		}
		if t.backends[s.Remote] != "" {
			f.pairs[pair{s.Local, s.Remote}] = true
		}
		if t.backends[s.Local] != "" {
			f.pairs[pair{s.Remote, s.Local}] = true
		}
	})
	return seen.pairs, err
}

// opened names the backend of the tunnel that was just opened; "": it cannot be told.
func (t *Table) opened(ctx context.Context) string {
	var fresh map[pair]bool
	for i := range looks {
		if i > 0 {
			select {
			case <-ctx.Done():
				return ""
			case <-time.After(lookAgain):
			}
		}
		now, err := t.read(ctx)
		if err != nil {
			return ""
		}
		before := fresh
		fresh = map[pair]bool{}
		for p := range now {
			if !t.known[p] && (before == nil || before[p]) { // what comes later is somebody else's
				fresh[p] = true
			}
		}
		if len(fresh) == 1 || i == looks-1 || len(fresh) == 0 {
			t.known = now
			break
		}
	}
	if len(fresh) != 1 {
		return ""
	}
	for p := range fresh {
		return t.backends[p.to]
	}
	return ""
}
