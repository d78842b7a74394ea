package nginx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/probetest"
)

// bare lacks both headers, in a file with CRLF line ends and tabs.
const bare = "server {\r\n\tlisten 80;\r\n\tlocation /ws { proxy_pass http://10.0.0.1; } # the socket\r\n}\r\n"

func lintText(t *testing.T, text string, given Input) []Finding {
	t.Helper()
	c, err := conf.Parse("site.conf", []byte(text), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Lint(NewInput(c, given))
}

// printed returns findings in a format of lint.
func printed(t *testing.T, format string, findings []Finding) *bytes.Buffer {
	t.Helper()
	doc := lint.Document{Version: "1.2.3"}
	for _, r := range Rules {
		doc.Rules = append(doc.Rules, r.Print())
	}
	for _, f := range findings {
		doc.Findings = append(doc.Findings, f.Print())
	}
	var b bytes.Buffer
	f, ok := lint.Lookup(format)
	if !ok {
		t.Fatalf("no format %s", format)
	}
	if err := f.Write(&b, doc); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestText(t *testing.T) {
	b := printed(t, "text", lintText(t, bare, Input{Paths: []string{"/ws"}}))
	for _, want := range []string{
		"site.conf\n", "3:17  error  nginx/upgrade-header", "      3 |  location /ws { proxy_pass http://10.0.0.1; } # the socket\n        |                 ^~~~~~~~~~~~~~~~~~~~~~~~~~~",
		"proxy_set_header Upgrade $http_upgrade;", "2 errors, 2 warnings, ",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
}

func TestJSON(t *testing.T) {
	b := printed(t, "json", lintText(t, bare, Input{Paths: []string{"/ws"}}))
	var doc struct {
		Schema   string
		Summary  map[string]int
		Findings []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Schema != "wsdoctor/lint/v1" || doc.Summary["error"] != 2 || len(doc.Findings) == 0 {
		t.Fatalf("found %s", b.String())
	}
	for _, key := range []string{"id", "severity", "file", "line", "title", "why", "fix", "docs"} {
		if doc.Findings[0][key] == nil {
			t.Errorf("a finding lacks %q", key)
		}
	}
}

func TestSARIF(t *testing.T) {
	text := strings.Replace(bare, "\tlocation", "\t# wsdoctor:ignore nginx/upgrade-header only polling here\r\n\tlocation", 1)
	var doc struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Locations []struct {
					PhysicalLocation struct{ Region struct{ StartLine int } }
				}
				Suppressions []struct{ Kind, Justification string }
			}
		}
	}
	if err := json.Unmarshal(printed(t, "sarif", lintText(t, text, Input{Paths: []string{"/ws"}})).Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	run := doc.Runs[0]
	if doc.Version != "2.1.0" || len(run.Tool.Driver.Rules) != len(Rules) {
		t.Fatalf("found version %q, %d rules", doc.Version, len(run.Tool.Driver.Rules))
	}
	suppressed := 0
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Locations[0].PhysicalLocation.Region.StartLine < 1 {
			t.Errorf("found %+v", r)
		}
		if len(r.Suppressions) > 0 {
			suppressed++
			if r.RuleID != "nginx/upgrade-header" || r.Suppressions[0].Justification != "only polling here" {
				t.Errorf("found %+v", r)
			}
		}
	}
	if suppressed != 1 {
		t.Errorf("%d are suppressed, expected 1", suppressed)
	}
}

func TestIgnore(t *testing.T) {
	text := strings.Replace(bare, "# the socket", "# wsdoctor:ignore upgrade-header known", 1)
	fs := lintText(t, text, Input{Paths: []string{"/ws"}})
	errs, ignored := 0, 0
	for _, f := range fs {
		if f.Ignored != "" {
			ignored++
		} else if f.Severity == probes.Error {
			errs++
		}
	}
	if ignored != 1 || errs != 1 {
		t.Errorf("%d are ignored and %d are errors, expected 1 of each", ignored, errs)
	}
	for _, x := range Fix(fs) {
		if strings.Contains(string(x.New), "Upgrade $http_upgrade") {
			t.Errorf("--fix mends what is ignored:\n%s", x.Diff())
		}
	}
}

// TestPatchApplies feeds the diff of each case to patch.
func TestPatchApplies(t *testing.T) {
	patch := probetest.Need(t, "patch")
	texts := []string{bare, strings.TrimSuffix(bare, "\r\n")}
	for _, c := range ruleCases(t) {
		texts = append(texts, paper.fill(c.bad))
	}
	for i, text := range texts {
		fixed := Fix(lintText(t, text, Input{Paths: []string{"/ws"}}))
		if len(fixed) == 0 {
			continue
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "site.conf")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), patch, "-p0", "--binary")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(fixed[0].Diff())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("case %d: patch: %v: %s\n%s", i, err, out, fixed[0].Diff())
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, fixed[0].New) {
			t.Errorf("case %d: patch made\n%s\nexpected\n%s", i, got, fixed[0].New)
		}
	}
}

// TestFixKeepsTheRest holds that a fix adds lines and changes none that it does not name.
func TestFixKeepsTheRest(t *testing.T) {
	text := "# site of ours\nserver {\n\tlisten 80;   # odd   spacing\n\tlocation /ws {\n\t\tproxy_pass http://10.0.0.1; # the node\n\t}\n}\n"
	fixed := Fix(lintText(t, text, Input{Paths: []string{"/ws"}}))
	want := "# site of ours\nmap $http_upgrade $connection_upgrade {\n    default upgrade;\n    ''      close;\n}\nserver {\n\tlisten 80;   # odd   spacing\n\tlocation /ws {\n\t\tproxy_pass http://10.0.0.1; # the node\n" +
		"\t\tproxy_http_version 1.1;\n\t\tproxy_set_header Upgrade $http_upgrade;\n\t\tproxy_set_header Connection $connection_upgrade;\n\t\tproxy_set_header Host $http_host;\n\t}\n}\n"
	if len(fixed) != 1 || string(fixed[0].New) != want {
		t.Errorf("found\n%s\nexpected\n%s", fixed[0].New, want)
	}
}

func TestOneCauseOnce(t *testing.T) {
	// One file with the headers is included by three locations: what it lacks is said once, at that file.
	files := map[string]string{
		"/etc/nginx/nginx.conf": "events {}\nhttp { server { listen 80;\nlocation /ws1 { proxy_pass http://10.0.0.1; include ws.inc; }\nlocation /ws2 { proxy_pass http://10.0.0.1; include ws.inc; }\n} }\n",
		"/etc/nginx/ws.inc":     "proxy_http_version 1.1;\nproxy_set_header Host $http_host;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection \"\";\n",
	}
	c, err := conf.Load("/etc/nginx/nginx.conf", conf.Options{ReadFile: func(n string) ([]byte, error) {
		if s, ok := files[n]; ok {
			return []byte(s), nil
		}
		return nil, os.ErrNotExist
	}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range Lint(NewInput(c, Input{})) {
		if f.Severity == probes.Error {
			n++
			if f.ID != "nginx/connection-header" || f.Place().File != "/etc/nginx/ws.inc" || f.Place().Line != 4 {
				t.Errorf("found %s at %v", f.ID, f.Place())
			}
		}
	}
	if n != 1 {
		t.Errorf("%d errors, expected 1", n)
	}
}

func TestSamples(t *testing.T) {
	for source, want := range map[string]string{
		`^/ws/([a-z]+)$`: "/ws/a", `\.io$`: "/.io", `^/(a|b)/x`: "/a/x", `^/v[0-9]{2}/ws`: "/v11/ws", `(`: "", `/socket`: "/socket",
	} {
		if got := sampleOf(source); got != want {
			t.Errorf("a sample of %s is %q, expected %q", source, got, want)
		}
	}
}

func FuzzLint(f *testing.F) {
	f.Add([]byte(bare))
	f.Add([]byte("location ~ ^/ws { rewrite ^ /x last; if ($a) { proxy_pass http://$b; } try_files $uri @n; }\nlocation @n { proxy_set_header Upgrade $x; }\n"))
	f.Add([]byte("upstream u { ip_hash; server http://a backup; }\nserver { listen [::]:80 ssl; proxy_pass ws://u/; }\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := conf.Parse("/nowhere/fuzz.conf", src, conf.Options{NoIncludes: true})
		if err != nil {
			t.Skip()
		}
		in := NewInput(c, Input{Paths: []string{"/ws"}})
		found := Lint(in)
		in.Walks()
		for _, x := range Fix(found) {
			_ = x.Diff()
		}
		printed(t, "text", found)
	})
}

// BenchmarkLint judges 10,000 lines in 300 files, reading included.
func BenchmarkLint(b *testing.B) {
	files := map[string]string{}
	var main strings.Builder
	main.WriteString("events {}\nhttp {\n")
	for i := range 300 {
		var s strings.Builder
		fmt.Fprintf(&s, "server {\n  listen %d;\n  server_name s%d.example;\n", 1000+i, i)
		for j := range 5 {
			fmt.Fprintf(&s, "  location /p%d/ {\n    proxy_pass http://10.0.0.%d:8080;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection \"upgrade\";\n  }\n", j, j)
		}
		s.WriteString("}\n")
		name := fmt.Sprintf("/etc/nginx/s%03d.conf", i)
		files[name] = s.String()
		fmt.Fprintf(&main, "  include %s;\n", name)
	}
	main.WriteString("}\n")
	files["/etc/nginx/nginx.conf"] = main.String()
	read := func(n string) ([]byte, error) {
		if s, ok := files[n]; ok {
			return []byte(s), nil
		}
		return nil, os.ErrNotExist
	}
	for b.Loop() {
		c, err := conf.Load("/etc/nginx/nginx.conf", conf.Options{ReadFile: read})
		if err != nil {
			b.Fatal(err)
		}
		Lint(NewInput(c, Input{Paths: []string{"/p1/ws"}}))
	}
}
