package nginx

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

// Counts is how many findings there are of each severity, and how many were silenced by a comment.
type Counts struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
	Ignored int `json:"ignored"`
}

// Count counts findings.
func Count(findings []Finding) Counts {
	var c Counts
	for _, f := range findings {
		switch {
		case f.Ignored != "":
			c.Ignored++
		case f.Severity == probes.Error:
			c.Error++
		case f.Severity == probes.Warning:
			c.Warning++
		default:
			c.Info++
		}
	}
	return c
}

// AtLeast returns how many findings that are not ignored have the severity or a higher one.
func (c Counts) AtLeast(s probes.Severity) int {
	n := c.Error
	if s <= probes.Warning {
		n += c.Warning
	}
	if s <= probes.Info {
		n += c.Info
	}
	return n
}

// WriteText writes findings for people: grouped by file, each with its line, a caret and what to paste, and the reason
// where a rule speaks for the first time.
func WriteText(w io.Writer, findings []Finding) error {
	var b strings.Builder
	file := ""
	explained := map[string]bool{} // the reason of a rule is given once
	for _, f := range findings {
		if f.Ignored != "" {
			continue
		}
		if f.File.Name != file {
			file = f.File.Name
			fmt.Fprintf(&b, "%s\n", file)
		}
		writeFinding(&b, f, !explained[f.ID])
		explained[f.ID] = true
	}
	c := Count(findings)
	fmt.Fprintf(&b, "%s, %s, %d info", plural(c.Error, "error"), plural(c.Warning, "warning"), c.Info)
	if c.Ignored > 0 {
		fmt.Fprintf(&b, ", %d ignored by comments", c.Ignored)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func writeFinding(b *strings.Builder, f Finding, explain bool) {
	p := f.Place()
	fmt.Fprintf(b, "\n  %d:%d  %s  %s\n  %s\n", p.Line, p.Col, f.Severity, f.ID, f.Title)
	line := f.File.Line(p.Line)
	if strings.TrimSpace(line) != "" {
		fmt.Fprintf(b, "  %5d | %s\n        | %s\n", p.Line, expandTabs(line), caret(line, p.Col, f.End-f.Offset))
	}
	for _, e := range f.Evidence {
		fmt.Fprintf(b, "        see %s: %s\n", e.Where, e.Saw)
	}
	if r, ok := RuleByID(f.ID); ok && explain {
		fmt.Fprintf(b, "  why:  %s\n        %s\n", r.Why, r.Docs)
	}
	for i, l := range f.Fix {
		if i == 0 {
			b.WriteString("  fix:\n")
		}
		fmt.Fprintf(b, "        %s\n", l)
	}
}

// expandTabs shows a tab as one blank, so that a caret of as many blanks stands below its column.
func expandTabs(s string) string { return strings.ReplaceAll(s, "\t", " ") }

// caret marks width bytes of line from column col on, at most to its end.
func caret(line string, col, width int) string {
	before := line[:min(col-1, len(line))]
	marked := line[len(before):min(len(line), len(before)+max(width, 1))]
	n := max(1, utf8.RuneCountInString(marked))
	return strings.Repeat(" ", utf8.RuneCountInString(before)) + "^" + strings.Repeat("~", n-1)
}

// RuleByID returns the rule of an ID.
func RuleByID(id string) (Rule, bool) {
	for _, r := range Rules {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// WriteTrace writes the walk of each path through each server.
func WriteTrace(w io.Writer, walks []Walk) error {
	var b strings.Builder
	for _, x := range walks {
		fmt.Fprintf(&b, "%s in server %s\n", x.Path, x.Server)
		for _, s := range x.Steps {
			at := ""
			if s.At != "" {
				at = s.At + "  "
			}
			fmt.Fprintf(&b, "  → %s%s\n", at, s.Text)
		}
		fmt.Fprintf(&b, "  = %s\n", x.End)
		for _, h := range x.Headers {
			fmt.Fprintf(&b, "      %s\n", h)
		}
		for _, d := range x.Doubts {
			fmt.Fprintf(&b, "  ? could not be evaluated: %s\n", d)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Walk is what happens to a path in one server, ready to be shown.
type Walk struct {
	Path    string      `json:"path"`
	Server  string      `json:"server"`
	Kind    model.Kind  `json:"kind"`
	End     probes.Text `json:"end"`
	Steps   []WalkStep  `json:"steps"`
	Headers []string    `json:"headers,omitempty"` // that the backend receives from nginx
	Doubts  []string    `json:"doubts,omitempty"`
}

// WalkStep is one step of a Walk; At is file:line, or "" for nginx's own doing.
type WalkStep struct {
	At   string `json:"at,omitempty"`
	Text string `json:"text"`
}

// Walks returns the walk of each named path through each server; without named paths, that of each site.
func (in *Input) Walks() []Walk {
	var out []Walk
	for _, r := range in.reaches {
		out = append(out, walkOf(r.Path, r.Out))
	}
	if len(in.reaches) == 0 {
		for _, s := range in.sites {
			if s.Path != "" {
				out = append(out, walkOf(s.Path, in.Model.WalkIn(s.Server, model.Request{Host: hostFor(s.Server), Path: s.Path})))
			}
		}
	}
	return out
}

func walkOf(path string, o model.Outcome) Walk {
	w := Walk{Path: path, Server: o.Server.Title(), Kind: o.Kind}
	for _, s := range o.Steps {
		step := WalkStep{Text: s.Text}
		if s.At.Line > 0 {
			step.At = where(s.At)
		}
		w.Steps = append(w.Steps, step)
	}
	for _, d := range o.Doubts {
		w.Doubts = append(w.Doubts, place(d)+": "+d.Head())
	}
	switch o.Kind {
	case model.Proxied:
		w.End = probes.T("proxied to %s://%s in HTTP/%s, asked for %s", o.Scheme, o.Address, o.Version, o.UpstreamURI)
		for _, h := range o.Headers {
			v := h.Value
			if !h.Known {
				v = h.By.Arg(1)
			}
			w.Headers = append(w.Headers, h.Name+": "+v)
		}
	case model.Redirect:
		w.End = probes.T("nginx answers %d to %s", o.Status, o.To)
	case model.Static:
		w.End = probes.T("looked for on disk")
	case model.Gateway, model.Opaque:
		w.End = probes.T("answered by %s", o.By.Name)
	default:
		w.End = probes.T("nginx answers %d", o.Status)
	}
	return w
}
