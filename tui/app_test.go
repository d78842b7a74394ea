package tui

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
)

// colourSequence is an SGR sequence that sets a colour, alone or among others.
var colourSequence = regexp.MustCompile(`\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m`)

func TestFirstPaintWaitsForNoProbe(t *testing.T) {
	d := byHand(t, madeUpOptions(), 80, 24)
	d.has("node1", "FineReport", "0 of 5 areas", "every configured port", "waits", "q quit")
	if !d.a.st.Busy() {
		t.Error("nothing runs")
	}
}

func TestTooSmallSaysSo(t *testing.T) {
	for _, size := range [][2]int{{59, 20}, {60, 19}, {20, 5}, {1, 1}} {
		d := byHand(t, madeUpOptions(), size[0], size[1])
		if size[0] > 20 {
			d.has("wsdoctor needs", "60x20")
		}
		if lines := strings.Split(d.a.View(), "\n"); len(lines) > size[1] {
			t.Errorf("%v: %d lines", size, len(lines))
		}
		if cmd := d.send(key("q")); cmd == nil || cmd() != tea.Quit() {
			t.Errorf("%v: q does not quit", size)
		}
	}
}

func TestATerminalWithoutASize(t *testing.T) {
	byHand(t, madeUpOptions(), 0, 0).has("q quit")
}

func TestTheEndOfARunSelectsTheCause(t *testing.T) {
	d := byHand(t, madeUpOptions(), 120, 40).finish()
	d.has("→ nginx passes no Upgrade header", "─ balancer/upgrade ─", "explains 1 more", "proxy_http_version 1.1;")
	d.press("up", "up", "down")
	d.has("─ handshake/upgrade ─", "explained by balancer/upgrade")
	d.press("r")
	d.has("0 of 5 areas")
	d.finish()
	d.has("─ handshake/upgrade ─", "checked again: nothing has changed") // what was chosen by hand stays
	d.press("c")
	d.has("─ balancer/upgrade ─")
}

// handshakeSeen is what the made-up area handshake observes below.
type handshakeSeen struct{}

// looks counts how often each area was looked at.
type looks struct {
	mu sync.Mutex
	n  map[string]int
}

func (l *looks) add(area string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == nil {
		l.n = map[string]int{}
	}
	l.n[area]++
}

// mendable returns a host whose balancer needs what handshake saw, and is broken until mended says otherwise.
func mendable(mended *bool, looks *looks) Options {
	o := madeUpOptions()
	broken := func(title string) func() []probes.Finding {
		return func() []probes.Finding {
			if *mended {
				return nil
			}
			return []probes.Finding{{Severity: probes.Error, Title: probes.T("%s", title)}}
		}
	}
	upgrade, answer := broken("nginx passes no Upgrade header"), broken("it answered 400")
	o.Probes = []probes.Probe{
		probes.New("kernel", func(context.Context, probes.Target) (int, error) { looks.add("kernel"); return 1, nil },
			[]probes.Rule[int]{{ID: "kernel/somaxconn", Title: "the backlog is long enough", Check: func(int) []probes.Finding { return nil }}}),
		probes.New("handshake", func(context.Context, probes.Target) (handshakeSeen, error) {
			looks.add("handshake")
			return handshakeSeen{}, nil
		}, []probes.Rule[handshakeSeen]{{ID: "handshake/upgrade", Title: "the service answers with 101", Check: func(handshakeSeen) []probes.Finding { return answer() }}}),
		probes.New("balancer", func(_ context.Context, t probes.Target) (bool, error) {
			looks.add("balancer")
			if _, ok := probes.Seen[handshakeSeen](t); !ok {
				return false, errors.New("handshake saw nothing")
			}
			return true, nil
		}, []probes.Rule[bool]{{ID: "balancer/upgrade", Title: "the balancer passes the upgrade on", Check: func(bool) []probes.Finding { return upgrade() }}}, "handshake"),
	}
	return o
}

func TestRerunOfOneArea(t *testing.T) {
	mended, looked := false, &looks{}
	d := byHand(t, mendable(&mended, looked), 80, 24).finish()
	d.has("✗ 2 failed", "✓ 1 ok", "→ nginx passes no Upgrade header")

	mended = true
	d.press("R") // the cause is selected, and it is the balancer's
	d.finish()
	if want := (map[string]int{"kernel": 1, "handshake": 2, "balancer": 2}); !maps.Equal(looked.n, want) {
		t.Errorf("looked %v times, want %v: the area and what it needs", looked.n, want)
	}
	d.has("✓ 3 ok", "all that was checked is fine", "checked again: 2 changes")
	d.lacks("2 failed", "→")
	if ids := resultIDs(d.a.st.Report); ids != "kernel/somaxconn handshake/upgrade balancer/upgrade" {
		t.Errorf("the merged report holds %s", ids)
	}
	for _, area := range []string{"kernel", "handshake", "balancer"} {
		if d.a.st.Report.Observed[area] == nil {
			t.Errorf("the merged report has lost what %s saw", area)
		}
	}

	mended = false
	d.press("R")
	d.finish()
	if d.a.st.Results["handshake/upgrade"].ExplainedBy != "balancer/upgrade" || d.a.raw.Results[1].ExplainedBy != "" {
		t.Error("the diagnosis sees the whole report, and leaves the base of the next run alone")
	}
}

func resultIDs(r probes.Report) string {
	var ids []string
	for _, res := range r.Results {
		ids = append(ids, res.ID)
	}
	return strings.Join(ids, " ")
}

func TestOnlyWhatIsSelectedIsShownAndRun(t *testing.T) {
	looked := &looks{}
	o := mendable(new(bool), looked)
	o.RunOptions.Selected = func(id string) bool { return id == "kernel/somaxconn" }
	d := byHand(t, o, 80, 24).finish()
	d.has("1 check ", "kernel")
	d.lacks("balancer/upgrade")
	if !maps.Equal(looked.n, map[string]int{"kernel": 1}) {
		t.Errorf("looked %v times", looked.n)
	}
}

func TestProblemsOfAHealthyHost(t *testing.T) {
	o := madeUpOptions()
	o.Probes = []probes.Probe{portsProbe(o.Target.Now, noWait)}
	d := byHand(t, o, 60, 20).finish()
	d.has("all that was checked is fine", "✓ 3 ok")
	d.press("o")
	d.has("no problems; o shows all checks", "0 of 3: problems")
	d.press("enter", "R", "J", "y", "up", "pgdown", "end", "home") // none of them may need a selected check
	d.has("no problems")
}

func TestVerdicts(t *testing.T) {
	cases := []struct {
		result probes.Result
		want   string
	}{
		{probes.Result{Status: probes.OK}, "all that was checked is fine"},
		{probes.Result{Status: probes.Skipped}, "no check applies to this host; the checks say why"},
		{probes.Result{Status: probes.Unknown}, "nothing could be looked at; the checks say what is missing"},
		{probes.Result{Status: probes.Warned, Findings: []probes.Finding{{Severity: probes.Warning, Title: probes.T("soon")}}}, "→ soon"},
		{probes.Result{Status: probes.OK, Findings: []probes.Finding{{Title: probes.T("a fact")}}}, "all that was checked is fine"},
	}
	for _, c := range cases {
		d := byHand(t, madeUpOptions(), 80, 24)
		d.send(runEnded{shown: probes.Report{Results: []probes.Result{c.result}}})
		d.has(c.want)
	}
	d := byHand(t, madeUpOptions(), 80, 24)
	d.send(runEnded{shown: probes.Report{Results: []probes.Result{{ID: "a/b", Status: probes.OK}, {ID: "a/c", Status: probes.Unknown}}}})
	d.has("all that could be seen is fine; 1 check could not look")
}

func TestCopyGoesToTheTerminal(t *testing.T) {
	fix := "# nginx.conf, in the location that proxies the WebSocket path\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n" +
		"proxy_set_header Connection $connection_upgrade;\nnginx -t && nginx -s reload"
	payload := "\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(fix)) + "\a"
	cases := []struct {
		to         Clipboard
		want, note string
	}{
		{Direct, payload, "copied 5 lines"},
		{ThroughTmux, payload + "\x1bPtmux;\x1b" + payload + "\x1b\\", "set-clipboard on"},
		{ThroughScreen, "", "copied 5 lines (through screen)"},
	}
	for _, c := range cases {
		var out bytes.Buffer
		o := madeUpOptions()
		o.Output, o.Clipboard = &out, c.to
		d := byHand(t, o, 80, 24).finish()
		d.send(d.press("y")())
		d.has(c.note)
		if c.want != "" && out.String() != c.want {
			t.Errorf("clipboard %d: wrote %q, want %q", c.to, out.String(), c.want)
		}
		if !strings.HasPrefix(out.String(), "\x1b") {
			t.Errorf("clipboard %d: wrote %q", c.to, out.String())
		}
	}
}

func TestSave(t *testing.T) {
	o := madeUpOptions()
	var got probes.Report
	var fail error
	o.SaveReport = func(r probes.Report) (string, error) { got = r; return "/srv/report.json", fail }
	d := byHand(t, o, 80, 24).finish()
	d.send(d.press("s")())
	d.has("saved the report as /srv/report.json")
	if len(got.Results) != 12 || len(got.Causes) != 1 {
		t.Errorf("saved %d results and %d causes", len(got.Results), len(got.Causes))
	}
	fail = errors.New("writing /srv/report.json: no space left on device")
	d.send(d.press("s")())
	d.has("no space left on device")
	d.press("j")
	d.lacks("no space left on device")
	d.a.o.SaveReport = nil
	d.send(d.press("s")())
	d.has("saving the report: there is no place for it")
}

func TestFirstTimeChoice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	choose := func(path string) *hand {
		o := madeUpOptions()
		o.Choose, o.SettingsPath = true, path
		return byHand(t, o, 80, 24)
	}
	d := choose(path)
	d.has("What runs on this host?", "▌  FineReport", "38888, 39888")
	if d.a.st.Busy() || d.a.Init() == nil {
		t.Error("something runs before the choice")
	}
	d.press("2")
	d.has("2: first choose what runs on this host")
	d.press("down", "enter")
	d.has("FineBI", "0 of 5 areas")
	if d.a.target.Config.WebSocket.Ports[0] != 48888 {
		t.Errorf("checks %+v", d.a.target.Config.WebSocket)
	}

	d = choose(path)
	d.press("end", "w")
	d.has(path, "y writes it")
	d.press("n")
	d.lacks("y writes it")
	if _, err := os.Stat(path); err == nil {
		t.Fatal("n wrote the file")
	}
	d.press("w")
	written := d.send(key("y"))()
	if _, err := cluster.Load(path); err != nil {
		t.Error(err)
	}
	d.send(d.send(written)())
	d.has("generic", "wsdoctor.yaml", "0 of 5 areas", "wrote "+path)

	d = choose(filepath.Join(path, "x"))
	d.press("w")
	d.send(d.send(key("y"))())
	d.has("writing "+path, "checks without a file")

	d = choose("")
	d.press("w")
	d.has("w: there is no place for a settings file")
}

// At rest nothing is scheduled: the spinner ends with the run, and one command waits for the next event.
func TestIdleCostsNothing(t *testing.T) {
	o := madeUpOptions()
	o.Probes = []probes.Probe{portsProbe(o.Target.Now, noWait)}
	d := byHand(t, o, 80, 24)
	if cmd := d.send(spin{}); cmd == nil {
		t.Error("the spinner stands still in a run")
	}
	d.finish()
	before := d.a.View()
	if cmd := d.send(spin{}); cmd != nil {
		t.Error("the spinner goes on at rest")
	}
	if d.a.View() != before {
		t.Error("the view changes at rest")
	}
	if cmd := d.send(screens.RunFinished{}); cmd != nil {
		t.Error("a countdown is scheduled where none runs")
	}
}

func TestTheFirstScreenIsAsAsked(t *testing.T) {
	for begin, want := range map[string]string{"": screens.All[0].Title, "Ports": "Ports"} {
		o := madeUpOptions()
		o.Begin, o.Output = begin, io.Discard
		a := newApp(o, &work{ctx: t.Context()}, theme.New(theme.Options{}))
		if got := screens.All[a.active].Title; got != want {
			t.Errorf("%q: it begins on %s", begin, got)
		}
	}
}
