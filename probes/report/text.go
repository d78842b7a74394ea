package report

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"github.com/clipperhouse/displaywidth"
)

// style is an SGR parameter (ECMA-48, 8.3.117); the colours are the 8 that every theme of a terminal sets.
type style string

const (
	plain   style = ""
	bold    style = "1"
	dim     style = "2"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
	magenta style = "35"
	cyan    style = "36"
)

// look is how a status shows itself.
type look struct {
	mark, ascii string
	style       style
}

var looks = map[probes.Status]look{
	probes.OK:      {"✓", "ok", green},
	probes.Warned:  {"!", "!", yellow},
	probes.Failed:  {"✗", "x", red},
	probes.Unknown: {"?", "?", magenta},
	probes.Skipped: {"–", "-", dim},
}

// markWidth is the width of the marks; the longest ASCII one has two columns.
func markWidth(asciiOnly bool) int {
	if asciiOnly {
		return 2
	}
	return 1
}

// indent steps of the text, in columns.
const (
	step     = 2
	minWidth = 20 // a column of text narrower than this reads worse than lines that the terminal wraps
)

// writeText writes what an operator reads: each area with its checks, what was found below each, and at the end the
// causes and the sum. Checks that a cause explains are one line; their findings would only repeat it.
func writeText(w io.Writer, r probes.Report, o Options) error {
	t := textPrinter{o: o, ids: map[string]bool{}, causes: map[string]probes.Cause{}}
	for _, res := range r.Results {
		t.ids[res.ID] = true
	}
	for _, c := range r.Causes {
		t.causes[c.ID] = c
	}
	if o.Short {
		t.short(r)
	} else {
		for _, a := range byArea(r.Results) {
			t.line(0, bold, t.clean(a.name))
			for rest := a.results; len(rest) > 0; {
				n := alike(rest)
				if n >= foldFrom {
					t.unlooked(rest[0], n)
				} else {
					n = 1
					t.check(rest[0])
				}
				rest = rest[n:]
			}
			t.b.WriteByte('\n')
		}
		t.listCauses(r.Causes)
	}
	if r.Interrupted {
		t.para(0, yellow, t.say(probes.T("interrupted: what had not finished is unknown")))
	}
	t.sum(r)
	_, err := w.Write(t.b.Bytes())
	return err
}

// Note is something to say outside of a report, in the look of the text format.
type Note struct {
	Status probes.Status // whose mark it bears
	Text   string        // on one line
	Fix    []probes.Text // lines to paste, below it
}

// WriteNote writes a note as the text format would.
func WriteNote(w io.Writer, n Note, o Options) error {
	t := textPrinter{o: o}
	t.marked(0, n.Status, plain, t.clean(n.Text))
	t.fix(step, n.Fix)
	_, err := w.Write(t.b.Bytes())
	return err
}

type textPrinter struct {
	o      Options
	b      bytes.Buffer
	ids    map[string]bool         // of the checks in the report
	causes map[string]probes.Cause // by id
}

// say renders a text in the reader's language.
func (t *textPrinter) say(text probes.Text) string { return t.clean(text.In(t.o.Translate)) }

// clean takes from s what a terminal would obey or could not show.
func (t *textPrinter) clean(s string) string {
	if t.o.ASCII {
		return probes.ASCII(s)
	}
	return probes.Printable(s)
}

func (t *textPrinter) paint(s style, text string) string {
	if !t.o.Color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line writes text on one line, however long it is.
func (t *textPrinter) line(indent int, s style, text string) {
	t.b.WriteString(strings.Repeat(" ", indent) + t.paint(s, text) + "\n")
}

// para writes text from column indent on, wrapped.
func (t *textPrinter) para(indent int, s style, text string) {
	for _, l := range t.wrap(indent, text) {
		t.line(indent, s, l)
	}
}

func (t *textPrinter) wrap(indent int, text string) []string {
	if t.o.Width <= 0 {
		return []string{text}
	}
	return Wrap(text, max(t.o.Width-indent, minWidth))
}

// marked writes a mark and, behind it, text.
func (t *textPrinter) marked(indent int, status probes.Status, s style, text string) {
	lk := looks[status]
	mark := lk.mark
	if t.o.ASCII {
		mark = lk.ascii
	}
	gap := strings.Repeat(" ", markWidth(t.o.ASCII)-displaywidth.String(mark)+1)
	hang := indent + markWidth(t.o.ASCII) + 1
	for i, l := range t.wrap(hang, text) {
		if i > 0 {
			t.line(hang, s, l)
			continue
		}
		t.b.WriteString(strings.Repeat(" ", indent) + t.paint(lk.style, mark) + gap + t.paint(s, l) + "\n")
	}
}

// foldFrom is how many checks in a row that were not looked at for one reason become one line: an area that does not
// apply must not push what was found off the screen. `wsdoctor explain AREA` lists them.
const foldFrom = 3

// alike returns how many checks at the head of results were not looked at, for the same reason.
func alike(results []probes.Result) int {
	first := results[0]
	n := slices.IndexFunc(results, func(r probes.Result) bool {
		return r.Status != first.Status || r.Reason.String() != first.Reason.String() || len(r.Findings) > 0
	})
	switch {
	case first.Status != probes.Skipped && first.Status != probes.Unknown, first.Reason.IsZero(), n == 0:
		return 1
	case n < 0:
		return len(results)
	}
	return n
}

// unlooked writes n checks that were not looked at for one reason.
func (t *textPrinter) unlooked(res probes.Result, n int) {
	if res.Status == probes.Unknown {
		t.marked(step, res.Status, plain, t.say(probes.T("%d checks unknown: %s", n, res.Reason)))
		return
	}
	t.marked(step, res.Status, dim, t.say(probes.T("%d checks skipped: %s", n, res.Reason)))
}

// check writes one check and what it found.
func (t *textPrinter) check(res probes.Result) {
	title := t.clean(titled(res.Title, t.o.Translate))
	reason := t.say(res.Reason)
	below := 2 * step
	if res.Status == probes.Skipped {
		if reason != "" {
			title += " (" + reason + ")"
		}
		t.marked(step, res.Status, dim, title)
		return
	}
	t.marked(step, res.Status, plain, title)
	below += markWidth(t.o.ASCII) - 1
	if t.folded(res) {
		t.para(below, dim, t.say(probes.T("explained by %s", res.ExplainedBy)))
		return
	}
	for _, f := range res.Findings {
		t.finding(below, res, f)
	}
	switch {
	case reason == "":
	case res.Status == probes.Unknown:
		t.para(below, plain, t.say(probes.T("unknown: %s", res.Reason)))
	default:
		t.para(below, dim, t.say(probes.T("could not be seen: %s", res.Reason)))
	}
}

// folded tells whether what res found is said by its cause.
func (t *textPrinter) folded(res probes.Result) bool {
	return res.ExplainedBy != "" && res.ExplainedBy != res.ID && t.ids[res.ExplainedBy] && unwell(res)
}

func (t *textPrinter) finding(indent int, res probes.Result, f probes.Finding) {
	title := t.clean(Headline(f, t.o.Translate))
	switch {
	case f.Severity == probes.Warning && res.Status == probes.Failed:
		title = t.say(probes.T("warning: %s", title))
	case f.Severity == probes.Info:
		title = t.say(probes.T("note: %s", title))
	}
	t.para(indent, plain, title)
	for _, e := range f.Evidence {
		t.para(indent+step, dim, t.clean(seen(e, t.o.Translate)))
	}
	if c, ok := t.causes[res.ID]; ok && len(f.Fix) > 0 && slices.EqualFunc(c.Fix, f.Fix, func(a, b probes.Text) bool { return a.String() == b.String() }) {
		t.para(indent+step, dim, t.say(probes.T("fix: below, with the cause")))
		return
	}
	t.fix(indent+step, f.Fix)
}

// fix writes lines to paste. They stand alone on their lines and are not wrapped, so that whole lines can be selected
// and run; even in ASCII a letter of a path stays what it is.
func (t *textPrinter) fix(indent int, lines []probes.Text) {
	if len(lines) == 0 {
		return
	}
	t.line(indent, plain, t.say(probes.T("fix:")))
	for _, l := range lines {
		s, text := cyan, probes.Printable(l.In(t.o.Translate))
		if strings.HasPrefix(text, "#") {
			s = dim
		}
		t.line(indent+step, s, text)
	}
}

// listCauses writes what explains several checks, as the first thing to do.
func (t *textPrinter) listCauses(causes []probes.Cause) {
	switch len(causes) {
	case 0:
		return
	case 1:
		t.line(0, bold, t.say(probes.T("1 cause")))
	default:
		t.line(0, bold, t.say(probes.T("%d causes", len(causes))))
	}
	for _, c := range causes {
		status := probes.Failed
		if c.Severity == probes.Warning {
			status = probes.Warned
		}
		t.marked(step, status, plain, t.clean(c.ID)+": "+t.say(c.Title))
		below := 2*step + markWidth(t.o.ASCII) - 1
		if len(c.Explains) > 0 {
			t.para(below, dim, t.say(probes.T("explains %s", strings.Join(c.Explains, ", "))))
		}
		t.fix(below, c.Fix)
	}
	t.b.WriteByte('\n')
}

// short writes one line for each finding that matters, and for each check that could not look.
func (t *textPrinter) short(r probes.Report) {
	t.o.Width = 0 // a line is a line, for grep
	one := func(res probes.Result, status probes.Status, text string) {
		t.marked(0, status, plain, t.clean(res.ID)+": "+text)
	}
	for _, res := range r.Results {
		if t.folded(res) {
			one(res, res.Status, t.say(probes.T("explained by %s", res.ExplainedBy)))
			continue
		}
		for _, f := range res.Findings {
			switch f.Severity {
			case probes.Error:
				one(res, probes.Failed, t.clean(Headline(f, t.o.Translate)))
			case probes.Warning:
				one(res, probes.Warned, t.clean(Headline(f, t.o.Translate)))
			}
		}
		if res.Status == probes.Unknown {
			one(res, probes.Unknown, t.say(res.Reason))
		}
	}
}

// sum writes the last line: the status, the counts and the time.
func (t *textPrinter) sum(r probes.Report) {
	status := r.Status()
	t.marked(0, status, plain, t.say(probes.T("status: %s (%s; %s)", probes.Text{Format: status.String()}, sum(r, t.o.Translate), probes.Seconds(r.Took))))
}
