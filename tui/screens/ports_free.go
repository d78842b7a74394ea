package screens

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	tea "github.com/charmbracelet/bubbletea"
)

const (
	// termGrace is how long a program may take to end after SIGTERM before KILL is offered: systemd gives 90 s, but
	// somebody sits here and can say no.
	termGrace = 10 * time.Second
	// killGrace is how long the kernel may take to clear a killed process away.
	killGrace = 5 * time.Second
)

// portWork is what is done with one port: it is waited for, or its holder is ended.
type portWork struct {
	port int
	task *task
	said probes.Text // what it has come to
	bad  bool
	ask  probes.Text // a question to be answered with y or n
	yes  func(portsScreen) (Screen, tea.Cmd)
}

// Messages of a portWork.
type (
	portFree struct {
		port  int
		after time.Duration
	}
	portHeld struct {
		port   int
		still  []ports.Process // the ones that were to end
		others []ports.Process // those that hold it now
		err    error
	}
)

// workKeys are the keys that wait for the selected port and that free it.
func (p portsScreen) workKeys(st State, o ports.Observation) []Key {
	_, port := p.row(o)
	var none, offWait, offFree, offStop probes.Text
	if len(o.Ports) == 0 {
		none = probes.T("no port was looked at")
	}
	holders := processes(port)
	switch {
	case p.work.task != nil:
		offWait, offFree = probes.T("something is done with port %d; esc stops it", p.work.port), probes.T("something is done with port %d; esc stops it", p.work.port)
	case len(holders) == 0 && len(port.Listeners) > 0:
		offFree = probes.T("the process cannot be seen: run as root")
	case len(holders) == 0:
		offFree = probes.T("no process holds it")
	case slices.ContainsFunc(holders, func(h ports.Process) bool { return h.PID == os.Getpid() }):
		offFree = probes.T("it is held by this program: the proxy screen ends the proxy")
	}
	if p.work.task == nil && p.work.said.IsZero() && p.only.text == "" {
		offStop = probes.T("nothing is being done")
	}
	keys := []Key{
		{Names: []string{"w"}, Label: "w", Hint: probes.T("wait"), Help: probes.T("wait until the selected port can be bound"), Off: First(none, offWait), Do: func() (Screen, tea.Cmd) { return p.waitFor(port.Port) }},
		{Names: []string{"F"}, Label: "F", Hint: probes.T("free it"), Help: probes.T("end the process that holds the port (it asks)"), Off: First(none, offFree), Do: press(func() Screen { return p.freeing(port, holders) })},
	}
	if !p.detail {
		keys = append(keys, Key{Names: []string{"esc"}, Label: "esc", Help: probes.T("stop waiting, let go of the result or the filter"), Off: offStop, Do: press(func() Screen {
			switch {
			case p.work.task != nil:
				p.work.task.stop()
				p.work = portWork{}
			case !p.work.said.IsZero():
				p.work = portWork{}
			default:
				p.only = filter{}
			}
			return p
		})})
	}
	return keys
}

// answerKeys are the keys while something is asked.
func (p portsScreen) answerKeys() []Key {
	yes := p.work.yes
	return []Key{
		{Names: []string{"y", "Y"}, Label: "y", Hint: probes.T("do it"), Help: probes.T("do what was asked"), Do: func() (Screen, tea.Cmd) { p.work.ask = probes.Text{}; return yes(p) }},
		{Names: []string{"n", "N", "esc"}, Label: "n", Hint: probes.T("do not"), Help: probes.T("do not do it"), Do: press(func() Screen { p.work = portWork{}; return p })},
	}
}

// workLines draws what is asked, what is being done, and what it came to.
func (p portsScreen) workLines(pg *page) {
	t := p.d.Theme
	switch w := p.work; {
	case !w.ask.IsZero():
		pg.add(t.Warn, "", t.Say(probes.T("%s y does it, n does not.", w.ask)))
	case !w.said.IsZero():
		style := t.Strong
		if w.bad {
			style = t.Fail
		}
		pg.add(style, "", t.Say(w.said))
	default:
		return
	}
	pg.gap()
}

func (p portsScreen) waitFor(port int) (Screen, tea.Cmd) {
	var cmd tea.Cmd
	p.work = portWork{port: port, said: probes.T("waiting until port %d can be bound; esc stops", port)}
	p.work.task, cmd = p.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) {
		start := time.Now()
		_, err := ports.Wait{Ports: []int{port}}.Until(ctx)
		switch {
		case err == nil:
			tell(portFree{port, time.Since(start)}, false)
		case ctx.Err() == nil:
			tell(portHeld{port: port, err: err}, false)
		}
	})
	return p, cmd
}

// freeing asks before a process is ended, and says what would start it again.
func (p portsScreen) freeing(port ports.Port, holders []ports.Process) Screen {
	var names []string
	for _, h := range holders[:min(len(holders), mostHolders)] {
		names = append(names, process(h))
	}
	if n := len(holders) - mostHolders; n > 0 {
		names = append(names, fmt.Sprintf("+%d", n))
	}
	ask := probes.T("End what holds port %d: %s? It is sent TERM, so that it can clean up.", port.Port, strings.Join(names, ", "))
	for _, h := range holders {
		switch {
		case h.Container != "":
			ask = probes.T("%s It is in the container %s, whose restart policy may bring it back: stop the container instead.", ask, h.Container)
		case h.Unit != "":
			ask = probes.T("%s systemd may start it again: systemctl stop %s keeps it away.", ask, h.Unit)
		default:
			continue
		}
		break
	}
	p.work = portWork{port: port.Port, ask: ask, yes: func(p portsScreen) (Screen, tea.Cmd) {
		return p.signalling(port.Port, holders, syscall.SIGTERM, p.grace)
	}}
	return p
}

// signalling sends a signal and then proves that the port can be bound.
func (p portsScreen) signalling(port int, holders []ports.Process, sig os.Signal, grace time.Duration) (Screen, tea.Cmd) {
	var cmd tea.Cmd
	p.work = portWork{port: port, said: probes.T("sent %s; waiting until port %d can be bound", signalName(sig), port)}
	p.work.task, cmd = p.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) {
		start := time.Now()
		if err := end(ctx, port, holders, sig); err != nil {
			tell(portHeld{port: port, err: err}, false)
			return
		}
		limit, cancel := context.WithTimeout(ctx, grace)
		defer cancel()
		// What a closed server leaves behind in TIME_WAIT keeps no server away that sets SO_REUSEADDR; the table says
		// whether something is left.
		_, err := ports.Wait{Ports: []int{port}, ReuseAddr: true}.Until(limit)
		switch {
		case err == nil:
			tell(portFree{port, time.Since(start)}, false)
		case ctx.Err() != nil:
		case !errors.Is(err, context.DeadlineExceeded):
			tell(portHeld{port: port, err: err}, false)
		default:
			held := portHeld{port: port}
			now, err := holding(ctx, port)
			if err != nil {
				held.err = err
			}
			for _, h := range now {
				if slices.ContainsFunc(holders, func(o ports.Process) bool { return o.PID == h.PID }) {
					held.still = append(held.still, h)
				} else {
					held.others = append(held.others, h)
				}
			}
			tell(held, false)
		}
	})
	return p, cmd
}

func signalName(sig os.Signal) string {
	if sig == os.Kill {
		return "KILL"
	}
	return "TERM"
}

// end sends a signal to those of the holders that hold the port still: a number may have gone to another process since
// they were seen.
func end(ctx context.Context, port int, holders []ports.Process, sig os.Signal) error {
	now, err := holding(ctx, port)
	if err != nil {
		return err
	}
	for _, h := range holders {
		if !slices.ContainsFunc(now, func(o ports.Process) bool { return o.PID == h.PID && o.Name == h.Name }) {
			continue
		}
		proc, err := os.FindProcess(h.PID)
		if err == nil {
			err = proc.Signal(sig)
		}
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("sending %s to %s: %w", signalName(sig), process(h), err)
		}
	}
	return nil
}

// holding looks who holds a port now.
func holding(ctx context.Context, port int) ([]ports.Process, error) {
	seen, err := ports.Observe(ctx, probes.Target{}, ports.Options{Ports: []int{port}})
	if err != nil {
		return nil, fmt.Errorf("looking at port %d: %w", port, err)
	}
	var now []ports.Process
	for _, p := range seen.Ports {
		now = append(now, processes(p)...)
	}
	return now, nil
}

// worked takes what the work has come to, and has the ports looked at again.
func (p portsScreen) worked(msg told) (Screen, tea.Cmd) {
	next := msg.by.next(p.d)
	switch m := msg.msg.(type) {
	case portFree:
		p.work.said, p.work.bad = probes.T("port %d is free: it was bound on trial after %s", m.port, probes.Seconds(m.after)), false
	case portHeld:
		p.work.bad = true
		switch {
		case m.err != nil:
			p.work.said = probes.Verbatim(m.err.Error())
		case len(m.still) > 0:
			still := m.still
			p.work.ask = probes.T("%s has not ended within %s. Send KILL? It cannot clean up then.", process(still[0]), probes.Seconds(p.grace))
			p.work.yes = func(p portsScreen) (Screen, tea.Cmd) { return p.signalling(m.port, still, os.Kill, killGrace) }
		case len(m.others) > 0:
			p.work.said = probes.T("port %d is held again, by %s: a supervisor has started it", m.port, process(m.others[0]))
		default:
			p.work.said = probes.T("port %d cannot be bound yet, though no process holds it; w waits for it", m.port)
		}
	}
	return p, tea.Batch(next, ask(Rerun{Areas: []string{portsArea}, Quiet: true}))
}

// Commands are those that look, wait and free outside.
func (p portsScreen) Commands(st State) []string {
	o, _ := p.observed(st)
	_, port := p.row(o)
	if port.Port == 0 {
		return []string{st.wsdoctor("ports")}
	}
	out := []string{fmt.Sprintf("wsdoctor ports %d", port.Port), fmt.Sprintf("ss -tanp 'sport = :%d'", port.Port), fmt.Sprintf("wsdoctor wait %d -- ./start.sh", port.Port)}
	if all := processes(port); len(all) > 0 {
		if all[0].Unit != "" {
			out = append(out, "systemctl stop "+shellWord(all[0].Unit))
		}
		out = append(out, fmt.Sprintf("kill -TERM %d", all[0].PID))
	}
	return out
}

// Explain says what the columns mean.
func (p portsScreen) Explain(State) []probes.Text {
	return []probes.Text{
		probes.T("Each port of the settings with what stands on it. \"bind now?\" was tried: yes for every server, REUSEADDR for those that set it (nginx, HAProxy, most of them), no for none."),
		probes.T("TIME_WAIT is what is left of closed connections: the kernel keeps them for 60 s, and until then a server that does not set SO_REUSEADDR cannot bind the port."),
	}
}
