package embedproxy

import (
	"context"
	"fmt"
	"net"
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

// bind opens the first address that can be had, or all of them. The error is a *BindError.
func bind(ctx context.Context, addresses []string, all bool) ([]net.Listener, error) {
	var out []net.Listener
	failed := &BindError{}
	for _, a := range addresses {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", a)
		if err != nil {
			failed.Tried = append(failed.Tried, Tried{a, err})
			continue
		}
		out = append(out, l)
		if !all {
			return out, nil
		}
	}
	if len(addresses) == 0 {
		failed.Tried = []Tried{{"", fmt.Errorf("found no port in the settings, expected proxy.listen or websocket.ports")}}
	}
	if len(failed.Tried) > 0 {
		for _, l := range out {
			l.Close()
		}
		return nil, failed
	}
	return out, nil
}
