package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"example.com/wsdoctor/probes"
)

// writeTAP writes the Test Anything Protocol, version 13 (which prove, tappy and the TAP plugin of Jenkins read; 14 is
// not known everywhere). A failed check is "not ok"; a warning is "ok" with its findings below; what was skipped and
// what is unknown are "ok # SKIP", the latter with a reason that begins with "unknown:". So prove fails exactly where
// the exit code says that something failed. An interrupted run bails out, which prove counts as failed.
//
// Below a test stands what was found as YAML; every text in it is a JSON string, which YAML reads the same.
func writeTAP(w io.Writer, r probes.Report, _ Options) error {
	var b bytes.Buffer
	b.WriteString("TAP version 13\n")
	if len(r.Results) == 0 {
		b.WriteString("1..0 # SKIP nothing was checked\n")
	} else {
		fmt.Fprintf(&b, "1..%d\n", len(r.Results))
	}
	for i, res := range r.Results {
		verdict, directive := "ok", ""
		switch res.Status {
		case probes.Failed:
			verdict = "not ok"
		case probes.Skipped:
			directive = " # SKIP " + probes.Printable(res.Reason.String())
		case probes.Unknown:
			directive = " # SKIP unknown: " + probes.Printable(res.Reason.String())
		}
		fmt.Fprintf(&b, "%s %d - %s: %s%s\n", verdict, i+1, res.ID, tapText(res.Title), directive)
		if err := tapDiagnosis(&b, res); err != nil {
			return fmt.Errorf("encoding %s: %w", res.ID, err)
		}
	}
	if r.Interrupted {
		b.WriteString("Bail out! interrupted\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// tapText escapes what would begin a directive.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(probes.Printable(s))
}

// tapDiagnosis writes the YAML block of one test; a check that has nothing to say has none.
func tapDiagnosis(b *bytes.Buffer, res probes.Result) error {
	if len(res.Findings) == 0 {
		return nil
	}
	y := yamlBlock{b: b}
	b.WriteString("  ---\n")
	y.field("  status", res.Status.String())
	if res.ExplainedBy != "" {
		y.field("  explained_by", res.ExplainedBy)
	}
	if !res.Reason.IsZero() {
		y.field("  not_seen", res.Reason.String())
	}
	b.WriteString("  findings:\n")
	for _, f := range res.Findings {
		y.field("    - severity", f.Severity.String())
		y.field("      subject", f.Subject)
		y.field("      title", f.Title.String())
		if len(f.Evidence) > 0 {
			b.WriteString("      evidence:\n")
		}
		for _, e := range f.Evidence {
			y.field("        - where", e.Where)
			y.field("          saw", e.Saw.String())
		}
		if len(f.Fix) > 0 {
			b.WriteString("      fix:\n")
		}
		for _, l := range f.Fix {
			y.item("        - ", l.String())
		}
	}
	b.WriteString("  ...\n")
	return y.err
}

// yamlBlock writes strings as YAML and keeps the first error.
type yamlBlock struct {
	b   *bytes.Buffer
	err error
}

func (y *yamlBlock) field(key, value string) { y.item(key+": ", value) }

func (y *yamlBlock) item(prefix, value string) {
	raw, err := Encode(probes.Printable(value), "") // ends in a line end
	if err != nil && y.err == nil {
		y.err = err
	}
	y.b.WriteString(prefix)
	y.b.Write(raw)
}
