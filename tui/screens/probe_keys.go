package screens

import (
	"fmt"

	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// Keys lists what can be pressed on the probe screen.
func (p probe) Keys(st State) []Key {
	var offOpen, offTalk, offNodes, offHeaders, offMode probes.Text
	switch {
	case p.busy:
		offOpen = probes.T("connecting")
	case p.session != nil:
		offOpen = probes.T("connected; c closes the connection")
	case p.target(st) == "":
		offOpen = probes.T("the settings name neither a balancer nor a node; u takes a URL")
	}
	if p.session == nil {
		offTalk = probes.T("not connected; %s connects", p.d.Theme.Marks.Enter)
	}
	if len(st.Config.Backends()) == 0 {
		offNodes = probes.T("the settings name no node")
	}
	if best := p.trace.Best(); best == nil {
		offHeaders = probes.T("there was no handshake yet")
	}
	if p.mode == showTalk && p.only.text == "" {
		offMode = probes.T("the messages are shown")
	}
	again := First(offOpen, offHeaders)
	s := p.session
	auto := probes.T("a ping every second, until pressed again")
	keys := navigation(p.d.Theme.Marks, probes.T("scroll"), max(p.room(st)-1, 1), func(by int) Screen { return p.moved(st, by) })
	return append(keys,
		Key{Names: []string{"enter"}, Label: p.d.Theme.Marks.Enter, Hint: probes.T("connect"), Help: probes.T("open the WebSocket, and show each phase of it"), Off: offOpen, Do: func() (Screen, tea.Cmd) { return p.connect(st) }},
		Key{Names: []string{"i"}, Label: "i", Hint: probes.T("message"), Help: probes.T("type messages; each %s sends one", p.d.Theme.Marks.Enter), Off: offTalk, Do: press(func() Screen { p.typing, p.mode, p.scroll = typeMessage, showTalk, 0; return p })},
		Key{Names: []string{" "}, Label: "space", Hint: probes.T("ping"), Help: probes.T("send a ping, and show its round trip"), Off: offTalk, Do: func() (Screen, tea.Cmd) { return p, p.ping() }},
		Key{Names: []string{"a"}, Label: "a", Help: auto, Off: offTalk, Do: func() (Screen, tea.Cmd) {
			if p.pinging != 0 {
				p.pinging = 0
				return p, nil
			}
			p.runs++
			p.pinging = p.runs
			return p, tea.Batch(p.ping(), p.nextPing())
		}},
		Key{Names: []string{"c"}, Label: "c", Hint: probes.T("close"), Help: probes.T("close the connection with a Close frame (1000)"), Off: offTalk, Do: func() (Screen, tea.Cmd) {
			return p, p.d.Do(func() tea.Msg {
				_ = s.Close(1000, "") // how it ends comes as an event
				return nil
			})
		}},
		Key{Names: []string{"d"}, Label: "d", Hint: probes.T("direct"), Help: probes.T("the balancer's handshake beside a node's own; again: the next node"), Off: First(offOpen, offNodes), Do: func() (Screen, tea.Cmd) { return p.compare(st) }},
		Key{Names: []string{"h"}, Label: "h", Hint: probes.T("headers"), Help: probes.T("request and response of the handshake, or the messages again"), Off: offHeaders, Do: press(func() Screen { return p.toggled(showHeaders) })},
		Key{Names: []string{"esc"}, Label: "esc", Help: probes.T("clear the filter, or back to the messages"), Off: offMode, Do: press(func() Screen {
			if p.only.text != "" {
				p.only, p.scroll = filter{}, 0
				return p
			}
			return p.toggled(p.mode)
		})},
		p.only.key(probes.T("only messages, or header lines, that contain a text"), probes.Text{}, func(f filter) Screen { p.only, p.scroll = f, 0; return p }),
		Key{Names: []string{"r"}, Label: "r", Help: probes.T("the same handshake, or the same comparison, once more"), Off: again, Do: func() (Screen, tea.Cmd) {
			if p.mode == showCompared {
				return p.comparing(st)
			}
			return p.connect(st)
		}},
		Key{Names: []string{"u"}, Label: "u", Help: probes.T("another URL; an empty one is the settings' own again"), Off: offURL(p.session != nil || p.busy), Do: press(func() Screen { p.typing, p.text, p.bad = typeURL, p.url, probes.Text{}; return p })},
	)
}

func offURL(open bool) probes.Text {
	if open {
		return probes.T("connected; c closes the connection")
	}
	return probes.Text{}
}

// Commands are those that do the same outside.
func (p probe) Commands(st State) []string {
	u := p.target(st)
	if u == "" {
		u = "ws://HOST:PORT/"
	}
	out := []string{"wsdoctor probe " + shellWord(u), "wsdoctor probe --ping 10 " + shellWord(u)}
	for _, b := range st.Config.Backends() {
		out = append(out, fmt.Sprintf("wsdoctor probe --direct %s %s", shellWord(b.Address), shellWord(u)))
	}
	return append(out, "wscat -c "+shellWord(u))
}

// Explain says what the waterfall and the comparison show.
func (p probe) Explain(State) []probes.Text {
	return []probes.Text{
		probes.T("The waterfall has one bar for each phase of opening a WebSocket, as long as it took: looking up the name, the TCP connection, TLS, the upgrade (from the request to the end of the response's head), and the first message that the server sends on its own."),
		probes.T("d makes the same handshake with a node itself, past the balancer, and marks what differs: what only the balancer's side has is the balancer's doing."),
		probes.T("Certificates with a fault are noted and the upgrade is asked for all the same, so that the fault does not hide what lies behind."),
	}
}
