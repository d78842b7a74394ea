package report

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"github.com/goccy/go-yaml"
)

// prove, which runs Perl's own tests, fails exactly where the exit code of wsdoctor says so, and finds nothing to
// complain about in the syntax.
func TestTAPAgreesWithProve(t *testing.T) {
	prove := probetest.Need(t, "prove")
	for name, r := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.tap")
			var b bytes.Buffer
			if err := writeTAP(&b, r, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(t.Context(), prove, "--parse", "--source", "File", "--file-option", "extensions=.tap", path).CombinedOutput()
			if want := r.Exit(probes.Error, false) != probes.ExitOK; (err != nil) != want {
				t.Errorf("prove returned %v, expected a failure: %v\n%s\n%s", err, want, out, b.Bytes())
			}
			if regexp.MustCompile(`Parse errors: (.+)`).Match(out) && !r.Interrupted {
				t.Errorf("prove complains:\n%s\n%s", out, b.Bytes())
			}
		})
	}
}

// What stands below a test is YAML for any reader, and holds what was found.
func TestTAPDiagnosisIsYAML(t *testing.T) {
	block := regexp.MustCompile(`(?ms)^  ---\n(.*?)^  \.\.\.\n`)
	for name, r := range cases {
		var b bytes.Buffer
		if err := writeTAP(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		blocks := block.FindAllStringSubmatch(b.String(), -1)
		i := 0
		for _, res := range r.Results {
			if len(res.Findings) == 0 {
				continue
			}
			var got struct {
				Status   string
				Findings []struct {
					Severity, Subject, Title string
					Evidence                 []struct{ Where, Saw string }
					Fix                      []string
				}
			}
			if err := yaml.Unmarshal([]byte(blocks[i][1]), &got); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, blocks[i][1])
			}
			i++
			if got.Status != res.Status.String() || len(got.Findings) != len(res.Findings) {
				t.Fatalf("%s: %s reads as %+v", name, res.ID, got)
			}
			for j, f := range res.Findings {
				g := got.Findings[j]
				if g.Title != probes.Printable(f.Title.String()) || len(g.Fix) != len(f.Fix) || len(g.Evidence) != len(f.Evidence) {
					t.Errorf("%s: a finding of %s reads as %+v", name, res.ID, g)
				}
			}
		}
		if i != len(blocks) {
			t.Errorf("%s: has %d blocks, expected %d", name, len(blocks), i)
		}
	}
}

// No text of a stranger begins a line of the protocol.
func TestTAPHasOneLineATest(t *testing.T) {
	var b bytes.Buffer
	if err := writeTAP(&b, cases["hostile"], Options{}); err != nil {
		t.Fatal(err)
	}
	tests := 0
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "ok") || strings.HasPrefix(line, "not ok") {
			tests++
		}
	}
	if want := len(cases["hostile"].Results); tests != want {
		t.Errorf("has %d tests, expected %d", tests, want)
	}
}
