package screens

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/widgets"
	"github.com/charmbracelet/lipgloss"
)

func (p proxyScreen) View(st State) string {
	t := p.d.Theme
	title := t.Say(probes.T("proxy"))
	if len(p.seen.Addresses) > 0 {
		title = t.Say(probes.T("proxy on %s", strings.Join(p.seen.Addresses, ", ")))
	}
	head := p.head(st)
	lines := append([]string{rule(t, pane{p.only.titled(t, title), true, false}, pane{}, st.Width, 0)}, head...)
	if p.seenAt.IsZero() && !p.showLog {
		return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
	}
	if p.showLog {
		log := p.logLines(st)
		room := p.room(st)
		lines = append(lines, rule(t, pane{t.Say(probes.T("log")), true, len(log) > room}, pane{}, st.Width, 0))
		lines = append(lines, widgets.Window(log, max(len(log)-room-p.scroll, 0), room)...)
		return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
	}
	backends := p.backendTable(st)
	lines = append(lines, p.focused(st, onBackends, p.backendCount()), backends[0])
	shown := p.backendRows(st)
	lines = append(lines, widgets.Window(backends[1:], widgets.Top(p.selectedBackend(), len(backends)-1, shown), shown)...)
	all := p.tunnels()
	rows := p.tunnelTable(st)
	count := probes.T("%d tunnels", p.seen.Open)
	if p.seen.Open == 1 {
		count = probes.T("1 tunnel")
	}
	if p.only.text != "" {
		count = probes.T("%d of %d tunnels", len(all), p.seen.Open)
	} else if p.seen.Open > len(all) {
		count = probes.T("%d tunnels and handshakes, the oldest %d", p.seen.Open, len(all))
	}
	lines = append(lines, p.focused(st, onTunnels, probes.T("%s, by %s", count, tunnelColumns[p.sort].title)), rows[0])
	room := p.tunnelRows(st)
	lines = append(lines, widgets.Window(rows[1:], widgets.Top(max(p.selectedTunnel(all), 0), len(rows)-1, room), room)...)
	return strings.Join(widgets.Window(lines, 0, st.Height), "\n")
}

func (p proxyScreen) backendCount() probes.Text {
	if len(p.seen.Backends) == 1 {
		return probes.T("1 backend, %s", p.seen.Policy)
	}
	return probes.T("%d backends, %s", len(p.seen.Backends), p.seen.Policy)
}

func (p proxyScreen) focused(st State, f proxyFocus, title probes.Text) string {
	return rule(p.d.Theme, pane{p.d.Theme.Say(title), p.focus == f, false}, pane{}, st.Width, 0)
}

// backendRows is how many backends are shown at a time.
func (p proxyScreen) backendRows(st State) int {
	return min(len(p.backends()), max((st.Height-9)/2, 1))
}

// tunnelRows is how many tunnels are shown at a time: what the rest of the screen leaves, which has two rules and two
// heads of tables beside the backends.
func (p proxyScreen) tunnelRows(st State) int {
	return max(st.Height-1-len(p.head(st))-2-p.backendRows(st)-2, 1)
}

// room is how many lines of the log are shown at a time, and how far a page goes.
func (p proxyScreen) room(st State) int { return max(st.Height-2-len(p.head(st)), 1) }

// head draws a question, what went wrong, or the totals.
func (p proxyScreen) head(st State) []string {
	t := p.d.Theme
	pg := page{d: p.d, width: min(st.Width-2, widestText)}
	switch {
	case !p.asking.words.IsZero():
		pg.add(t.Warn, "", t.Say(probes.T("%s y does it, n does not.", p.asking.words)))
	case p.err != nil:
		pg.add(t.Fail, "", t.Clean(p.err.Error()))
	}
	switch {
	case !p.seenAt.IsZero():
		p.totals(&pg)
	case p.own != nil:
		pg.add(t.Faint, "", t.Say(probes.T("starting, or draining")))
	case p.watch != 0:
		pg.add(t.Faint, "", t.Say(probes.T("asking http://%s/status", p.source.admin)))
	case p.asking.words.IsZero():
		if a := st.Config.Proxy.Admin; a != "" {
			pg.add(t.Faint, "", t.Say(probes.T("%s watches the proxy behind %s, S runs one here.", t.Marks.Enter, a)))
		} else {
			pg.add(t.Faint, "", t.Say(probes.T("the settings name no proxy.admin to ask; S runs a proxy here.")))
		}
	}
	for i := range pg.lines {
		pg.lines[i] = " " + pg.lines[i]
	}
	return pg.lines
}

// quick is a number of seconds, of which most are below one.
func quick(seconds float64) probes.Seconds { return probes.Seconds(seconds * float64(time.Second)) }

// totals sums up the proxy on two or three lines.
func (p proxyScreen) totals(pg *page) {
	t := p.d.Theme
	s := p.seen
	mark := t.OK.Render(t.Marks.OK)
	if s.State != "serving" {
		mark = t.Warn.Render(t.Marks.Warned)
	}
	state := mark + " " + t.Say(proxyWord(s.State))
	up := probes.T("up %s, %d open, %d opened", since(s.Uptime), s.Open, s.Opened)
	if s.Connect.Count > 0 {
		up = probes.T("%s; connects p50 %s, p99 %s", up, quick(s.Connect.P50), quick(s.Connect.P99))
	}
	pg.lines = append(pg.lines, widgets.Cut(state+"  "+t.Say(up), pg.width, t.Marks.Ellipsis))
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(s.Handshake)) {
		parts = append(parts, fmt.Sprintf("%d: %d", code, s.Handshake[code]))
	}
	if len(parts) > 0 {
		pg.add(t.Plain, "", t.Say(probes.T("handshakes by status  %s", strings.Join(parts, "  "))))
	}
	parts = nil
	for _, why := range slices.SortedFunc(maps.Keys(s.Closed), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Closed[b], s.Closed[a]), cmp.Compare(a, b))
	}) {
		if s.Closed[why] > 0 {
			parts = append(parts, t.Say(probes.T("%s: %d", causeWord(why), s.Closed[why])))
		}
	}
	if len(parts) > 0 {
		pg.add(t.Plain, "", t.Say(probes.T("closed by cause  %s", strings.Join(parts, "  "))))
	}
}

// since writes seconds as a person reads them.
func since(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	if d >= 24*time.Hour {
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
	return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
}

// size writes a number of bytes.
func size(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 1000 || unit == "GB" {
			if n < 10 && unit != "B" {
				return fmt.Sprintf("%.1f %s", n, unit)
			}
			return fmt.Sprintf("%.0f %s", n, unit)
		}
		n /= 1000
	}
	return ""
}

func (p proxyScreen) backendTable(st State) []string {
	t := p.d.Theme
	cols := []widgets.Column{
		{Title: strings.Repeat(" ", 2+widgets.Width(t.Marks.OK))},
		{Title: t.Say(probes.T("backend")), Min: 14, Shrink: true}, {Title: t.Say(probes.T("state")), Min: 5, Shrink: true},
		{Title: t.Say(probes.T("weight")), Right: true}, {Title: t.Say(probes.T("open")), Right: true},
		{Title: t.Say(probes.T("opened")), Right: true}, {Title: t.Say(probes.T("failed")), Right: true}, {Title: t.Say(probes.T("rate")), Right: true, Min: 8},
	}
	var rows [][]widgets.Cell
	for i, b := range p.backends() {
		mark, style := t.Status(backendStatus(b.State))
		cursor, text := p.cursor(onBackends, i == p.selectedBackend())
		rate := strings.TrimSpace(t.Marks.Skipped)
		if r := p.rate(b); r >= 0 {
			rate = size(r) + "/s"
		}
		state := proxyWord(b.State)
		if b.Backup {
			state = probes.T("%s, backup", state)
		}
		rows = append(rows, []widgets.Cell{
			{Text: cursor + " " + style.Render(mark), Style: t.Plain}, {Text: t.Clean(b.Address), Style: text}, {Text: t.Say(state), Style: text},
			{Text: strconv.Itoa(b.Weight), Style: t.Plain}, {Text: strconv.Itoa(b.Open), Style: t.Plain},
			{Text: strconv.FormatUint(b.Opened, 10), Style: t.Plain}, {Text: strconv.FormatUint(b.Failed, 10), Style: t.Plain}, {Text: rate, Style: t.Plain},
		})
	}
	return p.table(cols, rows, st.Width, 3, 5)
}

// wholeTableFrom is the width from which a table has all its columns.
const wholeTableFrom = 76

// table draws a table; where it is narrow, it lacks the columns that are given, the least wanted ones.
func (p proxyScreen) table(cols []widgets.Column, rows [][]widgets.Cell, width int, drop ...int) []string {
	t := p.d.Theme
	if width < wholeTableFrom {
		for _, i := range slices.Backward(drop) {
			cols = slices.Delete(cols, i, i+1)
			for r := range rows {
				rows[r] = slices.Delete(rows[r], i, i+1)
			}
		}
	}
	return widgets.Table(cols, t.Faint, rows, width, t.Marks.Ellipsis)
}

// backendStatus turns a backend's state into the status whose mark it has.
func backendStatus(state string) probes.Status {
	switch state {
	case "up":
		return probes.OK
	case "down":
		return probes.Skipped
	case "draining":
		return probes.Warned
	}
	return probes.Failed
}

func (p proxyScreen) cursor(f proxyFocus, selected bool) (string, lipgloss.Style) {
	t := p.d.Theme
	switch {
	case selected && p.focus == f:
		return t.Accent.Render(t.Marks.Cursor), t.Selected
	case selected:
		return t.Faint.Render(t.Marks.Cursor), t.Plain
	}
	return " ", t.Plain
}

func (p proxyScreen) tunnelTable(st State) []string {
	t := p.d.Theme
	cols := []widgets.Column{{Title: " "}}
	for i, c := range tunnelColumns {
		cols = append(cols, widgets.Column{Title: t.Say(c.title), Shrink: i == 1 || i == 2, Min: 6, Right: i == 0 || i > 2})
	}
	var rows [][]widgets.Cell
	all := p.tunnels()
	at := p.selectedTunnel(all)
	for i, x := range all {
		cursor, style := " ", t.Plain
		if i == at && p.focus == onTunnels {
			cursor, style = t.Accent.Render(t.Marks.Cursor), t.Selected
		}
		cell := func(s string) widgets.Cell { return widgets.Cell{Text: t.Clean(s), Style: style} }
		rows = append(rows, []widgets.Cell{{Text: cursor, Style: t.Plain}, cell(strconv.FormatUint(x.ID, 10)), cell(x.Client), cell(x.Backend), cell(since(x.Lifetime)), cell(since(x.Idle)), cell(size(float64(x.Up))), cell(size(float64(x.Down)))})
	}
	return p.table(cols, rows, st.Width, 1, 6, 7)
}

// logLines are those of the log, each cut to the width.
func (p proxyScreen) logLines(st State) []string {
	t := p.d.Theme
	out := make([]string, len(p.log))
	for i, line := range p.log {
		out[i] = " " + widgets.Cut(t.Clean(line), st.Width-2, t.Marks.Ellipsis)
	}
	return p.only.lines(t, out)
}
