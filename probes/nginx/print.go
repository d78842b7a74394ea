package nginx

import "example.com/wsdoctor/probes/lint"

// Print is the finding as the formats of lint show it.
func (f Finding) Print() lint.Finding {
	p := f.Place()
	return lint.Finding{
		ID: f.ID, Severity: f.Severity, File: p.File, Line: p.Line, Column: p.Col, Width: f.End - f.Offset, Source: f.File.Line(p.Line),
		Title: f.Title, Evidence: f.Evidence, Fix: f.Fix, Ignored: f.Ignored,
	}
}

// Print returns what the formats of lint say of the rule.
func (r Rule) Print() lint.Rule {
	return lint.Rule{ID: r.ID, Title: r.Title, Why: r.Why, Docs: r.Docs}
}
