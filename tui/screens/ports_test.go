package screens

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

var at = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

// clock stands in for waiting: it counts the commands that were asked for, and makes their messages at once.
type clock struct {
	now   time.Time
	asked int
}

func (c *clock) deps() Deps {
	return Deps{
		Theme: theme.New(theme.Options{}),
		After: func(d time.Duration, msg func(time.Time) tea.Msg) tea.Cmd {
			c.asked++
			return func() tea.Msg { c.now = c.now.Add(d); return msg(c.now) }
		},
		Do: func(f func() tea.Msg) tea.Cmd { return f },
		Work: func(f func(context.Context) tea.Msg) tea.Cmd {
			return func() tea.Msg { return f(context.Background()) }
		},
	}
}

// waitingFor is a state in which ports 38888 and up have connections in TIME_WAIT for the given times.
func waitingFor(lefts ...time.Duration) State {
	o := ports.Observation{At: at, Timers: true}
	for i, left := range lefts {
		p := ports.Port{Port: 38888 + i, State: ports.Waiting, TimeWait: ports.TimeWait{Accepted: 3, Left: probes.Seconds(left)}, May: ports.May{WithReuse: true, In: probes.Seconds(left)}}
		if left == 0 {
			p = ports.Port{Port: p.Port, State: ports.Free, May: ports.May{WithReuse: true, WithoutReuse: true}}
		}
		o.Ports = append(o.Ports, p)
	}
	return State{
		Areas: []Area{{Name: portsArea, Rules: []probes.RuleInfo{{ID: "ports/bindable"}}}},
		Width: 80, Height: 20,
	}.Finished(probes.Report{Observed: map[string]any{portsArea: o}})
}

func view(s Screen, st State) string { return ansi.Strip(s.View(st)) }

func TestCountdown(t *testing.T) {
	c := &clock{now: at}
	st := waitingFor(2500*time.Millisecond, 70*time.Second, 0)
	s, cmd := newPorts(c.deps()).Update(st, RunFinished{Areas: []string{portsArea}, At: at})
	for _, want := range []string{"3, 3 s", "3, 2 s", "3, 1 s"} {
		if v := view(s, st); !strings.Contains(v, want) {
			t.Errorf("at %s the view lacks %q:\n%s", c.now, want, v)
		}
		s, cmd = s.Update(st, cmd())
	}
	if v := view(s, st); !strings.Contains(v, "3, over") || !strings.Contains(v, "3, 67 s") {
		t.Errorf("at %s:\n%s", c.now, v)
	}
	// The first has run out and the second goes on: look again, and tick on.
	batch, ok := cmd().(tea.BatchMsg)
	if !ok || len(batch) != 2 {
		t.Fatalf("got %v, want a request and a tick", batch)
	}
	if r, ok := batch[0]().(Rerun); !ok || !r.Quiet || len(r.Areas) != 1 || r.Areas[0] != portsArea {
		t.Errorf("asked for %+v", r)
	}
	next := batch[1]()
	if _, again := s.Update(st, next); again == nil {
		t.Error("the second countdown stands still")
	} else if _, isTick := again().(tick); !isTick {
		t.Error("the ports are looked at again for one countdown twice")
	}

	// What is seen then ends the old ticks and begins new ones.
	st = waitingFor(0, time.Second, 0)
	s, cmd = s.Update(st, RunFinished{Areas: []string{portsArea}, At: at})
	if _, stale := s.Update(st, next); stale != nil {
		t.Error("a tick of the earlier countdown goes on")
	}
	if cmd == nil {
		t.Fatal("no tick for the countdown that is left")
	}
	st = waitingFor(0, 0, 0)
	s, cmd = s.Update(st, RunFinished{Areas: []string{portsArea}, At: at})
	if cmd != nil {
		t.Error("it ticks where nothing counts down")
	}
	if v := view(s, st); !strings.Contains(v, "every server can") {
		t.Errorf("\n%s", v)
	}
}

func TestCountdownThatEndsDuringARun(t *testing.T) {
	c := &clock{now: at}
	st := waitingFor(time.Second)
	s, cmd := newPorts(c.deps()).Update(st, RunFinished{Areas: []string{portsArea}, At: at})
	busy := st.Started([]string{"firewall"})
	s, cmd = s.Update(busy, cmd())
	if cmd != nil {
		t.Error("asks for a run in a run")
	}
	s, cmd = s.Update(st, RunFinished{Areas: []string{"firewall"}, At: c.now})
	if cmd == nil {
		t.Fatal("forgets to look again")
	}
	if _, ok := cmd().(Rerun); !ok {
		t.Error("does not look again after the run")
	}
	if _, cmd = s.Update(st, RunFinished{Areas: []string{portsArea}, At: c.now}); cmd != nil {
		t.Error("looks again twice")
	}
}

func TestWhatThePortsScreenSays(t *testing.T) {
	proc := ports.Process{PID: 7, Name: "node", Cmdline: "node server.js", User: "app", Container: "docker 4f1c09d3ab12"}
	conn := ports.Connection{Local: netip.MustParseAddrPort("10.0.0.5:38888"), Remote: netip.MustParseAddrPort("10.0.0.9:5432"), State: "ESTAB", Hidden: probes.T("the process needs root")}
	listener := func(addr string) ports.Listener {
		return ports.Listener{Addr: netip.MustParseAddrPort(addr), Processes: []ports.Process{proc}}
	}
	cases := []struct {
		name string
		port ports.Port
		want []string
	}{
		{"free", ports.Port{State: ports.Free, Roles: []ports.Role{ports.Asked}, May: ports.May{WithReuse: true, WithoutReuse: true}}, []string{"free", "yes", "asked for", "nothing on this host needs it", "every server can"}},
		{"held", ports.Port{State: ports.Held, Need: ports.Needed, Belongs: ports.Foreign, Listeners: []ports.Listener{listener("127.0.0.1:38888")}}, []string{"node (7) docker", "this host alone reaches it", "node (pid 7, app, docker 4f1c09d3ab12)", "node server.js", "another program", "no server can"}},
		{"held twice", ports.Port{State: ports.Held, Need: ports.Backup, Belongs: ports.Balancer, Listeners: []ports.Listener{listener("0.0.0.0:38888"), {Addr: netip.MustParseAddrPort("[::]:38888"), DualStack: true, Queue: 5, Backlog: 128, Processes: []ports.Process{{PID: 8, Name: "nginx"}}}}},
			[]string{"node (7)", "IPv4 too", "5 of 128 wait", "nginx (pid 8)", "the balancer of the settings", "cannot be had"}},
		{"workers", ports.Port{State: ports.Held, Listeners: []ports.Listener{{Addr: netip.MustParseAddrPort("0.0.0.0:38888"), Processes: []ports.Process{{PID: 1}, {PID: 2}, {PID: 3}, {PID: 4}, {PID: 5}}}}}, []string{"? (1) +4", "? (pid 3)", "and 2 more"}},
		{"hidden", ports.Port{State: ports.Held, Belongs: ports.CannotTell, Listeners: []ports.Listener{{Addr: netip.MustParseAddrPort("0.0.0.0:38888"), Hidden: probes.T("unknown (needs root)")}}}, []string{"▌ ?", "unknown (needs root)", "the program does not tell"}},
		{"likely", ports.Port{State: ports.Held, Belongs: ports.LikelyOurs, Listeners: []ports.Listener{listener("0.0.0.0:38888")}}, []string{"fits the product"}},
		{"service", ports.Port{State: ports.Held, Belongs: ports.Service, Listeners: []ports.Listener{listener("0.0.0.0:38888")}}, []string{"answers the WebSocket upgrade"}},
		{"outgoing", ports.Port{State: ports.Outgoing, Outgoing: []ports.Connection{conn}}, []string{"outgoing", "10.0.0.5:38888 to 10.0.0.9:5432, ESTAB, the process needs root"}},
		{"bound", ports.Port{State: ports.BoundOnly, Bound: []ports.Connection{{Local: conn.Local, State: "UNCONN", Processes: []ports.Process{proc}}}}, []string{"bound", "node (pid 7, app"}},
		{"left over", ports.Port{State: ports.Waiting, Leftover: ports.Leftover{FinWait2: 2, LastAck: 1, Orphans: 3}, CloseWait: ports.CloseWait{Count: 4}, May: ports.May{WithReuse: true}},
			[]string{"2 FIN-WAIT-2, 1 LAST-ACK; 3 without a process", "4 that the peer has closed", "others cannot", "REUSEADDR"}},
		{"outgoing in TIME_WAIT", ports.Port{State: ports.Outgoing, TimeWait: ports.TimeWait{Outgoing: 2, Left: probes.Seconds(5 * time.Second)}, May: ports.May{In: probes.Seconds(5 * time.Second)}}, []string{"2 outgoing: they block every server", "no server can; in 5 s it is free"}},
		{"both in TIME_WAIT", ports.Port{State: ports.Outgoing, TimeWait: ports.TimeWait{Accepted: 1, Outgoing: 2}}, []string{"1 accepted, 2 outgoing", "gone by now"}},
		{"unknown", ports.Port{State: ports.StateUnknown, Trials: []ports.Trial{{Addr: "0.0.0.0", Outcome: ports.Impossible}, {Addr: "[::]", Outcome: ports.NoFamily}, {Addr: "127.0.0.1", ReuseAddr: true, Outcome: ports.Denied, Why: probes.T("permission denied")}}},
			[]string{"? ", "unknown", "0.0.0.0 without SO_REUSEADDR: cannot-tell", "127.0.0.1 with SO_REUSEADDR: permission denied"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.port.Port = 38888
			st := State{Width: 90, Height: 30, Areas: []Area{{Name: portsArea}}}
			st = st.Finished(probes.Report{Observed: map[string]any{portsArea: ports.Observation{At: at, Timers: true, Ports: []ports.Port{c.port}, Unseen: []probes.Text{probes.T("the processes of other users")}}}})
			s, _ := newPorts((&clock{now: at}).deps()).Update(st, RunFinished{Areas: []string{portsArea}, At: at})
			v := view(s, st)
			for _, want := range append(c.want, "the processes of other users") {
				if !strings.Contains(v, want) {
					t.Errorf("lacks %q:\n%s", want, v)
				}
			}
		})
	}
}

func TestPortsWithoutTimers(t *testing.T) {
	st := State{Width: 80, Height: 20}.Finished(probes.Report{Observed: map[string]any{portsArea: ports.Observation{At: at, Ports: []ports.Port{{Port: 38888, State: ports.Waiting, TimeWait: ports.TimeWait{Accepted: 3}}}}}})
	s, cmd := newPorts((&clock{now: at}).deps()).Update(st, RunFinished{Areas: []string{portsArea}, At: at})
	if cmd != nil {
		t.Error("counts down without timers")
	}
	if v := view(s, st); !strings.Contains(v, "cannot be seen here") {
		t.Errorf("\n%s", v)
	}
}

func TestWhyThereIsNoTable(t *testing.T) {
	area := []Area{{Name: portsArea, Rules: []probes.RuleInfo{{ID: "ports/bindable"}}}}
	skipped := State{Areas: area}.Finished(probes.Report{Results: []probes.Result{{ID: "ports/bindable", Status: probes.Skipped, Reason: probes.T("nothing of the settings runs on this host")}}})
	cases := []struct {
		st   State
		want string
	}{
		{State{Areas: area}.Started([]string{portsArea}), "looking at the ports"},
		{skipped, "skipped: nothing of the settings runs on this host"},
		{State{}, "the ports were not asked for"},
		{State{Areas: area}.Finished(probes.Report{Observed: map[string]any{portsArea: ports.Observation{}}}), "the settings name no ports"},
	}
	for _, c := range cases {
		c.st.Width, c.st.Height = 60, 16
		s := newPorts((&clock{now: at}).deps())
		if v := view(s, c.st); !strings.Contains(v, c.want) {
			t.Errorf("lacks %q:\n%s", c.want, v)
		}
		for _, k := range s.Keys(c.st) { // no key may need a row
			if k.Off.IsZero() {
				k.Do()
			}
		}
	}
}

func TestMovingOnThePortsScreen(t *testing.T) {
	st := waitingFor(time.Minute, 0, time.Minute)
	st.Height = 9
	s := newPorts((&clock{now: at}).deps())
	press := func(name string) {
		t.Helper()
		for _, k := range s.Keys(st) {
			for _, n := range k.Names {
				if n == name && k.Off.IsZero() {
					s, _ = k.Do()
					return
				}
			}
		}
		t.Fatalf("%s is no key", name)
	}
	for _, step := range []struct{ key, shows string }{
		{"j", "─ port 38889 ─"}, {"end", "─ port 38890 ─"}, {"down", "─ port 38890 ─"}, {"k", "─ port 38889 ─"}, {"home", "─ port 38888 ─"},
		{"enter", "nothing on this host"}, {"end", "other one in 60 s"}, {"up", "the last one is gone"}, {"esc", "port"}, {"j", "─ port 38889 ─"},
	} {
		press(step.key)
		if v := view(s, st); !strings.Contains(v, step.shows) {
			t.Errorf("after %s the view lacks %q:\n%s", step.key, step.shows, v)
		}
	}
	if _, cmd := s.Update(st, tea.WindowSizeMsg{}); cmd != nil {
		t.Error("a resize asks for something")
	}
}
