package demo

import (
	"context"
	"io"
	"net"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// tryAgain is how often a node whose port is not free tries again.
const tryAgain = time.Second

// Fault is one thing that can be wrong.
type Fault struct {
	Title  probes.Text
	On     func() bool
	Toggle func(context.Context) error // puts it in, or takes it back
}

// Faults lists what can be wrong.
func (w *World) Faults() []Fault {
	first, second := w.nodes[0], w.nodes[1]
	list := []Fault{
		w.fault(probes.T("%s is killed", first.name), func(s *state) *bool { return &s.killed }, w.killed),
		w.fault(probes.T("%s restarts, its port in TIME_WAIT", first.name), func(s *state) *bool { return &s.waiting }, w.waiting),
		w.fault(probes.T("the Upgrade header is lost before the proxy"), func(s *state) *bool { return &s.strip }, func(_ context.Context, on bool) error {
			w.door.strip.Store(on)
			return nil
		}),
		w.fault(probes.T("the idle limit is shorter than the heartbeat"), func(s *state) *bool { return &s.idle }, w.reload),
		w.fault(probes.T("stickiness is lost: the nodes take turns"), func(s *state) *bool { return &s.unsticky }, w.reload),
	}
	if canFreeze {
		frozen := w.fault(probes.T("%s is frozen", second.name), func(s *state) *bool { return &s.frozen }, func(_ context.Context, on bool) error { return second.freeze(on) })
		list = append(list[:1], append([]Fault{frozen}, list[1:]...)...)
	}
	return list
}

// fault makes one whose being in is a field of the state.
func (w *World) fault(title probes.Text, field func(*state) *bool, change func(context.Context, bool) error) Fault {
	is := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return *field(&w.state)
	}
	set := func(on bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		*field(&w.state) = on
	}
	return Fault{Title: title, On: is, Toggle: func(ctx context.Context) error {
		on := !is()
		set(on)
		err := change(ctx, on)
		if err != nil {
			set(!on)
		}
		return err
	}}
}

// killed kills the first node, or starts it again.
func (w *World) killed(ctx context.Context, on bool) error {
	w.over(func(s *state) { s.waiting = false })
	if on {
		w.nodes[0].kill()
		return nil
	}
	return w.nodes[0].start(ctx, true)
}

// waiting ends the first node in good order, so that its side closes first and the kernel holds its port, and has it
// try to come back the way the product does: without SO_REUSEADDR, until the port is free. Taken back, it binds with
// SO_REUSEADDR, at once.
func (w *World) waiting(ctx context.Context, on bool) error {
	n := w.nodes[0]
	w.over(func(s *state) { s.killed = false })
	if !on {
		return n.start(ctx, true)
	}
	if err := n.start(ctx, true); err != nil {
		return err
	}
	if err := closedByNode(ctx, n.address); err != nil {
		return err
	}
	n.end()
	w.work.Go(func() {
		for w.stillWaiting() && n.start(w.ctx, false) != nil {
			pause(w.ctx, tryAgain)
		}
		w.over(func(s *state) { s.waiting = false })
	})
	return nil
}

// closedByNode makes a connection that the node is the first to close, so that its port is in TIME_WAIT even where it
// happens to have no client.
func closedByNode(ctx context.Context, address string) error {
	c, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(dialTime))
	if _, err = io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err == nil {
		_, err = io.Copy(io.Discard, c) // HTTP/1.0 ends with the connection
	}
	return err
}

func (w *World) stillWaiting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.waiting && w.ctx.Err() == nil
}

func (w *World) over(change func(*state)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.state)
}

// reload has the proxy take over the settings with the faults that are in, as it does for an operator.
func (w *World) reload(context.Context, bool) error {
	cfg := w.Config()
	if err := cluster.Save(w.File(), cfg); err != nil {
		return err
	}
	return w.proxy.Reload(cfg)
}
