package ports

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
	"example.com/wsdoctor/probes/sysctl"
)

// maxOutgoing bounds how many outgoing connections on one port are kept one by one; TimeWait.Outgoing counts the rest.
const maxOutgoing = 20

// system is how an observation reaches the host; tests put their own in its place.
type system struct {
	// sockets reads the table of this host, with all that stands on the given ports.
	sockets func(ctx context.Context, t probes.Target, ports []int) (table, error)
	bind    binder
	present func(ctx context.Context, t probes.Target, tab *table) *presenter
}

// Observe looks at the ports of the settings, or at those of opts. The error says that the sockets could not be read.
func Observe(ctx context.Context, t probes.Target, opts Options) (Observation, error) {
	s := system{readTable, bindOnce, newPresenter}
	if t.Root != "" && t.Root != "/" {
		s.bind = func(netip.Addr, int, bool) error { return errOtherRoot }
	}
	return observe(ctx, t, opts, s)
}

// errOtherRoot keeps the trials of this host out of what is read of another one.
var errOtherRoot = errors.New("not tried: the files that are read are not this host's own")

func observe(ctx context.Context, t probes.Target, opts Options, sys system) (Observation, error) {
	place := t.Place(ctx)
	o := Observation{Place: placeOf(place), Expect: expect(t.Config, place)}
	as := roles(o.Expect, o.Place)
	wanted := opts.Ports
	if wanted == nil {
		wanted = slices.Collect(maps.Keys(as))
	}
	wanted = slices.Compact(slices.Sorted(slices.Values(wanted)))

	tab, err := sys.sockets(ctx, t, wanted)
	if err != nil {
		return o, err
	}
	now := t.Now
	if now == nil {
		now = time.Now
	}
	o.At, o.Source, o.Timers, o.Unseen = now(), tab.source, tab.timers, tab.missing
	o.readRanges(t)
	show := sys.present(ctx, t, &tab)
	o.SeesAllProcesses = show.all
	for _, l := range tab.listeners {
		o.Listeners = append(o.Listeners, show.listener(l))
	}
	slices.SortFunc(o.Listeners, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Addr.Port(), b.Addr.Port()), a.Addr.Compare(b.Addr))
	})

	near := surroundings{
		ephemeral:   o.Ephemeral,
		services:    slices.Concat(o.Expect.ListenOrder, o.Expect.BackendPorts),
		listensHere: tab.listensAt(place.Addrs),
	}
	for _, n := range wanted {
		p := Port{Port: n, Roles: as[n], Need: need(n, as[n], o.Expect, o.Place), Trials: try(sys.bind, n)}
		if p.Roles == nil {
			p.Roles = []Role{Asked}
		}
		p.Listeners = o.listenersOn(n, tab.v6only, p.outcome(anyIPv4, true) == Bindable)
		if at := tab.on[n]; at != nil {
			p.fill(at, near, show)
		}
		if o.Timers && p.TimeWait.Left > 0 {
			p.TimeWait.Until = o.At.Add(p.TimeWait.Left.Duration())
		}
		o.Ports = append(o.Ports, p)
	}
	if show.missed {
		o.Unseen = append(o.Unseen, probes.T("the process of each socket (%s)", hidden(show.all)))
	}
	ask(ctx, opts.Upgrades, t.Config, o.Ports)
	for i := range o.Ports {
		o.Ports[i].Belongs = belongs(o.Ports[i], o.Expect, o.Place)
		settle(&o.Ports[i])
	}
	if len(o.Place.Nodes) > 0 {
		o.NodeWouldTake = wouldTake(o.Expect.ListenOrder, func(n int) bool {
			return Port{Trials: try(sys.bind, n)}.bindable(reuseAddrMeansReuse)
		})
	}
	return o, nil
}

// listenersOn returns the listeners on one port. A source that does not tell whether an IPv6 wildcard takes IPv4 too
// leaves it to the trial: where 0.0.0.0 can still be bound, it does not.
func (o *Observation) listenersOn(port int, v6only, ipv4Free bool) []Listener {
	var out []Listener
	for i := range o.Listeners {
		l := &o.Listeners[i]
		if int(l.Addr.Port()) == port {
			l.DualStack = l.DualStack && (v6only || !ipv4Free)
			out = append(out, *l)
		}
	}
	return out
}

// fill sorts what the table has on p, besides its listeners.
func (p *Port) fill(at *standing, near surroundings, show *presenter) {
	near.reuseFails = p.inUse(true)
	near.tried = p.tried()
	accepted, outgoing := split(p.Port, at.loose, len(at.bound) > 0, near)
	p.TimeWait, p.Leftover = tally(accepted)
	p.TimeWait.Accepted += at.timeWait
	p.TimeWait.Left = max(p.TimeWait.Left, seconds(at.left))
	p.CloseWait = CloseWait{Count: at.closeWait}
	closers := at.closers
	var held []socket
	for _, c := range accepted {
		if c.State == sockdiag.CloseWait {
			p.CloseWait.Count++
			closers = append(closers, c)
		} else if c.Inode != 0 || c.pid != 0 {
			held = append(held, c)
		}
	}
	p.CloseWait.Processes = show.processes(closers...)
	p.Leftover.Processes = show.processes(held...)
	for _, c := range outgoing {
		if c.State == sockdiag.TimeWait {
			p.TimeWait.Outgoing++
			p.TimeWait.Left = max(p.TimeWait.Left, seconds(c.Expires))
		}
		if len(p.Outgoing) < maxOutgoing {
			p.Outgoing = append(p.Outgoing, show.connection(c))
		}
	}
	for _, c := range at.bound {
		p.Bound = append(p.Bound, show.connection(c))
	}
}

// readRanges reads the two settings that decide which ports outgoing connections take; a system that has them not
// leaves both zero.
func (o *Observation) readRanges(t probes.Target) {
	if r, p, err := sysctl.Ephemeral(t); err == nil {
		o.Ephemeral, o.Reserved = r, p
	}
}
