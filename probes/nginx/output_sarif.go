package nginx

import (
	"encoding/json"
	"io"
	"path/filepath"

	"example.com/wsdoctor/probes"
)

// The parts of SARIF 2.1.0 that lint writes,
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
		HelpURI string       `json:"helpUri"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifMessage       `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
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

// WriteSARIF writes findings as SARIF 2.1.0; ignored ones as suppressed in the source.
func WriteSARIF(w io.Writer, findings []Finding, version string) error {
	index := map[string]int{}
	driver := sarifDriver{Name: "wsdoctor", Version: version}
	for i, r := range Rules {
		index[r.ID] = i
		driver.Rules = append(driver.Rules, sarifRule{r.ID, sarifMessage{r.Title}, sarifMessage{r.Why}, r.Docs})
	}
	run := sarifRun{Tool: sarifTool{driver}, Results: []sarifResult{}}
	for _, f := range findings {
		p := f.Place()
		level := map[probes.Severity]string{probes.Error: "error", probes.Warning: "warning", probes.Info: "note"}[f.Severity]
		res := sarifResult{
			RuleID: f.ID, RuleIndex: index[f.ID], Level: level, Message: sarifMessage{f.Title.String()},
			Locations: []sarifLocation{{sarifPhysical{sarifArtifact{filepath.ToSlash(p.File)}, sarifRegion{p.Line, p.Col}}}},
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
