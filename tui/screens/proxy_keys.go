package screens

import (
	"context"
	"fmt"

	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// Keys lists what can be pressed on the proxy screen. What changes something asks first.
func (p proxyScreen) Keys(st State) []Key {
	if !p.asking.words.IsZero() {
		ask := p.asking
		p.asking = proxyAsk{}
		return []Key{
			{Names: []string{"y", "Y"}, Label: "y", Hint: probes.T("do it"), Help: probes.T("do what was asked"), Do: func() (Screen, tea.Cmd) { return ask.do(p, st) }},
			{Names: []string{"n", "N", "esc"}, Label: "n", Hint: probes.T("do not"), Help: probes.T("do not do it"), Do: press(func() Screen { return p })},
		}
	}
	var offWatch, offStart, offStop, offOwn, offBackend, offTunnel, offRows probes.Text
	switch {
	case p.watch != 0:
		offWatch = probes.T("a proxy is watched; esc lets go")
	case st.Config.Proxy.Admin == "":
		offWatch = probes.T("the settings name no proxy.admin to ask")
	}
	switch {
	case p.own != nil:
		offStart = probes.T("a proxy runs here already")
	case len(st.Config.Backends()) == 0:
		offStart = probes.T("the settings name no backend")
	}
	if p.watch == 0 && p.only.text == "" {
		offStop = probes.T("no proxy is watched")
	}
	if p.watch == 0 {
		offRows = probes.T("no proxy is watched")
	}
	watch, start, letGo := probes.T("watch"), probes.T("start"), probes.T("let go")
	if p.d.Attached != nil { // what can never be done needs no place in the help line
		offStart = probes.T("a proxy runs here already")
		offWatch = offStart
		watch, start = probes.Text{}, probes.Text{}
		if p.only.text == "" {
			offStop, letGo = probes.T("the proxy here is watched as long as the screens are open"), probes.Text{}
		}
	}
	if p.source.own == nil {
		offOwn = probes.T("only a proxy that runs in this program can be changed from here")
	}
	i := p.selectedBackend()
	if i < 0 {
		offBackend = probes.T("no backend is selected")
	}
	all := p.tunnels()
	j := p.selectedTunnel(all)
	if j < 0 {
		offTunnel = probes.T("no tunnel is selected")
	}
	offFilter := offRows
	if p.showLog {
		offFilter = probes.Text{}
	}
	drain := probes.T("take the selected backend out, or let clients come to it again (it asks)")
	keys := append(navigation(p.d.Theme.Marks, probes.T("move"), max(p.room(st)-1, 1), func(by int) Screen { return p.moved(st, by) }),
		Key{Names: []string{"left", "right", "h"}, Label: p.d.Theme.Marks.LeftRight, Hint: probes.T("table"), Help: probes.T("from the backends to the tunnels, and back"), Off: offRows, Do: press(func() Screen { p.focus, p.showLog = 1-p.focus, false; return p })},
		Key{Names: []string{"enter"}, Label: p.d.Theme.Marks.Enter, Hint: watch, Help: probes.T("watch the proxy behind the settings' admin address"), Off: offWatch, Do: func() (Screen, tea.Cmd) {
			p.source = proxySource{admin: st.Config.Proxy.Admin}
			return p.watching(nil)
		}},
		Key{Names: []string{"S"}, Label: "S", Hint: start, Help: probes.T("run the proxy of the settings in this program (it asks)"), Off: offStart, Do: press(func() Screen {
			p.asking = proxyAsk{probes.T("Run the proxy here? It %s, and ends with this program.", binds(st.Config)), proxyScreen.start}
			return p
		})},
		Key{Names: []string{"esc"}, Label: "esc", Hint: letGo, Help: probes.T("clear the filter, or stop watching; a proxy that runs here is drained (it asks)"), Off: offStop, Do: press(func() Screen {
			if p.only.text != "" {
				p.only = filter{}
				return p
			}
			return p.lettingGo(st)
		})},
		Key{Names: []string{"D"}, Label: "D", Hint: probes.T("drain"), Help: drain, Off: First(offOwn, offBackend), Do: press(func() Screen { return p.draining(st, i) })},
		Key{Names: []string{"X"}, Label: "X", Hint: probes.T("close"), Help: probes.T("close the selected tunnel (it asks)"), Off: First(offOwn, offTunnel), Do: press(func() Screen {
			t := all[j]
			p.asking = proxyAsk{probes.T("Close the tunnel of %s to %s? Its client is told 1001, and may come back.", t.Client, t.Backend), func(p proxyScreen, _ State) (Screen, tea.Cmd) {
				own := p.source.own
				return p, p.act(func() {
					if own != nil {
						own.CloseTunnel(t.ID)
					}
				})
			}}
			return p
		})},
		Key{Names: []string{"o"}, Label: "o", Help: probes.T("sort the tunnels by the next column"), Off: offRows, Do: press(func() Screen { p.sort, p.focus = (p.sort+1)%len(tunnelColumns), onTunnels; return p })},
		Key{Names: []string{"O"}, Label: "O", Help: probes.T("sort the other way round"), Off: offRows, Do: press(func() Screen { p.reverse, p.focus = !p.reverse, onTunnels; return p })},
		p.only.key(probes.T("only backends, tunnels and log lines that contain a text"), offFilter, func(f filter) Screen { p.only, p.scroll = f, 0; return p }),
		Key{Names: []string{"r"}, Label: "r", Help: probes.T("look at once, without waiting for the next second"), Off: offRows, Do: p.again},
		Key{Names: []string{"L"}, Label: "L", Hint: probes.T("log"), Help: probes.T("the log of the proxy that runs here, or the tables again"), Off: p.offLog(), Do: press(func() Screen { p.showLog, p.scroll = !p.showLog, 0; return p })})
	return keys
}

func (p proxyScreen) offLog() probes.Text {
	if len(p.log) == 0 {
		return probes.T("no proxy has run in this program; others write their log to their own standard error")
	}
	return probes.Text{}
}

// start runs the proxy in this program.
func (p proxyScreen) start(st State) (Screen, tea.Cmd) {
	cfg := st.Config
	p.err, p.log, p.showLog = nil, nil, false
	var cmd tea.Cmd
	p.own, cmd = p.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) { serve(ctx, cfg, tell) })
	return p, cmd
}

// lettingGo stops watching; where the proxy runs here, it is ended if the operator says so.
func (p proxyScreen) lettingGo(st State) Screen {
	if p.own == nil {
		p.watch, p.source = 0, proxySource{}
		return p
	}
	p.asking = proxyAsk{probes.T("End the proxy? Its %d tunnels are drained within %s.", p.seen.Open, probes.Seconds(st.Config.Proxy.Timeouts.Drain)), func(p proxyScreen, _ State) (Screen, tea.Cmd) {
		if p.own != nil {
			p.own.stop()
		}
		return p, nil
	}}
	return p
}

// draining takes a backend out, or lets it in again, if the operator says so.
func (p proxyScreen) draining(st State, i int) Screen {
	b := p.backends()[i]
	on := b.State != "draining"
	words := probes.T("Let clients come to %s again?", b.Address)
	if on {
		words = probes.T("Drain %s? Its %d tunnels are ended within %s; they come back to the others. D again takes that back.", b.Address, b.Open, probes.Seconds(st.Config.Proxy.Timeouts.Drain))
	}
	p.asking = proxyAsk{words, func(p proxyScreen, _ State) (Screen, tea.Cmd) {
		own := p.source.own
		return p, p.act(func() {
			if own != nil {
				own.DrainBackend(b.Address, on)
			}
		})
	}}
	return p
}

// act does something with the proxy; the next look shows what came of it.
func (p proxyScreen) act(do func()) tea.Cmd {
	return p.d.Do(func() tea.Msg {
		do()
		return nil
	})
}

// Commands are those that watch and drain outside.
func (p proxyScreen) Commands(st State) []string {
	out := []string{st.wsdoctor("proxy")}
	if a := st.Config.Proxy.Admin; a != "" {
		out = append(out, fmt.Sprintf("curl -s http://%s/status", a), fmt.Sprintf("curl -s http://%s/metrics", a))
	}
	return append(out, p.d.Theme.Say(probes.T("# SIGTERM drains the whole proxy, a second one ends it at once, SIGHUP reloads the settings")))
}

// Explain says what the states of a backend mean.
func (p proxyScreen) Explain(State) []probes.Text {
	return []probes.Text{
		probes.T("A backend is up, down (by the settings), draining (taken out by the operator: no new clients, its tunnels are ended within timeouts.drain), sick (the active check says so) or out (after failed connects, for a while)."),
		probes.T("Rates are what went through between the last two looks, a second apart. Handshakes are counted by the status that the proxy answered: 101 is a tunnel."),
		probes.T("A proxy in this program ends with it; one that is to stay runs as a service of its own: wsdoctor proxy."),
	}
}
