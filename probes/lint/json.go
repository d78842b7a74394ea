package lint

import (
	"encoding/json"
	"io"

	"example.com/wsdoctor/probes"
)

// Schema names the shape of the JSON.
const Schema = "wsdoctor/lint/v1"

// wireFinding is a finding in JSON; exported names may change, these do not.
type wireFinding struct {
	ID       string          `json:"id"`
	Severity probes.Severity `json:"severity"`
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	Title    probes.Text     `json:"title"`
	Why      string          `json:"why"`
	Fix      []probes.Text   `json:"fix"`
	Docs     string          `json:"docs"`
	Evidence []wireEvidence  `json:"evidence,omitempty"`
}

type wireEvidence struct {
	Where string      `json:"where"`
	Saw   probes.Text `json:"saw"`
}

// writeJSON writes findings in the shape of Schema, and the walks if there are any. Ignored findings are counted only.
func writeJSON(w io.Writer, d Document) error {
	doc := struct {
		Schema   string        `json:"schema"`
		Summary  Counts        `json:"summary"`
		Findings []wireFinding `json:"findings"`
		Walks    []Walk        `json:"walks,omitempty"`
	}{Schema, Count(d.Findings), []wireFinding{}, d.Walks}
	for _, f := range d.Findings {
		if f.Ignored != "" {
			continue
		}
		r := d.rule(f.ID)
		x := wireFinding{f.ID, f.Severity, f.File, f.Line, f.Column, f.Title, r.Why, f.Fix, r.Docs, nil}
		if x.Fix == nil {
			x.Fix = []probes.Text{}
		}
		for _, e := range f.Evidence {
			x.Evidence = append(x.Evidence, wireEvidence(e))
		}
		doc.Findings = append(doc.Findings, x)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}
