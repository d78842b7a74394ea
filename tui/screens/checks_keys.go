package screens

import (
	"example.com/wsdoctor/probes"
	tea "github.com/charmbracelet/bubbletea"
)

// Keys lists what can be pressed on the checks screen.
func (c checks) Keys(st State) []Key {
	it, some := c.selectedItem(st)
	m := c.d.Theme.Marks
	fix, off := c.fix(it), c.disabled(st, it, some)
	page := max(c.layout(st).lines-1, 1)
	scroll := func(by int) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) { return c.scrolled(st, by), nil }
	}
	become := func(next func() checks) func() (Screen, tea.Cmd) {
		return func() (Screen, tea.Cmd) { return next(), nil }
	}
	back := func() checks { return c.back(st) }
	upDown := probes.T("move")
	if c.detail {
		upDown = probes.T("scroll")
	}
	keys := append(navigation(m, upDown, page, func(by int) Screen { return c.line(st, by) }),
		Key{Names: []string{"K", "shift+up"}, Label: "K/J", Help: probes.T("scroll the details while the list stays"), Off: off.none, Do: scroll(-1)},
		Key{Names: []string{"J", "shift+down"}, Off: off.none, Do: scroll(1)})
	if c.detail {
		keys = append(keys, Key{Names: []string{"esc", "left", "h", "enter"}, Label: "esc", Hint: probes.T("back"), Help: probes.T("back to the list"), Do: become(back)})
	} else {
		keys = append(keys,
			Key{Names: []string{"enter", "right", "l"}, Label: m.Enter, Hint: probes.T("details"), Help: probes.T("into the details"), Off: off.none, Do: become(c.open)},
			Key{Names: []string{"esc", "left", "h"}, Label: "esc", Help: probes.T("back: out of the filter, out of the problems"), Off: off.back, Do: become(back)})
	}
	return append(keys,
		Key{Names: []string{"y"}, Label: "y", Hint: probes.T("copy fix"), Help: probes.T("copy the fix to the terminal's clipboard"), Off: off.fix, Do: request(c, Copy{fix})},
		Key{Names: []string{"o"}, Label: "o", Hint: probes.T("problems"), Help: probes.T("only problems, or all checks again"), Do: become(func() checks { return c.toggled(st) })},
		Key{Names: []string{"/"}, Label: "/", Hint: probes.T("filter"), Help: probes.T("only checks that contain a text"), Do: become(c.asked)},
		Key{Names: []string{"r"}, Label: "r", Hint: probes.T("rerun"), Help: probes.T("run all checks again"), Off: off.busy, Do: request(c, Rerun{})},
		Key{Names: []string{"R"}, Label: "R", Help: probes.T("run the area of the selected check again"), Off: First(off.none, off.busy), Do: request(c, Rerun{Areas: []string{it.area}})},
		Key{Names: []string{"c"}, Label: "c", Help: probes.T("go to the cause"), Off: off.cause, Do: become(func() checks { return c.goTo(st, c.cause(st, it)) })},
		Key{Names: []string{"f"}, Label: "f", Help: probes.T("show the line in the balancer's configuration"), Off: off.place, Do: request(c, Show{ConfigScreen, where(it)})},
		Key{Names: []string{"s"}, Label: "s", Hint: probes.T("save"), Help: probes.T("save the report to a file"), Off: First(off.report, off.busy), Do: request(c, SaveReport{})},
	)
}

// reasons say why keys are disabled; an empty one means that they are not.
type reasons struct{ busy, none, fix, report, cause, back, place probes.Text }

func (c checks) disabled(st State, it item, some bool) reasons {
	var off reasons
	if st.Busy() {
		off.busy = probes.T("the checks are running")
	}
	if !some {
		off.none = probes.T("no check is selected")
	}
	switch {
	case !some:
		off.fix = off.none
	case len(c.fix(it)) > 0:
	case it.res.ExplainedBy != "":
		off.fix = probes.T("it has no fix of its own: c goes to %s", it.res.ExplainedBy)
	case it.done && problem(it.res.Status):
		off.fix = probes.T("this check names no fix")
	default:
		off.fix = probes.T("there is nothing to fix here")
	}
	if len(st.Report.Results) == 0 {
		off.report = probes.T("there is no report yet")
	}
	if where(it) == (Place{}) {
		off.place = probes.T("this check names no line of a file")
	}
	if c.cause(st, it) == "" {
		off.cause = probes.T("no cause was found")
	}
	if c.only.text == "" && !c.problems {
		off.back = probes.T("there is nothing to go back from")
	}
	return off
}

// line moves whatever has the focus.
func (c checks) line(st State, by int) checks {
	if c.detail {
		return c.scrolled(st, by)
	}
	return c.move(st, by)
}

func (c checks) open() checks {
	c.detail, c.moved = true, true
	return c
}

// back undoes the innermost of details, filter and problems.
func (c checks) back(st State) checks {
	switch {
	case c.detail:
		c.detail = false
	case c.only.text != "":
		c = c.settled(st)
		c.only = filter{}
	default:
		c = c.settled(st)
		c.problems = false
	}
	return c
}

// toggled shows only problems, or all again.
func (c checks) toggled(st State) checks {
	c = c.settled(st)
	c.problems, c.scroll = !c.problems, 0
	return c
}

// asked lets the filter be typed.
func (c checks) asked() checks {
	c.only.typing, c.detail = true, false
	return c
}

// cause is the check that explains the selected one, else the top cause.
func (c checks) cause(st State, it item) string {
	if it.res.ExplainedBy != "" {
		return it.res.ExplainedBy
	}
	if len(st.Report.Causes) > 0 {
		return st.Report.Causes[0].ID
	}
	return ""
}

// goTo selects a check, and lets go of what hides it.
func (c checks) goTo(st State, id string) checks {
	c = c.pick(id)
	if it, _ := c.selectedItem(st); it.rule.ID != id {
		c.only, c.problems = filter{}, false
	}
	return c
}

// where is the first line of a configuration file that a check's findings name.
func where(it item) Place {
	if it.area != "nginx" && it.area != "haproxy" {
		return Place{}
	}
	for _, f := range it.res.Findings {
		for _, e := range f.Evidence {
			if p, ok := placeOf(e.Where); ok {
				p.Check = it.rule.ID
				return p
			}
		}
	}
	return Place{}
}

// Commands are those that check the same without the screens.
func (c checks) Commands(st State) []string {
	it, some := c.selectedItem(st)
	if !some {
		return []string{st.wsdoctor("check")}
	}
	return []string{st.wsdoctor("check --only " + it.rule.ID), "wsdoctor explain " + it.rule.ID, st.wsdoctor("check --format markdown")}
}

// Explain tells of the selected check.
func (c checks) Explain(st State) []probes.Text {
	it, some := c.selectedItem(st)
	if !some {
		return []probes.Text{probes.T("Every check of every area, with what it found. Select one to read why it exists and what to paste.")}
	}
	return []probes.Text{probes.T("%s: %s", it.rule.ID, probes.Phrase(it.rule.Title)), it.rule.Because(), probes.T("more: wsdoctor explain %s", it.rule.ID)}
}
