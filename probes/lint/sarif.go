package lint

import (
	"encoding/json"
	"io"
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
)

// The parts of SARIF 2.1.0 that are written,
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifMessage `json:"shortDescription"`
		Full    sarifMessage `json:"fullDescription"`
		HelpURI string       `json:"helpUri,omitempty"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
)

// writeSARIF writes findings as SARIF 2.1.0; ignored ones as suppressed in the source.
func writeSARIF(w io.Writer, d Document) error {
	index := map[string]int{}
	driver := sarifDriver{Name: "wsdoctor", Version: d.Version}
	for i, r := range d.Rules {
		index[r.ID] = i
		rule := sarifRule{ID: r.ID, Short: sarifMessage{r.Title}, Full: sarifMessage{r.Why}}
		if strings.HasPrefix(r.Docs, "https://") {
			rule.HelpURI = r.Docs
		} else {
			rule.Full.Text += " (" + r.Docs + ")"
		}
		driver.Rules = append(driver.Rules, rule)
	}
	run := sarifRun{Tool: sarifTool{driver}, Results: []sarifResult{}}
	for _, f := range d.Findings {
		level := map[probes.Severity]string{probes.Error: "error", probes.Warning: "warning", probes.Info: "note"}[f.Severity]
		res := sarifResult{RuleID: f.ID, RuleIndex: index[f.ID], Level: level, Message: sarifMessage{f.Title.String()}}
		if f.File != "" {
			res.Locations = []sarifLocation{{sarifPhysical{sarifArtifact{filepath.ToSlash(f.File)}, sarifRegion{max(f.Line, 1), max(f.Column, 1)}}}}
		}
		if f.Ignored != "" {
			res.Suppressions = []sarifSuppression{{"inSource", f.Ignored}}
		}
		run.Results = append(run.Results, res)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}
