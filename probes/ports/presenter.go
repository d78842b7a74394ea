package ports

import (
	"context"
	"slices"

	"example.com/wsdoctor/probes"
)

// presenter turns sockets into what an observation shows of them.
type presenter struct {
	holders  func(socket) []int // the processes that hold a socket
	describe func(pid int) Process
	all      bool // every process could be looked into
	missed   bool // a socket that is some process's own was shown without one
}

// processes returns those that hold any of the sockets, each once, the lowest number first.
func (p *presenter) processes(list ...socket) []Process {
	var pids []int
	for _, s := range list {
		pids = append(pids, p.holders(s)...)
	}
	slices.Sort(pids)
	var out []Process
	for _, pid := range slices.Compact(pids) {
		out = append(out, p.describe(pid))
	}
	return out
}

func (p *presenter) listener(s socket) Listener {
	l := Listener{
		Addr:      s.Local,
		DualStack: s.IPv6 && !s.V6Only && s.Local.Addr().Is6() && s.Local.Addr().IsUnspecified(),
		Queue:     int(s.Queue),
		Backlog:   int(s.Backlog),
		Processes: p.processes(s),
	}
	if l.Processes == nil {
		l.Hidden, p.missed = hidden(p.all), true
	}
	return l
}

func (p *presenter) connection(s socket) Connection {
	c := Connection{Local: s.Local, Remote: s.Remote, State: s.State.String(), Left: seconds(s.Expires), Processes: p.processes(s)}
	switch {
	case c.Processes != nil:
	case s.Inode == 0 && s.pid == 0:
		c.Hidden = probes.T("no process owns it any more")
	default:
		c.Hidden, p.missed = hidden(p.all), true
	}
	return c
}

// procPresenter finds the holders of sockets in /proc.
func procPresenter(ctx context.Context, t probes.Target, tab *table) *presenter {
	procs := newProcFS(t.Path)
	pids, all := procs.holders(ctx, tab.inodes())
	return &presenter{
		holders:  func(s socket) []int { return pids[s.Inode] },
		describe: procs.process,
		all:      all,
	}
}
