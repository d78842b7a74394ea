package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// writeMarkdown writes a report that can be pasted into a ticket, in GitHub's dialect (tables). Whatever was seen stands
// in code fences or is escaped: a header of a stranger can neither break the table nor become HTML, a link or a formula.
func writeMarkdown(w io.Writer, r probes.Report, o Options) error {
	m := mdPrinter{tr: o.Translate}
	status := m.word(r.Status())
	m.f("# %s\n\n", m.say(probes.T("wsdoctor on %s: %s", r.Host, status)))
	m.f("%s · wsdoctor %s · %s · %s\n", r.Started.UTC().Format(time.RFC3339), mdEscape(r.Version), probes.Seconds(r.Took), mdEscape(sum(r, m.tr)))
	if r.Interrupted {
		m.f("\n**%s**\n", m.say(probes.T("interrupted: what had not finished is unknown")))
	}
	if len(r.Causes) > 0 {
		m.f("\n## %s\n", m.say(probes.T("causes")))
		for _, c := range r.Causes {
			m.f("\n%s: %s\n", mdCode(c.ID), m.say(c.Title))
			if len(c.Explains) > 0 {
				ids := make([]string, len(c.Explains))
				for i, id := range c.Explains {
					ids[i] = mdCode(id)
				}
				m.f("\n%s %s\n", m.say(probes.T("explains")), strings.Join(ids, ", "))
			}
			m.fix("", c.Fix)
		}
	}
	if len(r.Results) > 0 {
		m.table(r.Results)
		m.details(r.Results)
	}
	_, err := w.Write(m.b.Bytes())
	return err
}

type mdPrinter struct {
	b  bytes.Buffer
	tr func(string) string
}

func (m *mdPrinter) f(format string, args ...any) { fmt.Fprintf(&m.b, format, args...) }

func (m *mdPrinter) say(t probes.Text) string { return mdEscape(t.In(m.tr)) }

func (m *mdPrinter) word(s probes.Status) string { return probes.Text{Format: s.String()}.In(m.tr) }

// table lists every check with its status, and in short why it is not ok.
func (m *mdPrinter) table(results []probes.Result) {
	m.f("\n## %s\n\n", m.say(probes.T("checks")))
	m.f("| | %s | %s | %s |\n| --- | --- | --- | --- |\n", m.say(probes.T("status")), m.say(probes.T("check")), m.say(probes.T("because")))
	for _, res := range results {
		because := ""
		switch {
		case res.ExplainedBy != "" && unwell(res):
			because = m.say(probes.T("explained by %s", res.ExplainedBy))
		case res.Status == probes.Skipped || res.Status == probes.Unknown:
			because = m.say(res.Reason)
		case len(res.Findings) > 0 && unwell(res):
			because = mdEscape(Headline(worst(res.Findings), m.tr))
		}
		m.f("| %s | %s | %s %s | %s |\n", looks[res.Status].mark, mdEscape(m.word(res.Status)), mdCell(mdCode(res.ID)),
			mdEscape(titled(res.Title, m.tr)), because)
	}
}

// worst returns the first of the most severe findings.
func worst(fs []probes.Finding) probes.Finding {
	out := fs[0]
	for _, f := range fs {
		if f.Severity > out.Severity {
			out = f
		}
	}
	return out
}

// details writes all that was found.
func (m *mdPrinter) details(results []probes.Result) {
	headed := false
	for _, res := range results {
		if len(res.Findings) == 0 {
			continue
		}
		if !headed {
			m.f("\n## %s\n", m.say(probes.T("details")))
			headed = true
		}
		m.f("\n### %s %s\n", looks[res.Status].mark, mdCode(res.ID))
		if !res.Reason.IsZero() {
			m.f("\n%s\n", m.say(probes.T("could not be seen: %s", res.Reason)))
		}
		for _, f := range res.Findings {
			m.f("\n- **%s** %s\n", m.say(probes.Text{Format: f.Severity.String()}), mdEscape(Headline(f, m.tr)))
			var lines []string
			for _, e := range f.Evidence {
				lines = append(lines, seen(e, m.tr))
			}
			m.fence("  ", lines)
			m.fix("  ", f.Fix)
		}
	}
}

func (m *mdPrinter) fix(indent string, fix []probes.Text) {
	if len(fix) == 0 {
		return
	}
	var lines []string
	for _, l := range fix {
		lines = append(lines, l.In(m.tr))
	}
	m.f("\n%s%s\n", indent, m.say(probes.T("fix:")))
	m.fence(indent, lines)
}

// fence writes lines as code, between fences longer than any run of backticks in them (CommonMark 0.31, 4.5).
func (m *mdPrinter) fence(indent string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fence := strings.Repeat("`", max(3, 1+longestRun(strings.Join(lines, "\n"))))
	m.f("\n%s%s\n", indent, fence)
	for _, l := range lines {
		m.f("%s%s\n", indent, probes.Printable(l))
	}
	m.f("%s%s\n", indent, fence)
}

// longestRun returns the length of the longest run of backticks in s.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// mdEscape makes s text and nothing else: Markdown's marks by backslash (CommonMark 0.31, 2.4), HTML's by entity. Also
// "$", which GitHub and GitLab take for a formula ("$http_upgrade … $host"), and what they turn into a link or a mail.
func mdEscape(s string) string {
	var b strings.Builder
	for _, r := range probes.Printable(s) {
		switch r {
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '&':
			b.WriteString("&amp;")
		case '@':
			b.WriteString("@<!-- -->") // GitHub looks for names and addresses after it took the backslashes away
		case '\\', '`', '*', '_', '[', ']', '|', '~', '#', '!', '$', '^':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("://", `:\//`, "www.", `www\.`, "WWW.", `WWW\.`).Replace(b.String())
}

// mdCode writes s as a code span, between more backticks than it holds (CommonMark 0.31, 6.1).
func mdCode(s string) string {
	s = probes.Printable(s)
	tick := strings.Repeat("`", 1+longestRun(s))
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return tick + s + tick
}

// mdCell escapes the pipe, which ends a cell even inside a code span (GitHub Flavored Markdown, 4.10).
func mdCell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
