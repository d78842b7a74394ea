package screens

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/tui/widgets"
	tea "github.com/charmbracelet/bubbletea"
)

// balancerScreen makes the active tests of the path, each when it is asked for, and draws what they see. One runs at a
// time: a ramp of connections would disturb the others.
type balancerScreen struct {
	d        Deps
	only     filter // of the tests, by what they are called and what they came to
	selected int
	scroll   int
	amounts  map[string]int // that the operator chose; never changed, only replaced
	outcomes map[string]outcome
	url      string // that the operator typed; "": the settings' own

	running *task
	test    string // that runs
	asked   string // that runs when the operator says so
	step    balancer.Step
	curve   []float64 // tunnels held, or sockets ended, as the test goes

	typing bool
	text   string
	bad    probes.Text // what is wrong with the URL that was typed
}

// tested is the end of a test.
type tested struct {
	test string
	outcome
}

func newBalancer(d Deps) Screen { return balancerScreen{d: d} }

func (b balancerScreen) Prompt() string {
	t := b.d.Theme
	if !b.typing {
		return b.only.prompt(t)
	}
	return Typing(t, t.Say(probes.T("URL: ")), b.text, probes.T("%s takes it, esc leaves", t.Marks.Enter))
}

func (b balancerScreen) Update(st State, msg tea.Msg) (Screen, tea.Cmd) {
	switch msg := msg.(type) {
	case told:
		if msg.by == nil || msg.by != b.running {
			return b, nil
		}
		switch m := msg.msg.(type) {
		case balancer.Step:
			b.step = m
			switch m.Test {
			case "capacity":
				b.curve = thinned(append(slices.Clone(b.curve), m.Done))
			case "idle":
				b.curve = thinned(append(slices.Clone(b.curve), float64(m.Bad)))
			}
		case tested:
			b.outcomes = with(b.outcomes, m.test, m.outcome)
		}
		return b, msg.by.next(b.d)
	case over:
		if msg.by != nil && msg.by == b.running {
			b.running, b.test = nil, ""
		}
	case tea.KeyMsg:
		if b.only.typing {
			return b.filtered(b.only.typed(b.d.Theme, msg)), nil
		}
		return b.typed(msg), nil
	}
	return b, nil
}

// mostPoints is how many points a curve keeps: more than a terminal has columns.
const mostPoints = 512

// thinned drops every second point of a curve that has become too long.
func thinned(points []float64) []float64 {
	if len(points) <= mostPoints {
		return points
	}
	out := points[:0]
	for i := 1; i < len(points); i += 2 {
		out = append(out, points[i])
	}
	return out
}

// with returns a copy of a map with one more entry.
func with[V any](m map[string]V, key string, value V) map[string]V {
	out := make(map[string]V, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	out[key] = value
	return out
}

func (b balancerScreen) typed(k tea.KeyMsg) balancerScreen {
	switch k.Type {
	case tea.KeyEsc:
		b.typing, b.text = false, ""
	case tea.KeyEnter:
		text := strings.TrimSpace(b.text)
		b.typing, b.text, b.bad = false, "", probes.Text{}
		if text == "" {
			b.url = ""
			break
		}
		if !strings.Contains(text, "://") {
			text = "ws://" + text // as wscat does
		}
		if u, err := url.Parse(text); err != nil || u.Hostname() == "" || u.Scheme != "ws" && u.Scheme != "wss" {
			b.bad = probes.T("found %q, expected ws://HOST[:PORT]/PATH or wss://…", text)
			break
		}
		b.url, b.outcomes = text, nil
	default:
		b.text = Edited(b.d.Theme, b.text, k)
	}
	return b
}

// target is the URL that is tested.
func (b balancerScreen) target(st State) string {
	if b.url != "" {
		return b.url
	}
	return st.Config.BalancerURL()
}

// amount is how much of a test is asked for.
func (b balancerScreen) amount(st State, t activeTest) int {
	if n, ok := b.amounts[t.name]; ok {
		return n
	}
	return t.usual(st.Config)
}

// more changes the number of the selected test by a step that a person would take: 6, 8, 10, 12, 15, 20, 30, 40 …
func (b balancerScreen) more(st State, by int) Screen {
	t := activeTests[b.selected]
	n := b.amount(st, t)
	if by > 0 {
		n = max(n*4/3, n+1)
	} else {
		n = min(n*3/4, n-1)
	}
	if n > 20 {
		n -= n % 5
	}
	b.amounts = with(b.amounts, t.name, min(max(n, t.least), t.most))
	return b
}

// start begins the test that was asked for.
func (b balancerScreen) start(st State) (Screen, tea.Cmd) {
	i := slices.IndexFunc(activeTests, func(t activeTest) bool { return t.name == b.asked })
	test, n, url := activeTests[i], b.amount(st, activeTests[i]), b.target(st)
	var cmd tea.Cmd
	b.running, cmd = b.d.begin(func(ctx context.Context, tell func(tea.Msg, bool)) {
		out := makeTest(ctx, st, url, test, n, func(s balancer.Step) { tell(s, true) })
		tell(tested{test.name, out}, false)
	})
	b.test, b.asked, b.step, b.curve, b.scroll = test.name, "", balancer.Step{Test: test.name}, nil, 0
	return b, cmd
}

func (b balancerScreen) moved(st State, by int) Screen {
	if by == farAway || by == -farAway || by == 1 || by == -1 {
		shown := b.shown()
		if len(shown) > 0 {
			i := slices.Index(shown, b.selected)
			b.selected = shown[min(max(i+by, 0), len(shown)-1)]
		}
		b.scroll, b.asked = 0, ""
		return b
	}
	return b.scrolled(st, by)
}

func (b balancerScreen) scrolled(st State, by int) Screen {
	b.scroll = min(max(b.scroll+by, 0), max(len(b.picture(st, st.Width-2))-b.room(st), 0))
	return b
}

// room is how many lines the picture has.
func (b balancerScreen) room(st State) int { return max(st.Height-3-len(b.rows(st)), 1) }

// Keys lists what can be pressed on the balancer screen.
func (b balancerScreen) Keys(st State) []Key {
	t := activeTests[b.selected]
	var off, noStop, noNumber, noResult probes.Text
	switch {
	case b.running != nil:
		off = probes.T("a test is running; esc stops it")
	case b.target(st) == "":
		off = probes.T("the settings name no balancer.url; u takes one")
	}
	if t.least == 0 {
		noNumber = probes.T("this test takes no number")
	}
	if b.running == nil && b.asked == "" && b.only.text == "" {
		noStop = probes.T("no test is running")
	}
	if out, ok := b.outcomes[t.name]; !ok || len(b.fix(out)) == 0 {
		noResult = probes.T("there is nothing to fix here")
	}
	var noAgain probes.Text
	if _, done := b.outcomes[t.name]; !done {
		noAgain = probes.T("this test was not made yet; %s makes it", b.d.Theme.Marks.Enter)
	}
	number := func(by int) func() Screen { return func() Screen { return b.more(st, by) } }
	start := Key{Names: []string{"enter"}, Label: b.d.Theme.Marks.Enter, Hint: probes.T("test"), Help: probes.T("say what the selected test will do, then do it"), Off: off, Do: press(func() Screen { b.asked = t.name; return b })}
	if b.asked != "" {
		start.Hint, start.Do = probes.T("do it"), func() (Screen, tea.Cmd) { return b.start(st) }
	}
	keys := append(navigation(b.d.Theme.Marks, probes.T("move"), max(b.room(st)-1, 2), func(by int) Screen { return b.moved(st, by) }), start,
		Key{Names: []string{"esc"}, Label: "esc", Hint: probes.T("stop"), Help: probes.T("stop the test (every connection is let go), or clear the filter"), Off: noStop, Do: press(func() Screen {
			switch {
			case b.running != nil:
				b.running.stop()
			case b.asked != "":
				b.asked = ""
			default:
				return b.filtered(filter{})
			}
			return b
		})},
		Key{Names: []string{"r"}, Label: "r", Help: probes.T("the selected test again (it asks)"), Off: First(off, noAgain), Do: press(func() Screen { b.asked = t.name; return b })},
		b.only.key(probes.T("only tests that contain a text"), probes.Text{}, func(f filter) Screen { return b.filtered(f) }),
		Key{Names: []string{"+", "="}, Label: "+/-", Hint: probes.T("number"), Help: probes.T("more connections or a longer silence, or less"), Off: First(noNumber, off), Do: press(number(1))},
		Key{Names: []string{"-"}, Off: First(noNumber, off), Do: press(number(-1))},
		Key{Names: []string{"K", "shift+up"}, Label: "K/J", Help: probes.T("scroll the result"), Do: press(func() Screen { return b.scrolled(st, -1) })},
		Key{Names: []string{"J", "shift+down"}, Do: press(func() Screen { return b.scrolled(st, 1) })},
		Key{Names: []string{"u"}, Label: "u", Hint: probes.T("URL"), Help: probes.T("test another URL; an empty one is the settings' own again"), Off: b.offURL(), Do: press(func() Screen { b.typing, b.text, b.bad = true, b.url, probes.Text{}; return b })})
	return append(keys, Key{Names: []string{"y"}, Label: "y", Help: probes.T("copy the fix to the terminal's clipboard"), Off: noResult, Do: request(b, Copy{b.fix(b.outcomes[t.name])})})
}

func (b balancerScreen) offURL() probes.Text {
	if b.running != nil {
		return probes.T("a test is running; esc stops it")
	}
	return probes.Text{}
}

// fix returns the lines that repair what a test found.
func (b balancerScreen) fix(o outcome) []string {
	var out []string
	for _, f := range o.found {
		for _, line := range f.Fix {
			out = append(out, strings.Split(strings.TrimRight(b.d.Theme.Pasteable(line), "\n"), "\n")...)
		}
	}
	return out
}

// Commands are those that make the same tests.
func (b balancerScreen) Commands(st State) []string {
	u := b.target(st)
	if u == "" {
		u = "ws://HOST:PORT/"
	}
	t := activeTests[b.selected]
	return []string{st.wsdoctor("balancer " + shellWord(u) + " " + t.flag(b.amount(st, t))), st.wsdoctor("balancer " + shellWord(u) + " --all"), st.wsdoctor("check --deep --only balancer")}
}

// Explain says what the selected test is for.
func (b balancerScreen) Explain(st State) []probes.Text {
	t := activeTests[b.selected]
	return []probes.Text{t.says(b.amount(st, t)), probes.T("Nothing is started before you say so, one test runs at a time, and esc ends it at any moment: every connection that it made is let go.")}
}

func (b balancerScreen) View(st State) string {
	t := b.d.Theme
	u := b.target(st)
	title := t.Say(probes.T("active tests"))
	if u != "" {
		title = t.Say(probes.T("active tests of %s", t.Clean(u)))
	}
	lines := append([]string{rule(t, pane{b.only.titled(t, title), true, false}, pane{}, st.Width, 0)}, b.rows(st)...)
	test := activeTests[b.selected]
	room := b.room(st) + 1
	pic := b.picture(st, st.Width-2)
	lines = append(lines, rule(t, pane{t.Say(test.title), false, len(pic) > room}, pane{}, st.Width, 0))
	for _, line := range widgets.Window(pic, min(b.scroll, max(len(pic)-room, 0)), room) {
		lines = append(lines, " "+widgets.Cut(line, st.Width-2, t.Marks.Ellipsis))
	}
	return strings.Join(lines, "\n")
}

// progress says how far the running test is.
func (b balancerScreen) progress() probes.Text {
	s := b.step
	switch {
	case s.Test == "idle" && s.Of > 0:
		return probes.T("%.0f s of %.0f s at most, %d sockets have ended", s.Done, s.Of, s.Bad)
	case s.Test == "capacity" && s.Of > 0:
		return probes.T("%.0f of %.0f held, %d refused", s.Done, s.Of, s.Bad)
	case s.Of > 0:
		return probes.T("%.0f of %.0f", s.Done, s.Of)
	}
	return probes.T("connecting")
}

// tookWords says when a test was made and how long it took.
func tookWords(o outcome) probes.Text {
	return probes.T("made at %s in %s", o.at.Format(time.TimeOnly), probes.Seconds(o.took))
}
