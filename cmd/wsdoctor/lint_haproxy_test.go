package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

// cuts is an HAProxy that ends a tunnel after 10 s of silence.
const cuts = `# the edge
defaults
  mode http
  timeout connect 5s
  timeout client 10s
  timeout server 10s
frontend ws
  bind :38889
  use_backend app if { path_beg /ws }
  default_backend app
backend app
  server node1 10.0.0.1:38888
`

// write writes a file of a folder of the test's own and returns its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// lintDoc is what scripts read of lint's JSON.
type lintDoc struct {
	Schema   string
	Summary  struct{ Error, Warning, Info, Ignored int }
	Findings []struct {
		ID, Severity, File, Title, Why, Docs string
		Line, Column                         int
		Fix                                  []string
	}
	Walks []struct{ Path, Server, Kind, End string }
}

func lintJSON(t *testing.T, stdin string, args ...string) (int, lintDoc) {
	t.Helper()
	code, out, errs := runLint(t, stdin, append([]string{"-f", "json"}, args...)...)
	var doc lintDoc
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("no JSON: %v\n%s%s", err, out, errs)
	}
	return code, doc
}

// TestLintTellsHAProxy gives both kinds of files, in all the ways in which they can be given.
func TestLintTellsHAProxy(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := filepath.Dir(write(t, "10-app.cfg", cuts))
	for _, c := range []struct {
		name, stdin string
		args        []string
		areas       string // of the findings
	}{
		{"a file", "", []string{write(t, "haproxy.cfg", cuts)}, "haproxy"},
		{"a file of any name", "", []string{write(t, "edge.conf", cuts)}, "haproxy"},
		{"standard input", cuts, []string{"-"}, "haproxy"},
		{"a folder", "", []string{folder}, "haproxy"},
		{"with a byte order mark", "\ufeff" + cuts, []string{"-"}, "haproxy"},
		{"both kinds", plainProxy, []string{write(t, "haproxy.cfg", cuts), "-"}, "nginx haproxy"},
		{"nginx", plainProxy, []string{"-"}, "nginx"},
		{"nginx that begins with a listen without its semicolon", "listen 80\nlocation /ws { proxy_pass http://a:1; }\n", []string{"-"}, "nginx"},
		{"nothing", "", []string{"-"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, doc := lintJSON(t, c.stdin, c.args...)
			var areas []string
			for _, f := range doc.Findings {
				area, _, _ := strings.Cut(f.ID, "/")
				if len(areas) == 0 || areas[len(areas)-1] != area {
					areas = append(areas, area)
				}
				if f.Line < 1 || f.Column < 1 || f.Title == "" || f.Why == "" || f.Docs == "" {
					t.Errorf("a finding lacks something: %+v", f)
				}
			}
			if got := strings.Join(areas, " "); got != c.areas {
				t.Errorf("findings of %q, expected %q", got, c.areas)
			}
		})
	}
}

func TestLintHAProxyOutputs(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("wsdoctor.yaml", []byte("version: 1\nproduct: generic\nnodes: [{name: n, host: 10.0.0.1}]\nbalancer: {kind: haproxy}\nheartbeat: 25s\nwebsocket: {path: /ws, ports: [38888], forwarding_ports: [38889]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	file := write(t, "haproxy.cfg", cuts)
	code, doc := lintJSON(t, "", "--trace", file)
	if code != probes.ExitFindings || doc.Schema != "wsdoctor/lint/v1" || doc.Summary.Error != 1 || len(doc.Walks) != 1 {
		t.Errorf("exit code %d, %+v", code, doc)
	}
	if w := doc.Walks; len(w) > 0 && (w[0].Path != "/ws" || w[0].Server != "ws" || w[0].Kind != "proxied" || !strings.Contains(w[0].End, "10.0.0.1:38888")) {
		t.Errorf("the walk is %+v", w[0])
	}
	_, out, _ := runLint(t, "", file)
	for _, want := range []string{file + "\n", "  5:3  error  haproxy/timeout-client", "      5 |   timeout client 10s\n        |   ^~~~~~~\n", "timeout tunnel 1h", "1 error, "} {
		if !strings.Contains(out, want) {
			t.Errorf("the text lacks %q:\n%s", want, out)
		}
	}
	_, out, _ = runLint(t, "", "--trace", file)
	if want := "/ws in frontend ws\n  → " + file + ":8  bind :38889\n  → " + file + ":9  use_backend app if { path_beg /ws }\n  = handed to backend app: 10.0.0.1:38888\n"; !strings.HasPrefix(out, want) {
		t.Errorf("the walk is\n%s\nexpected\n%s", out, want)
	}
	_, out, _ = runLint(t, "", "-f", "sarif", file)
	if !strings.Contains(out, `"ruleId": "haproxy/timeout-client"`) || strings.Contains(out, `"nginx/`) {
		t.Errorf("the SARIF is\n%s", out)
	}
	ignored := strings.Replace(cuts, "  timeout client 10s", "  # wsdoctor:ignore haproxy/timeout-client only pages here\n  timeout client 10s", 1)
	if code, doc := lintJSON(t, ignored, "-"); code != probes.ExitOK || doc.Summary.Ignored != 1 || doc.Summary.Error != 0 {
		t.Errorf("ignored: exit code %d, %+v", code, doc.Summary)
	}
}

// TestLintHAProxyTogether gives two files, which HAProxy reads as one configuration.
func TestLintHAProxyTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	head, tail, _ := strings.Cut(cuts, "backend app\n")
	first, second := write(t, "1.cfg", head), write(t, "2.cfg", "backend app\n"+tail)
	if _, doc := lintJSON(t, "", first); !strings.Contains(findingIDs(doc), "haproxy/backend-missing") {
		t.Errorf("the first alone has %s", findingIDs(doc))
	}
	if _, doc := lintJSON(t, "", first, second); strings.Contains(findingIDs(doc), "haproxy/backend-missing") {
		t.Errorf("both have %s", findingIDs(doc))
	}
}

func findingIDs(doc lintDoc) string {
	var ids []string
	for _, f := range doc.Findings {
		ids = append(ids, f.ID)
	}
	return strings.Join(ids, " ")
}

func TestLintHAProxyUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"--fix", "-"}, {"--haproxy-version", "new", "-"}, {"-", "-"}} {
		code, out, errs := runLint(t, cuts, args...)
		if code != probes.ExitUsage || out != "" || errs == "" {
			t.Errorf("%q: exit code %d\n%s%s", args, code, out, errs)
		}
	}
	_, _, errs := runLint(t, cuts, "--fix", "-")
	if !strings.Contains(errs, "--fix knows nginx files only") {
		t.Errorf("--fix says %q", errs)
	}
}
