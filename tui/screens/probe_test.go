package screens

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
	tea "github.com/charmbracelet/bubbletea"
)

func onProbe(t *testing.T) *screen {
	cfg := cluster.Default(cluster.Generic)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}}
	cfg.WebSocket.Ports = []int{38888}
	cfg.Balancer.URL = "wss://ws.example.com/live"
	return onScreen(t, newProbe, State{Width: 80, Height: 20, Config: cfg})
}

// madeUpTrace is a handshake with every phase.
func madeUpTrace() handshake.Trace {
	const ms = probes.Seconds(time.Millisecond)
	return handshake.Trace{URL: "wss://ws.example.com/live", Secure: true, DNS: 12 * ms, Attempts: []handshake.Attempt{{
		Address: "192.0.2.7:443", TCP: 20 * ms, TLSTime: 45 * ms, Upgrade: 23 * ms,
		Request: []string{"GET /live HTTP/1.1", "Host: ws.example.com", "Upgrade: websocket", "Connection: Upgrade"},
		Response: &handshake.Response{StatusLine: "HTTP/1.1 101 Switching Protocols", Proto: "HTTP/1.1", Code: 101,
			Header: []handshake.Header{{Name: "Upgrade", Value: "websocket"}, {Name: "X-Odd", Value: "a\x1b[31mb"}}},
	}}}
}

func TestProbeIsAsRecorded(t *testing.T) {
	d := onProbe(t)
	golden(t, "probe", d.s, d.st)
	p := d.s.(probe)
	p.tried, p.trace, p.session = true, madeUpTrace(), &wsclient.Session{}
	for i, e := range []wsclient.Event{
		{Kind: wsclient.Message, Text: `{"hello":"世界"}` + "\x1b[2J", After: probes.Seconds(30 * time.Millisecond)},
		{Kind: wsclient.PongReceived, RTT: probes.Seconds(2 * time.Millisecond)},
		{Kind: wsclient.PongReceived, RTT: probes.Seconds(9 * time.Millisecond)},
		{Kind: wsclient.PingReceived},
		{Kind: wsclient.Message, Binary: true, Size: 3, Hex: "0001ff"},
		{Kind: wsclient.PongReceived},
	} {
		if i == 1 {
			p = p.said(talk{ours: true, text: "a message from here that is long enough to be wrapped where the terminal is narrow, " + strings.Repeat("and longer ", 5)})
		}
		p = p.event(e)
	}
	inEveryLook(t, "probe-connected", p, d.st)
	d.s = p
	d.press("h")
	golden(t, "probe-headers", d.s, d.st)
	p = p.event(wsclient.Event{Kind: wsclient.Ended, End: &wsclient.End{By: "server", How: handshake.ByCloseFrame, Code: 1001, Words: probes.T("going away"), After: probes.Seconds(time.Minute), Idle: probes.Seconds(time.Second)}})
	golden(t, "probe-ended", p, d.st)
	p = p.heard(probeCompared{
		rows: []wsclient.Row{
			{What: probes.T("connected to"), A: "192.0.2.7:443", B: "192.168.6.171:38888"},
			{What: probes.T("status"), A: "HTTP/1.1 400 Bad Request", B: "HTTP/1.1 101 Switching Protocols", Differs: true},
			{What: probes.T("arrived: Upgrade"), B: "websocket", Differs: true},
		},
		names: [2]string{"wss://ws.example.com/live", "192.168.6.171:38888"}, trace: madeUpTrace(),
		falls: [2]probes.Fall{{Spans: []probes.Span{{Name: probes.T("name"), Took: 12_000_000}, {Name: probes.T("TCP"), Took: 20_000_000}, {Name: probes.T("TLS"), Took: 45_000_000}, {Name: probes.T("upgrade"), Took: 23_000_000}}},
			{Spans: []probes.Span{{Name: probes.T("TCP"), Took: 1_000_000}, {Name: probes.T("upgrade"), Took: 4_000_000}}}},
	})
	inEveryLook(t, "probe-compared", p, d.st)
	d.s = p
	d.press("/")
	d.typed("upgrade", tea.KeyEnter)
	d.shows(`: "upgrade"`, "arrived: Upgrade")
	if strings.Contains(view(d.s, d.st), "connected to") {
		t.Error("the filter lets all rows through")
	}
	d.press("esc")
	d.shows("connected to")
	d.press("esc", "/")
	d.typed("hello", tea.KeyEnter)
	golden(t, "probe-filter", d.s, d.st)
	d.press("/")
	d.typed("nowhere", tea.KeyEnter)
	d.shows("nothing matches")
	bad := handshake.Cause{Kind: handshake.Refused, Phase: handshake.Connecting, Text: probes.T("192.0.2.7:443 refuses connections: nothing listens there, or a firewall rejects them")}
	p = p.heard(probeOpened{trace: handshake.Trace{Cause: bad, DNS: 1000, Attempts: []handshake.Attempt{{Address: "192.0.2.7:443", Cause: bad}}}})
	p.mode, p.talk, p.rtts = showTalk, nil, nil
	golden(t, "probe-refused", p, d.st)
}

// A conversation with a real node: connecting, a message and its echo, a ping, the close.
func TestProbeTalksToARealNode(t *testing.T) {
	node := standinAt(t)
	d := onProbe(t)
	host, port, err := net.SplitHostPort(node)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(port)
	d.st.Config.Nodes[0].Host, d.st.Config.WebSocket.Ports = host, []int{n}
	p := d.s.(probe)
	var msgs = make(chan tea.Msg, 100)
	run := func(cmd tea.Cmd) {
		var each func(cmd tea.Cmd)
		each = func(cmd tea.Cmd) {
			if cmd == nil {
				return
			}
			go func() {
				switch m := cmd().(type) {
				case tea.BatchMsg:
					for _, c := range m {
						each(c)
					}
				case nil:
				default:
					msgs <- m
				}
			}()
		}
		each(cmd)
	}
	p.url = "ws://" + node + "/"
	d.s = p
	until := func(what string, good func(probe) bool) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for !good(d.s.(probe)) {
			select {
			case m := <-msgs:
				var cmd tea.Cmd
				d.s, cmd = d.s.Update(d.st, m)
				run(cmd)
			case <-deadline:
				t.Fatalf("waiting for %s:\n%s", what, view(d.s, d.st))
			}
		}
	}
	do := func(name string) {
		t.Helper()
		var cmd tea.Cmd
		d.s, cmd = keyNamed(d, name).Do()
		run(cmd)
	}
	do("enter")
	until("the greeting", func(p probe) bool { return p.session != nil && p.greeted > 0 })
	d.shows("HTTP/1.1 101 Switching Protocols", "upgrade", "first message", "connected")
	do(" ")
	until("the pong", func(p probe) bool { return len(p.rtts) == 1 })
	d.shows("round trips", "1 ping:")
	d.s, _ = keyNamed(d, "i").Do()
	d.s, _ = d.s.Update(d.st, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("echo this")})
	var cmd tea.Cmd
	d.s, cmd = d.s.Update(d.st, tea.KeyMsg{Type: tea.KeyEnter})
	run(cmd)
	until("the echo", func(p probe) bool {
		return slices.ContainsFunc(p.talk, func(l talk) bool { return !l.ours && strings.Contains(l.text, "echo this") })
	})
	d.s, _ = d.s.Update(d.st, tea.KeyMsg{Type: tea.KeyEsc})
	do("c")
	until("the end", func(p probe) bool { return p.task == nil })
	d.shows("closed from here", "1000")
	do("d")
	until("the comparison", func(p probe) bool { return p.task == nil && p.mode == showCompared })
	d.shows("through the balancer, and "+node+" itself", "no line differs that means anything")
}

func TestProbeTakesAURL(t *testing.T) {
	d := onProbe(t)
	d.press("u")
	d.typed("ftp://x", tea.KeyEnter)
	d.shows(`found "ftp://x"`)
	d.press("u")
	d.typed("127.0.0.1:1/x", tea.KeyEnter)
	d.shows("─ ws://127.0.0.1:1/x ─")
	if k := keyNamed(d, "i"); k.Off.IsZero() {
		t.Error("a message can be typed without a connection")
	}
	if got := strings.Join(d.s.(probe).Commands(d.st), "\n"); !strings.Contains(got, "wscat -c ws://127.0.0.1:1/x") {
		t.Errorf("by hand: %s", got)
	}
}
