package screens

import (
	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// Keys lists what can be pressed on the configuration screen.
func (c config) Keys(st State) []Key {
	var none, noMarks, oneFile, noFix, noDiff, noFinding, busy probes.Text
	switch {
	case c.read == nil:
		none = probes.T("no configuration was read")
		noMarks, oneFile, noFix, noDiff, noFinding = none, none, none, none, none
	default:
		if len(c.read.marks) == 0 {
			noMarks = probes.T("there are no findings")
		}
		if len(c.read.files) == 1 {
			oneFile = probes.T("it is one file")
		}
		if len(c.fix()) == 0 {
			noFix = probes.T("there is nothing to paste for this line")
		}
		if len(c.read.diff) == 0 {
			noDiff = c.read.noDiff
		}
		if len(c.read.at(c.file, c.line)) == 0 || c.mode != showFile {
			noFinding = probes.T("this line has no finding")
		}
	}
	if st.Busy() {
		busy = probes.T("the checks are running")
	}
	hint := probes.T("line")
	if c.mode != showFile {
		hint = probes.T("scroll")
	}
	typing := func(what configAsk) func() Screen {
		return func() Screen { c.asking, c.text = what, ""; return c }
	}
	scroll := func(by int) func() Screen {
		return func() Screen {
			c.scroll = min(max(c.scroll+by, 0), c.scrollEnd(st))
			return c
		}
	}
	keys := navigation(c.d.Theme.Marks, hint, max(c.room(st)-1, 1), func(by int) Screen { return c.moved(st, by) })
	return append(keys,
		Key{Names: []string{"n"}, Label: "n/N", Hint: probes.T("finding"), Help: probes.T("the next finding, and the one before"), Off: noMarks, Do: press(func() Screen { return c.jumped(1) })},
		Key{Names: []string{"N"}, Off: noMarks, Do: press(func() Screen { return c.jumped(-1) })},
		Key{Names: []string{"]"}, Label: "]/[", Hint: probes.T("file"), Help: probes.T("the next file, and the one before"), Off: oneFile, Do: press(func() Screen { return c.turned(1) })},
		Key{Names: []string{"["}, Off: oneFile, Do: press(func() Screen { return c.turned(-1) })},
		Key{Names: []string{"K", "shift+up"}, Label: "K/J", Help: probes.T("scroll the finding while the file stays"), Off: noFinding, Do: press(scroll(-1))},
		Key{Names: []string{"J", "shift+down"}, Off: noFinding, Do: press(scroll(1))},
		Key{Names: []string{"d"}, Label: "d", Hint: probes.T("diff"), Help: probes.T("what `lint --fix` would change, or the file again"), Off: noDiff, Do: press(func() Screen { return c.toggled(showDiff) })},
		Key{Names: []string{"t"}, Label: "t", Hint: probes.T("walk"), Help: probes.T("what happens to a request, or the file again"), Off: none, Do: press(func() Screen { return c.toggled(showWalk) })},
		Key{Names: []string{"w"}, Label: "w", Help: probes.T("walk a path that is typed"), Off: none, Do: press(typing(askPath))},
		Key{Names: []string{"y"}, Label: "y", Hint: probes.T("copy fix"), Help: probes.T("copy the fix, or the diff, to the terminal's clipboard"), Off: noFix, Do: request(c, Copy{c.fix()})},
		Key{Names: []string{"o"}, Label: "o", Help: probes.T("open another file or folder"), Do: press(typing(askFile))},
		c.only.key(probes.T("only lines that contain a text"), none, c.filtered),
		Key{Names: []string{"esc"}, Label: "esc", Help: probes.T("clear the filter, or back to the file"), Off: First(none, c.fileShown()), Do: press(func() Screen {
			if c.only.text != "" {
				return c.filtered(filter{})
			}
			return c.toggled(c.mode)
		})},
		Key{Names: []string{"r"}, Label: "r", Help: probes.T("read it again"), Off: busy, Do: func() (Screen, tea.Cmd) { return c.again(st) }},
	)
}

func (c config) fileShown() probes.Text {
	if c.mode == showFile && c.only.text == "" {
		return probes.T("the file is shown")
	}
	return probes.Text{}
}

// again reads the files anew: those of the balancer, or the one that was opened.
func (c config) again(st State) (Screen, tea.Cmd) {
	if c.read != nil && c.read.chosen.Format == handChosen.Format {
		return c.open(st, c.read.files[0].name)
	}
	return c, ask(Rerun{Areas: []string{"nginx", "haproxy"}})
}

// Commands are those that say the same outside.
func (c config) Commands(st State) []string {
	if c.read == nil || len(c.read.files) == 0 {
		return nil
	}
	name := shellWord(c.read.files[0].name)
	if c.read.program != "nginx" {
		return []string{"wsdoctor lint " + name, "haproxy -c -f " + name, st.wsdoctor("check --only haproxy")}
	}
	out := []string{"wsdoctor lint " + name, "wsdoctor lint --fix " + name + " | patch -p0", "nginx -t -c " + name}
	if len(c.walk) > 0 {
		out = append(out, "wsdoctor lint --trace --path "+shellWord(c.walk[0].Path)+" "+name)
	}
	return out
}

// Explain tells of the finding at the cursor, else of the screen.
func (c config) Explain(State) []probes.Text {
	if c.read != nil && c.mode == showFile {
		if marks := c.marks(); len(marks) > 0 {
			m := marks[0]
			return []probes.Text{m.finding.Title, m.why, probes.T("more: wsdoctor explain %s", m.id)}
		}
	}
	return []probes.Text{
		probes.T("The balancer's configuration as the balancer reads it, with its includes. Lines in the margin's colour break or endanger WebSocket connections: the finding says why and what to paste."),
		probes.T("The walk says what happens to one request: which server and location it reaches, what the backend is asked for, and which headers it gets."),
	}
}
