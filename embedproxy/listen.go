package embedproxy

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
)

// BindError says why no port could be had, or with bind: all, not every one.
type BindError struct{ Tried []Tried }

// Tried is one address that could not be bound.
type Tried struct {
	Address string
	Err     error
}

func (e *BindError) Error() string {
	var b strings.Builder
	b.WriteString("binding a port for the proxy: ")
	for i, t := range e.Tried {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(t.Err.Error())
	}
	return b.String()
}

// Unwrap returns what each address was refused with.
func (e *BindError) Unwrap() []error {
	out := make([]error, len(e.Tried))
	for i, t := range e.Tried {
		out[i] = t.Err
	}
	return out
}

// ListenAddresses lists what the proxy tries to bind, in this order: proxy.listen, else the forwarding ports and then
// the ports, which is how the product's own cluster nodes do it.
func ListenAddresses(cfg cluster.Config) []string {
	var out []string
	add := func(a string) {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, a := range cfg.Proxy.Listen {
		if _, _, err := net.SplitHostPort(a); err != nil {
			a = net.JoinHostPort("", a) // a bare port
		}
		add(a)
	}
	if len(out) == 0 {
		for _, list := range [][]int{cfg.WebSocket.ForwardingPorts, cfg.WebSocket.Ports} {
			for _, p := range list {
				add(net.JoinHostPort("", strconv.Itoa(p)))
			}
		}
	}
	return out
}

// bound is one listening socket.
type bound struct {
	net.Listener
	address string // as ListenAddresses has it; of a socket that was given to the proxy, what it is bound to
	number  int    // in front
}

// bind opens the first address that can be had, or all of them. The error is a *BindError.
func bind(ctx context.Context, addresses []string, all bool) ([]*bound, error) {
	var out []*bound
	failed := &BindError{}
	for _, a := range addresses {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", a)
		if err != nil {
			failed.Tried = append(failed.Tried, Tried{a, err})
			continue
		}
		out = append(out, &bound{Listener: l, address: a})
		if !all {
			return out, nil
		}
	}
	if len(addresses) == 0 {
		failed.Tried = []Tried{{"", fmt.Errorf("found no port in the settings, expected proxy.listen or websocket.ports")}}
	}
	if len(failed.Tried) > 0 {
		closeAll(out)
		return nil, failed
	}
	return out, nil
}

func closeAll(list []*bound) {
	for _, l := range list {
		l.Close()
	}
}

// given wraps sockets that were bound by others. Those that stand where the settings say are as good as the proxy's own:
// a predecessor has bound them by the same settings.
func given(list []net.Listener, addresses []string) []*bound {
	var out []*bound
	for _, l := range list {
		b := &bound{Listener: l, address: l.Addr().String()}
		for _, a := range addresses {
			if sameAddress(a, l.Addr()) {
				b.address = a
			}
		}
		out = append(out, b)
	}
	return out
}

func sameAddress(setting string, at net.Addr) bool {
	host, port, _ := net.SplitHostPort(setting)
	ap, err := netip.ParseAddrPort(at.String())
	if err != nil || port != strconv.Itoa(int(ap.Port())) {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "" && ap.Addr().IsUnspecified() || err == nil && a.Unmap() == ap.Addr().Unmap()
}

// rebinding works out what other settings mean for the listening sockets: those to open, which it has bound, and those
// to close. It changes nothing that is there.
func (p *Proxy) rebinding(ctx context.Context, cfg cluster.Config) (opened, closing []*bound, err error) {
	want, all := ListenAddresses(cfg), cfg.Proxy.Bind == "all"
	if slices.Equal(want, p.wanted) && all == p.wantedAll {
		return nil, nil, nil
	}
	var missing []string
	kept := map[string]bool{}
	now := p.sockets()
	for _, b := range now {
		if !slices.Contains(p.wanted, b.address) {
			p.log.Warn("the listening sockets stay as they are: they were given to the proxy, and whoever gave them decides on the ports", "addresses", p.Addresses())
			return nil, nil, nil
		}
		kept[b.address] = slices.Contains(want, b.address)
	}
	if !all {
		// The first of the list that is bound already will do: a better place is not worth closing a port for.
		if i := slices.IndexFunc(want, func(a string) bool { return kept[a] }); i >= 0 {
			kept = map[string]bool{want[i]: true}
		} else {
			missing = want
		}
	}
	for _, a := range want {
		if all && !kept[a] {
			missing = append(missing, a)
		}
	}
	if len(missing) > 0 {
		if opened, err = bind(ctx, missing, all); err != nil {
			return nil, nil, ownPort(err, now)
		}
	}
	for _, b := range now {
		if !kept[b.address] {
			closing = append(closing, b)
		}
	}
	return opened, closing, nil
}

// ownPort adds to a BindError what no table of ports can tell: that it is this proxy that stands in its own way.
func ownPort(err error, now []*bound) error {
	be := err.(*BindError)
	for i, t := range be.Tried {
		_, port, _ := net.SplitHostPort(t.Address)
		for _, b := range now {
			if _, mine, _ := net.SplitHostPort(b.Addr().String()); mine == port {
				be.Tried[i].Err = fmt.Errorf("%w, because this proxy listens on %s: to move to another address of the same port needs a restart", t.Err, b.Addr())
			}
		}
	}
	return be
}

// serve lets clients in through a listening socket.
func (p *Proxy) serve(b *bound) error {
	if p.front == nil {
		p.work.Go(func() { p.web.accept(b, &p.tls) })
		return nil
	}
	f, err := b.Listener.(*net.TCPListener).File()
	if err != nil {
		return fmt.Errorf("duplicating a listening socket: %w", err)
	}
	defer f.Close()
	b.number, err = p.front.Listen(f)
	return err
}

// unserve closes listening sockets.
func (p *Proxy) unserve(list []*bound) {
	if p.front != nil {
		var numbers []int
		for _, b := range list {
			numbers = append(numbers, b.number)
		}
		p.front.Unlisten(numbers...)
	}
	closeAll(list)
}
