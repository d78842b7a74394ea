package ports

import (
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
)

func seconds(d time.Duration) probes.Seconds { return probes.Seconds(d) }

// settle says in one word what p is, and who may bind it.
func settle(p *Port) {
	left := max(p.TimeWait.Left, p.Leftover.Left)
	p.May = May{WithReuse: p.bindable(true), WithoutReuse: p.bindable(false)}
	if !reuseAddrMeansReuse {
		p.May.WithReuse = p.May.WithoutReuse
	}
	switch {
	case len(p.Listeners) > 0:
		p.State = Held
	case p.May.WithoutReuse && p.May.WithReuse:
		p.State = Free
	case len(p.Outgoing) > 0 || p.TimeWait.Outgoing > 0:
		p.State = Outgoing
	case len(p.Bound) > 0:
		p.State = BoundOnly
	case p.TimeWait.Accepted > 0 || p.Leftover.Blocking() > 0 || p.CloseWait.Count > 0:
		p.State = Waiting
	case !p.tried():
		p.State = StateUnknown
	default:
		p.State = BoundOnly // something refuses the bind and no table lists it
	}
	if (p.State == Waiting || p.State == Outgoing) && p.onlyTimed() {
		p.May.In = left
	}
}

// onlyTimed tells whether all that keeps the port goes by the kernel's timers, and no process has a say.
func (p *Port) onlyTimed() bool {
	for _, c := range p.Outgoing {
		if c.State != sockdiag.TimeWait.String() {
			return false
		}
	}
	return p.Leftover.Untimed == 0 && p.CloseWait.Count == 0 && len(p.Bound) == 0
}

// wouldTake returns the first port of a listen order that free says can be had; 0: none.
func wouldTake(order []int, free func(port int) bool) int {
	for _, p := range order {
		if free(p) {
			return p
		}
	}
	return 0
}
