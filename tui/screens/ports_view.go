package screens

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/tui/widgets"
)

// roleColumnFrom is the width from which the table has room for the roles beside the holder.
const roleColumnFrom = 76

// table draws the head and one line for each port.
func (p portsScreen) table(st State, o ports.Observation, selected int) []string {
	t := p.d.Theme
	cols := []widgets.Column{
		{Title: strings.Repeat(" ", 1+1+widgets.Width(t.Marks.OK))},
		{Title: t.Say(probes.T("port")), Min: 5, Right: true},
		{Title: t.Say(probes.T("role")), Min: 9, Shrink: true},
		{Title: t.Say(probes.T("state")), Min: 8},
		{Title: t.Say(probes.T("held by")), Min: 10, Shrink: true},
		{Title: t.Say(probes.T("TIME_WAIT"))},
		{Title: t.Say(probes.T("bind now?"))},
	}
	var rows [][]widgets.Cell
	for i, port := range o.Ports {
		status := p.status(st, port)
		mark, style := t.Status(status)
		text := t.Plain
		cursor := " "
		if i == selected {
			cursor = t.Accent.Render(t.Marks.Cursor)
			if p.detail {
				cursor = t.Faint.Render(t.Marks.Cursor)
			}
			text = t.Selected
		}
		wait, waitStyle := p.waiting(o, port), t.Faint
		if p.left(o, port) > 0 {
			waitStyle = t.Strong
		}
		rows = append(rows, []widgets.Cell{
			{Text: cursor + " " + style.Render(mark), Style: t.Plain},
			{Text: strconv.Itoa(port.Port), Style: text},
			{Text: p.roles(port), Style: t.Faint},
			{Text: t.Say(stateWord(port.State)), Style: text},
			{Text: t.Clean(holder(port)), Style: text},
			{Text: wait, Style: waitStyle},
			{Text: t.Say(bindWord(port)), Style: text},
		})
	}
	if st.Width < roleColumnFrom {
		cols = slices.Delete(cols, 2, 3)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 2, 3)
		}
	}
	return widgets.Table(cols, t.Faint, rows, st.Width, t.Marks.Ellipsis)
}

// status is the worst that any check found about the port, so that this screen never says other than the checks do.
func (p portsScreen) status(st State, port ports.Port) probes.Status {
	worst := probes.OK
	if port.State == ports.StateUnknown || port.Belongs == ports.CannotTell {
		worst = probes.Unknown
	}
	for _, found := range findings(st, port.Port) {
		switch {
		case found.Severity == probes.Error:
			return probes.Failed
		case found.Severity == probes.Warning:
			worst = probes.Warned
		}
	}
	return worst
}

// found is a finding and the check that made it.
type found struct {
	probes.Finding
	id string
}

// findings lists what the checks of all areas hold against a port, in the catalogue's order.
func findings(st State, port int) []found {
	var out []found
	for _, r := range st.Report.Results {
		for _, f := range r.Findings {
			if f.Subject == strconv.Itoa(port) {
				out = append(out, found{f, r.ID})
			}
		}
	}
	return out
}

// roles names what a port is for.
func (p portsScreen) roles(port ports.Port) string {
	words := make([]string, len(port.Roles))
	for i, r := range port.Roles {
		words[i] = p.d.Theme.Say(roleWord(r))
	}
	return strings.Join(words, ", ")
}

func roleWord(r ports.Role) probes.Text {
	switch r {
	case ports.WebSocket:
		return probes.T("websocket")
	case ports.Forwarding:
		return probes.T("forwarding")
	case ports.BalancerURL:
		return probes.T("balancer")
	case ports.Backend:
		return probes.T("backend")
	case ports.Asked:
		return probes.T("asked for")
	}
	return probes.Verbatim(string(r))
}

func stateWord(s ports.State) probes.Text {
	switch s {
	case ports.Free:
		return probes.T("free")
	case ports.Held:
		return probes.T("held")
	case ports.Waiting:
		return probes.T("waiting")
	case ports.Outgoing:
		return probes.T("outgoing")
	case ports.BoundOnly:
		return probes.T("bound")
	}
	return probes.T("unknown")
}

// holder names what listens: the first process, and how many more there are.
func holder(port ports.Port) string {
	all := processes(port)
	if len(all) == 0 {
		if len(port.Listeners) > 0 {
			return "?"
		}
		return ""
	}
	out := process(all[0])
	if len(all) > 1 {
		out += fmt.Sprintf(" +%d", len(all)-1)
	}
	return out
}

// processes lists the programs on a port, each once: those that listen, else those that otherwise keep it.
func processes(port ports.Port) []ports.Process {
	var out []ports.Process
	add := func(list []ports.Process) {
		for _, p := range list {
			if !slices.ContainsFunc(out, func(q ports.Process) bool { return q.PID == p.PID }) {
				out = append(out, p)
			}
		}
	}
	for _, l := range port.Listeners {
		add(l.Processes)
	}
	if len(port.Listeners) == 0 {
		for _, c := range slices.Concat(port.Outgoing, port.Bound) {
			add(c.Processes)
		}
	}
	return out
}

// process is a program in as few words as tell which one it is: the column is narrow.
func process(p ports.Process) string {
	out := fmt.Sprintf("%s (%d)", cmp.Or(p.Name, "?"), p.PID)
	switch {
	case p.Unit != "":
		out += " " + p.Unit
	case p.Container != "":
		out += " " + p.Container
	}
	return out
}

// waiting counts the connections in TIME_WAIT and the seconds until the last one is gone.
func (p portsScreen) waiting(o ports.Observation, port ports.Port) string {
	n := port.TimeWait.Accepted + port.TimeWait.Outgoing
	left := p.left(o, port)
	switch {
	case n == 0:
		return strings.TrimSpace(p.d.Theme.Marks.Skipped)
	case !o.Timers:
		return strconv.Itoa(n)
	case left == 0:
		return p.d.Theme.Say(probes.T("%d, over", n))
	}
	return fmt.Sprintf("%d, %s", n, seconds(left))
}

// bindWord says which servers can bind the port: all, those that set SO_REUSEADDR, or none.
func bindWord(port ports.Port) probes.Text {
	switch {
	case port.May.WithoutReuse:
		return probes.T("yes")
	case port.May.WithReuse:
		return probes.T("REUSEADDR")
	case port.State == ports.StateUnknown:
		return probes.T("unknown")
	}
	return probes.T("no")
}
