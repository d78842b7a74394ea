package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

//go:embed html.tmpl
var htmlText string

// htmlTemplate escapes by the place in which a value stands. The values are Printable before that, so that what a
// stranger sent can neither leave its element nor turn the direction of writing.
var htmlTemplate = template.Must(template.New("html").Parse(htmlText))

// htmlPage is what the template shows; every string in it is in the reader's language.
type htmlPage struct {
	Title, Summary string
	Meta           []string
	Interrupted    string
	Status         htmlStatus
	Picture        *drawing // nil: there is no path
	PathTitle      string
	CausesTitle    string
	Causes         []htmlCause
	PlotsTitle     string
	Plots          []htmlPlot
	FoundTitle     string
	Found          []htmlCheck // what somebody should look at
	ChecksTitle    string
	Checks         []htmlCheck // all
	HeadStatus     string
	HeadCheck      string
	HeadBecause    string
}

type htmlStatus struct{ Class, Mark, Word string }

type htmlCause struct {
	Status              htmlStatus
	ID, Title, Explains string
	Fix                 []htmlLine
}

type htmlLine struct {
	Text    string
	Comment bool // not to be run
}

type htmlCheck struct {
	Status             htmlStatus
	ID, Title, Because string
	Findings           []htmlFinding
	Note               string // what could not be seen
}

type htmlFinding struct {
	Status   htmlStatus
	Title    string
	Evidence []string
	Fix      []htmlLine
}

// writeHTML writes one file that loads nothing and runs nothing: a picture of the path, the causes with their fixes,
// plots of what was measured, what was found with its evidence, and a table of all checks. Nothing is folded, so that a printer prints it all.
func writeHTML(w io.Writer, r probes.Report, o Options) error {
	h := htmlPrinter{o.Translate}
	p := htmlPage{
		Title:       h.say(probes.T("wsdoctor on %s: %s", r.Host, h.word(r.Status()))),
		Summary:     probes.Printable(sum(r, o.Translate)),
		Status:      h.status(r.Status()),
		Meta:        []string{r.Started.UTC().Format(time.RFC3339), "wsdoctor " + probes.Printable(r.Version), probes.Seconds(r.Took).String()},
		Picture:     h.picture(r.Path),
		PathTitle:   h.say(probes.T("the path")),
		CausesTitle: h.say(probes.T("causes")),
		PlotsTitle:  h.say(probes.T("what was measured")),
		Plots:       h.plots(r),
		FoundTitle:  h.say(probes.T("what was found")),
		ChecksTitle: h.say(probes.T("all checks")),
		HeadStatus:  h.say(probes.T("status")),
		HeadCheck:   h.say(probes.T("check")),
		HeadBecause: h.say(probes.T("because")),
	}
	if r.Interrupted {
		p.Interrupted = h.say(probes.T("interrupted: what had not finished is unknown"))
	}
	for _, c := range r.Causes {
		cause := htmlCause{Status: h.status(probes.Failed), ID: probes.Printable(c.ID), Title: h.say(c.Title), Fix: h.fix(c.Fix)}
		if c.Severity == probes.Warning {
			cause.Status = h.status(probes.Warned)
		}
		if len(c.Explains) > 0 {
			cause.Explains = h.say(probes.T("explains %s", strings.Join(c.Explains, ", ")))
		}
		p.Causes = append(p.Causes, cause)
	}
	for _, res := range r.Results {
		check := h.check(res, r.Causes)
		p.Checks = append(p.Checks, check)
		if unwell(res) || len(res.Findings) > 0 {
			p.Found = append(p.Found, check)
		}
	}
	var b bytes.Buffer
	if err := htmlTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("filling in the page: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

type htmlPrinter struct{ tr func(string) string }

func (h htmlPrinter) say(t probes.Text) string { return probes.Printable(t.In(h.tr)) }

func (h htmlPrinter) word(s probes.Status) string { return probes.Text{Format: s.String()}.In(h.tr) }

func (h htmlPrinter) status(s probes.Status) htmlStatus {
	return htmlStatus{s.String(), looks[s].mark, h.word(s)}
}

func (h htmlPrinter) fix(lines []probes.Text) []htmlLine {
	var out []htmlLine
	for _, l := range lines {
		text := h.say(l)
		out = append(out, htmlLine{text, strings.HasPrefix(text, "#")})
	}
	return out
}

func (h htmlPrinter) check(res probes.Result, causes []probes.Cause) htmlCheck {
	c := htmlCheck{Status: h.status(res.Status), ID: probes.Printable(res.ID), Title: probes.Printable(titled(res.Title, h.tr))}
	switch {
	case res.ExplainedBy != "" && unwell(res):
		c.Because = h.say(probes.T("explained by %s", res.ExplainedBy))
	case res.Status == probes.Skipped || res.Status == probes.Unknown:
		c.Because = h.say(res.Reason)
	case len(res.Findings) > 0 && unwell(res):
		c.Because = probes.Printable(Headline(worst(res.Findings), h.tr))
	}
	if !res.Reason.IsZero() && unwell(res) {
		c.Note = h.say(probes.T("could not be seen: %s", res.Reason))
	}
	explained := res.ExplainedBy != "" && unwell(res)
	if explained {
		c.Note = c.Because
	}
	for _, f := range res.Findings {
		look := map[probes.Severity]probes.Status{probes.Error: probes.Failed, probes.Warning: probes.Warned, probes.Info: probes.OK}[f.Severity]
		found := htmlFinding{Status: h.status(look), Title: probes.Printable(Headline(f, h.tr)), Fix: h.fix(f.Fix)}
		if f.Severity == probes.Info {
			found.Status = htmlStatus{"skipped", "·", probes.Text{Format: "note"}.In(h.tr)}
		}
		if explained || slices.ContainsFunc(causes, func(c probes.Cause) bool { return c.ID == res.ID && c.Title.String() == f.Title.String() }) {
			found.Fix = nil // it stands with the cause
		}
		for _, e := range f.Evidence {
			found.Evidence = append(found.Evidence, probes.Printable(seen(e, h.tr)))
		}
		c.Findings = append(c.Findings, found)
	}
	return c
}
