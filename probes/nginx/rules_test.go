package nginx

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
	"github.com/rogpeppe/go-internal/txtar"
)

// ruleCase is one file of testdata/rules, named after its rule: a configuration that has the fault, and one that has
// not. Its head says how to lint and what is wanted:
//
//	path: /ws         --path
//	version: 1.22.1   of nginx
//	heartbeat: 25s    of the settings; with it come clients, forwarding and ports
//	want: error 7     severity and, where it matters, line of the finding
//	real: handshake   what fails with a real nginx before --fix and works after it; see real_test.go
//	uri: /app/chat    what the backend has to be asked in the end
type ruleCase struct {
	name, rule string
	head       map[string]string
	bad, good  string
}

func ruleCases(t *testing.T) []ruleCase {
	t.Helper()
	files, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var out []ruleCase
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c := ruleCase{name: strings.TrimSuffix(filepath.Base(f), ".txtar"), head: map[string]string{}}
		for line := range strings.Lines(string(a.Comment)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
			c.head[k] = v
		}
		for _, file := range a.Files {
			switch file.Name {
			case "bad.conf":
				c.bad = string(file.Data)
			case "good.conf":
				c.good = string(file.Data)
			}
		}
		for _, r := range Rules {
			if id := strings.TrimPrefix(r.ID, "nginx/"); strings.HasPrefix(c.name, id) && len(id) > len(c.rule)-6 {
				c.rule = r.ID
			}
		}
		out = append(out, c)
	}
	return out
}

// places are the addresses that stand for the names in a case's text.
type places struct{ front, backend, other, cert string }

func (p places) fill(s string) string {
	_, backPort, _ := strings.Cut(p.backend, ":")
	return strings.NewReplacer("FRONT", p.front, "BACKEND", p.backend, "BACKPORT", backPort, "OTHER", p.other, "CERT", p.cert).Replace(s)
}

// paper are places for cases that are only read.
var paper = places{"8001", "10.0.0.9:8080", "8009", "cert.pem"}

func (c ruleCase) input(t *testing.T, file *conf.Config, p places) *Input {
	t.Helper()
	var in Input
	if v := c.head["path"]; v != "" {
		in.Paths = []string{v}
	}
	if v := c.head["version"]; v != "" {
		parsed, err := conf.ParseVersion(v)
		if err != nil {
			t.Fatal(err)
		}
		in.Version = parsed
	}
	if v := c.head["heartbeat"]; v != "" {
		beat, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		cfg := cluster.Default(cluster.Generic)
		cfg.Heartbeat, cfg.Clients = beat, 0
		cfg.WebSocket.Ports, cfg.WebSocket.ForwardingPorts = nil, nil
		number := func(key string) int {
			n, _ := strconv.Atoi(p.fill(c.head[key])) // a key that is not there is 0
			return n
		}
		cfg.Clients = number("clients")
		if n := number("forwarding"); n > 0 {
			cfg.WebSocket.ForwardingPorts = []int{n}
		}
		if n := number("ports"); n > 0 {
			cfg.WebSocket.Ports = []int{n}
		}
		in.Cluster = &cfg
	}
	return NewInput(file, in)
}

func (c ruleCase) lint(t *testing.T, text string, p places) []Finding {
	t.Helper()
	file, err := conf.Parse("/nowhere/test.conf", []byte(p.fill(text)), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Lint(c.input(t, file, p))
}

// needRunning are the rules that compare with a running nginx: see probe_test.go, and the scenarios of cmd/wsdoctor.
var needRunning = []string{"nginx/not-reloaded", "nginx/running-file", "nginx/answer"}

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range ruleCases(t) {
		seen[c.rule] = true
		t.Run(c.name, func(t *testing.T) {
			want, line, _ := strings.Cut(c.head["want"], " ")
			var all []string
			found := false
			for _, f := range c.lint(t, c.bad, paper) {
				all = append(all, f.Severity.String()+" "+f.ID+" "+strconv.Itoa(f.Place().Line)+" "+f.Title.String())
				if f.ID != c.rule || f.Severity.String() != want || line != "" && strconv.Itoa(f.Place().Line) != line {
					continue
				}
				found = true
				if len(f.Fix) == 0 && f.Severity > probes.Info {
					t.Errorf("%s has no line to paste", f.ID)
				}
			}
			if !found {
				t.Errorf("found no %s %s at line %s, but\n%s", want, c.rule, line, strings.Join(all, "\n"))
			}
			for _, f := range c.lint(t, c.good, paper) {
				if f.ID == c.rule && f.Severity.String() == want || f.Severity == probes.Error {
					t.Errorf("the good one has %s %s at line %d: %s", f.Severity, f.ID, f.Place().Line, f.Title)
				}
			}
		})
	}
	for _, r := range Rules {
		if !seen[r.ID] && !slices.Contains(needRunning, r.ID) {
			t.Errorf("%s has no case in testdata/rules", r.ID)
		}
	}
}

// TestFixHelps lints what --fix makes of each case: the findings that it mends are gone, and nothing new came.
func TestFixHelps(t *testing.T) {
	for _, c := range ruleCases(t) {
		t.Run(c.name, func(t *testing.T) {
			before := c.lint(t, c.bad, paper)
			fixed := Fix(before)
			if len(fixed) == 0 {
				return
			}
			after := c.lint(t, string(fixed[0].New), paper)
			for _, f := range after {
				old := slices.IndexFunc(before, func(o Finding) bool { return o.ID == f.ID })
				if f.Severity == probes.Error && (old < 0 || len(before[old].Edits) > 0) {
					t.Errorf("after --fix: %s %s at line %d: %s\n%s", f.Severity, f.ID, f.Place().Line, f.Title, fixed[0].Diff())
				}
			}
		})
	}
}

func TestRuleTexts(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range Rules {
		if ids[r.ID] {
			t.Errorf("%s is listed twice", r.ID)
		}
		ids[r.ID] = true
		if r.Title == "" || r.Why == "" || r.Docs == "" || r.Check == nil || strings.HasSuffix(r.Title, ".") {
			t.Errorf("%s lacks a title, a reason, a source or a check, or its title ends in a full stop", r.ID)
		}
	}
}
