package main

import (
	"bytes"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
)

// inMemory runs one command line.
func inMemory(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
	code = a.main(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout []string
		stderr string
	}{
		{"a check", []string{"portconfig/key-whitespace"}, 0, []string{"portconfig/key-whitespace: no blank stands at the end", "note 6", "\n  wsdoctor check --only portconfig/key-whitespace\n"}, ""},
		{"all", nil, 0, []string{"portconfig/range ", "\n\nkernel/somaxconn "}, ""},
		{"an area", []string{"kernel"}, 0, []string{"kernel/somaxconn ", "kernel/conntrack "}, ""},
		{"a typing error", []string{"portconfig/rnage"}, 2, nil, `unknown check "portconfig/rnage"; did you mean portconfig/range?`},
		{"no area", []string{"conntrack"}, 2, nil, "did you mean kernel/conntrack?"},
		{"no area and a typing error", []string{"rang"}, 2, nil, "did you mean portconfig/range?"},
		{"nothing like it", []string{"zzzzzzzzzzzz"}, 2, nil, "`wsdoctor explain` lists them"},
		{"two", []string{"kernel/conntrack", "kernel/somaxconn"}, 2, nil, "explain takes one ID, found 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := inMemory(t, append([]string{"explain"}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.stderr) || (stdout != "") != (c.stdout != nil) {
				t.Errorf("exit %d, stderr %q, stdout %q", code, stderr, stdout)
			}
			for _, part := range c.stdout {
				if !strings.Contains(stdout, part) {
					t.Errorf("%q lacks %q", stdout, part)
				}
			}
		})
	}
}

// Every check of the catalogue can be explained: a title that states the healthy state, and a reason.
func TestEveryCheckIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range catalog.All() {
		for _, r := range p.Rules {
			if seen[r.ID] || !strings.HasPrefix(r.ID, p.Area+"/") {
				t.Errorf("%s stands twice or in the wrong area", r.ID)
			}
			seen[r.ID] = true
			name := strings.HasPrefix(r.Title, "HAProxy ") || strings.HasPrefix(r.Title, "WebSocket")
			if r.Title == "" || strings.HasSuffix(r.Title, ".") || !name && strings.ToLower(r.Title[:1]) != r.Title[:1] {
				t.Errorf("%s: the title %q is no lower-case phrase without a full stop", r.ID, r.Title)
			}
			if !strings.HasSuffix(r.Because().String(), ".") && !strings.HasSuffix(r.Because().String(), ")") { // the source, in parentheses, may end it
				t.Errorf("%s: the reason %q is no sentence", r.ID, r.Because().String())
			}
			code, stdout, _ := inMemory(t, "explain", r.ID)
			for line := range strings.Lines(stdout) {
				if len([]rune(line)) > explainWidth+1 && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%s: a line of %d columns: %s", r.ID, len(line), line)
				}
			}
			if code != 0 || stdout == "" {
				t.Errorf("%s: exit %d", r.ID, code)
			}
		}
	}
}

func TestExplainGates(t *testing.T) {
	look := func(rules []probes.Rule[int], area string, needs ...string) probes.Probe {
		return probes.New[int](area, nil, rules, needs...)
	}
	areas := []probes.Probe{
		look([]probes.Rule[int]{{ID: "a/x", Title: "x holds", Why: "Because.", Gate: true}}, "a"),
		look([]probes.Rule[int]{{ID: "b/y", Title: "y holds", Why: "Because."}}, "b", "a"),
	}
	for id, want := range map[string]string{"a/x": "It is a gate: where it fails, b would", "b/y": "It is judged after a, and"} {
		var out bytes.Buffer
		if err := explain(&out, areas, []string{id}, nil); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v, %q", id, err, out.String())
		}
	}
}

func TestWrap(t *testing.T) {
	for in, want := range map[string]string{
		"aa bb cc": "aa bb\ncc", "aaaaaaa bb": "aaaaaaa\nbb", "aaaaaaaaa": "aaaaaaaaa", "a\n\n  b": "a\n\n  b", "": "",
	} {
		if got := wrap(in, 5); got != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
}

func TestExplainCompletion(t *testing.T) {
	_, stdout, _ := inMemory(t, "__complete", "explain", "kernel/c")
	if !strings.HasPrefix(stdout, "kernel/conntrack\tthe connection tracking table") {
		t.Errorf("%q", stdout)
	}
	if _, stdout, _ := inMemory(t, "__complete", "explain", "kernel/conntrack", ""); strings.Contains(stdout, "kernel/") {
		t.Errorf("a second ID is offered: %q", stdout)
	}
}
