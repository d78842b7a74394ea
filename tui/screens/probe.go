package screens

import (
	"context"
	"net/url"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
	tea "github.com/charmbracelet/bubbletea"
)

const (
	// firstMessage is how long the comparison waits for a greeting, which shows what reached a stand-in.
	firstMessage = 500 * time.Millisecond
	// pingEvery is the pace of the pings that go on by themselves.
	pingEvery = time.Second
	// mostTalk and mostRTTs bound what is kept of a connection that stays open for days.
	mostTalk, mostRTTs = 2000, 512
)

// probeMode is what the probe screen shows.
type probeMode int

// The modes.
const (
	showTalk probeMode = iota
	showHeaders
	showCompared
)

// probe is the interactive client: it opens a WebSocket, shows each phase of the handshake, sends and receives.
type probe struct {
	d    Deps
	url  string // that the operator typed; "": the settings' own
	task *task  // the connection; nil: there is none
	busy bool   // it is being opened, or two handshakes are being compared

	session *wsclient.Session // open
	trace   handshake.Trace   // of the last handshake
	tried   bool
	talk    []talk
	greeted probes.Seconds // until the first message, since the upgrade; 0: none came
	rtts    []float64      // seconds
	pinging int            // the number of the run of pings that goes on by itself; 0: none
	runs    int
	end     *wsclient.End

	only   filter // of the talk, or of the other modes' lines
	mode   probeMode
	scroll int // lines up from the end of the talk, or down in the other modes
	node   int // counts the comparisons that were asked for; each goes to the next backend
	rows   []wsclient.Row
	names  [2]string
	phases [2]probes.Fall // the phases of the two handshakes

	typing probeTyping
	text   string
	bad    probes.Text
}

// probeTyping is what is being typed.
type probeTyping int

const (
	typeNothing probeTyping = iota
	typeMessage
	typeURL
)

// talk is one line of what was said.
type talk struct {
	at   probes.Seconds // since the upgrade
	ours bool
	note bool // about the connection, not on it
	text string
}

// Messages of the probe screen.
type (
	probeOpened struct {
		session *wsclient.Session // nil: no connection
		trace   handshake.Trace
	}
	probeSent struct {
		session *wsclient.Session
		line    talk
		err     error
	}
	probeCompared struct {
		rows  []wsclient.Row
		names [2]string
		falls [2]probes.Fall
		trace handshake.Trace
	}
	pingDue struct{ run int }
)

func newProbe(d Deps) Screen { return probe{d: d} }

func (p probe) Prompt() string {
	t := p.d.Theme
	if p.only.typing {
		return p.only.prompt(t)
	}
	switch p.typing {
	case typeMessage:
		return Typing(t, t.Marks.Leads+" ", p.text, probes.T("%s sends it, esc leaves", t.Marks.Enter))
	case typeURL:
		return Typing(t, t.Say(probes.T("URL: ")), p.text, probes.T("%s takes it, esc leaves", t.Marks.Enter))
	}
	return ""
}

func (p probe) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case told:
		if msg.by == nil || msg.by != p.task {
			return p, nil
		}
		return p.heard(msg.msg), msg.by.next(p.d)
	case over:
		if msg.by != nil && msg.by == p.task {
			p.task, p.session, p.busy, p.pinging = nil, nil, false, 0
		}
	case probeSent:
		if msg.session == p.session && p.session != nil {
			if msg.err != nil {
				how, _ := handshake.EndOf(msg.err)
				msg.line = talk{at: msg.line.at, note: true, text: p.d.Theme.Say(probes.T("not sent: the connection is at its end (%s)", string(how)))}
			}
			p = p.said(msg.line)
		}
	case pingDue:
		if msg.run == p.pinging && p.session != nil {
			return p, tea.Batch(p.ping(), p.nextPing())
		}
	case tea.KeyMsg:
		if p.only.typing {
			p.only, p.scroll = p.only.typed(p.d.Theme, msg), 0
			return p, nil
		}
		return p.typed(st, msg)
	}
	return p, nil
}

// heard takes what the connection, or a comparison, tells.
func (p probe) heard(msg tea.Msg) probe {
	switch m := msg.(type) {
	case probeOpened:
		p.busy, p.tried, p.session, p.trace = false, true, m.session, m.trace
	case probeCompared:
		p.busy, p.tried, p.rows, p.names, p.phases, p.trace = false, true, m.rows, m.names, m.falls, m.trace
		p.mode, p.scroll = showCompared, 0
	case wsclient.Event:
		return p.event(m)
	}
	return p
}

// event takes one thing that happened on the connection.
func (p probe) event(e wsclient.Event) probe {
	t := p.d.Theme
	switch e.Kind {
	case wsclient.Message:
		if p.greeted == 0 {
			p.greeted = e.After
		}
		text := t.Clean(e.Text)
		if e.Binary {
			text = t.Say(probes.T("%d bytes: %s", e.Size, e.Hex))
		}
		return p.said(talk{at: e.After, text: text})
	case wsclient.PingReceived:
		return p.said(talk{at: e.After, note: true, text: t.Say(probes.T("ping of the server, answered"))})
	case wsclient.PongReceived:
		if e.RTT == 0 {
			return p.said(talk{at: e.After, note: true, text: t.Say(probes.T("pong that nobody asked for"))})
		}
		p.rtts = append(p.rtts[max(len(p.rtts)-mostRTTs+1, 0):len(p.rtts):len(p.rtts)], e.RTT.Duration().Seconds())
		return p.said(talk{at: e.After, note: true, text: t.Say(probes.T("pong after %s", e.RTT))})
	case wsclient.Ended:
		p.end, p.session, p.pinging = e.End, nil, 0
		return p.said(talk{at: e.After, note: true, text: t.Say(endWords(*e.End))})
	}
	return p
}

// endWords says how a connection ended, by whom and when.
func endWords(e wsclient.End) probes.Text {
	by := probes.T("closed by the server")
	if e.By == "client" {
		by = probes.T("closed from here")
	}
	return probes.T("%s after %s, %s idle: %d %s (%s)", by, e.After, e.Idle, e.Code, e.Words, e.How.Words())
}

// said adds a line to the talk.
func (p probe) said(l talk) probe {
	p.talk = append(p.talk[max(len(p.talk)-mostTalk+1, 0):len(p.talk):len(p.talk)], l)
	return p
}

// target is the URL that is connected to.
func (p probe) target(st State) string {
	if p.url != "" {
		return p.url
	}
	if u := st.Config.BalancerURL(); u != "" {
		return u
	}
	if b := st.Config.Backends(); len(b) > 0 {
		return st.Config.BackendURL(b[0].Address)
	}
	return ""
}

// connect opens the connection and serves it until it ends.
func (p probe) connect(st State) (Screen, tea.Cmd) {
	req := handshake.Request{URL: p.target(st)}
	p.busy, p.talk, p.rtts, p.greeted, p.end, p.mode, p.scroll = true, nil, nil, 0, nil, showTalk, 0
	var cmd tea.Cmd
	p.task, cmd = p.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) {
		session, trace := wsclient.Open(ctx, req)
		tell(probeOpened{session, trace}, false)
		if session == nil {
			return
		}
		defer session.Stop()
		for {
			select {
			case e, ok := <-session.Events():
				if !ok {
					return
				}
				tell(e, false)
			case <-ctx.Done():
				return
			}
		}
	})
	return p, cmd
}

// compare puts the handshake with the balancer beside the one with the next node.
func (p probe) compare(st State) (Screen, tea.Cmd) {
	p.node++
	return p.comparing(st)
}

// comparing makes the handshakes with the balancer and with the present node.
func (p probe) comparing(st State) (Screen, tea.Cmd) {
	backends := st.Config.Backends()
	to := backends[(p.node-1)%len(backends)].Address
	own := p.target(st)
	a, b := handshake.Request{URL: own, FirstMessage: firstMessage}, handshake.Request{URL: st.Config.BackendURL(to), FirstMessage: firstMessage}
	if u, err := url.Parse(own); err == nil {
		b.Host = u.Host // as a balancer passes it on
	}
	p.busy = true
	var cmd tea.Cmd
	p.task, cmd = p.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) {
		x, y := handshake.Dial(ctx, a), handshake.Dial(ctx, b)
		tell(probeCompared{wsclient.Compare(x, y), [2]string{own, to}, [2]probes.Fall{x.Fall(), y.Fall()}, x}, false)
	})
	return p, cmd
}

// ping sends one ping.
func (p probe) ping() tea.Cmd {
	s := p.session
	return p.d.Do(func() tea.Msg {
		if err := s.Ping(nil); err != nil {
			return probeSent{s, talk{}, err}
		}
		return nil
	})
}

func (p probe) nextPing() tea.Cmd {
	run := p.pinging
	return p.d.After(pingEvery, func(time.Time) tea.Msg { return pingDue{run} })
}

// typed takes a key as text of a message or of a URL.
func (p probe) typed(st State, k tea.KeyMsg) (Screen, tea.Cmd) {
	switch k.Type {
	case tea.KeyEsc:
		p.typing, p.text = typeNothing, ""
		return p, nil
	case tea.KeyEnter:
		if p.typing == typeURL {
			return p.took(strings.TrimSpace(p.text)), nil
		}
		text := p.text
		p.text = ""
		if text == "" || p.session == nil {
			return p, nil
		}
		p.scroll = 0
		s := p.session
		return p, p.d.Do(func() tea.Msg {
			return probeSent{s, talk{ours: true, text: text}, s.Send(false, []byte(text))}
		})
	}
	p.text = Edited(p.d.Theme, p.text, k)
	return p, nil
}

// took takes a URL that was typed.
func (p probe) took(text string) probe {
	p.typing, p.text, p.bad = typeNothing, "", probes.Text{}
	if text != "" && !strings.Contains(text, "://") {
		text = "ws://" + text // as wscat does
	}
	if u, err := url.Parse(text); text != "" && (err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss") {
		p.bad = probes.T("found %q, expected ws://HOST[:PORT]/PATH or wss://…", text)
		return p
	}
	p.url, p.tried, p.trace = text, false, handshake.Trace{}
	return p
}

func (p probe) toggled(m probeMode) Screen {
	if p.mode == m {
		m = showTalk
	}
	p.mode, p.scroll = m, 0
	return p
}

func (p probe) moved(st State, by int) Screen {
	lines := len(p.lines(st))
	if p.mode == showTalk {
		by = -by // the newest stands at the bottom
	}
	p.scroll = min(max(p.scroll+by, 0), max(lines-p.room(st), 0))
	return p
}
