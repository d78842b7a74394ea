package haproxy

import (
	"bufio"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// TestHAProxyAgrees gives the same files to "haproxy -c" and to us: what it refuses has an error here, at the line that
// it names, and what it takes has none.
func TestHAProxyAgrees(t *testing.T) {
	d := "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n" // five lines
	f := "frontend f\n  bind 127.0.0.1:1\n"
	b := "backend b\n  server s 127.0.0.1:2 check\n"
	for _, tc := range []struct {
		name, text string
		line       int // where it is wrong; 0: it is right
	}{
		{"right", d + f + "  default_backend b\n" + b, 0},
		{"comments and blanks", "global#this is it\n\tdaemon#yes\n\n" + d + "\t frontend    f # x\n\tbind 127.0.0.1:1\n", 0},
		{"quotes", d + f + "  http-request set-header X-A \"a 'b' \\\" #c\"'d \" \\'\n  default_backend b\n" + b, 0},
		{"carriage returns", strings.ReplaceAll(d+f+"  default_backend b\n"+b, "\n", "\r\n"), 0},
		{"named defaults", d + "defaults two from one\n  mode http\n" + strings.Replace(f, "f\n", "f from two\n", 1), 6},
		{"defaults by name", strings.Replace(d, "defaults", "defaults one", 1) + strings.Replace(f, "f\n", "f from one\n", 1), 0},
		{"one name on both sides", d + strings.ReplaceAll(f, "f\n", "b\n") + "  default_backend b\n" + b, 0},
		{"conditions", d + f + ".if version_atleast(2.0) && !streq(a,b)\n  maxconn 5\n.elif 1\n  nonsense\n.else\n  nonsense\n.endif\n", 0},
		{"nested conditions", d + f + ".if 0\n.if 1\n nonsense\n.else\n nonsense\n.endif\n.elif 0\n.else\n maxconn 7\n.endif\n", 0},
		{"a variable in a condition", d + f + ".if defined(SET) && !defined(NOPE)\n  maxconn 5\n.else\n  nonsense\n.endif\n", 0},
		{"setenv", "global\n  setenv PORT 1\n" + d + "frontend f\n  bind \"127.0.0.1:${PORT}\"\n", 0},
		{"an ACL of its own", d + f + "  acl a path /a\n  use_backend b if a !{ path /b } or TRUE\n" + b, 0},
		{"times", d + f + "  timeout client 100us\n  timeout http-request 2147483647\n  timeout client-fin 24d\n", 0},

		{"open quote", d + f + "  http-request set-header X-A \"a\n", 8},
		{"open single quote", d + f + "  http-request set-header X-A 'a\n", 8},
		{"open quote in a skipped block", d + f + ".if 0\n  x \"a\n.endif\n", 9},
		{"hexadecimal", d + f + "  http-request set-header X-A \\x4g\n", 8},
		{"brace", d + f + "  bind \"${A\"\n", 8},
		{"before a section", "  mode http\n" + d + f, 1},
		{"a slip in the first line", "globl\n  daemon\n" + d + f, 1},
		{"lone endif", d + ".endif\n" + f, 6},
		{"lone else", d + ".else\n" + f, 6},
		{"two elses", d + ".if 1\n.else\n.else\n.endif\n" + f, 8},
		{"no endif", d + f + ".if 1\n", 8},
		{"alert", d + f + ".alert \"stop it\"\n", 8},
		{"no last line feed", d + strings.TrimSuffix(f, "\n"), 7},
		{"no-break space", d + f + "  option\u00a0httplog\n", 8},
		{"byte order mark", "\ufeff" + d + f, 1},
		{"continuation", d + f + "  http-request set-header X-A \\\n    b\n", 8},
		{"slip", d + f + "  defualt_backend b\n" + b, 8},
		{"slip in a section", d + "fronted f\n  bind 127.0.0.1:1\n", 6},
		{"slip in a backend", d + f + "backend b\n  srver s 127.0.0.1:2\n", 9},
		{"mode", d + f + "  mode htp\n", 8},
		{"timeout of no such name", d + f + "  timeout cleint 5s\n", 8},
		{"no time", d + f + "  timeout client\n", 8},
		{"no number", d + f + "  timeout client fast\n", 8},
		{"too long a time", d + f + "  timeout client 25d\n", 8},
		{"two times", d + f + "  timeout client 5s 6s\n", 8},
		{"hash-type", d + f + "backend b\n  hash-type consitent\n", 9},
		{"no such ACL", d + f + "  use_backend b if a\n" + b, 8},
		{"no such ACL in a rule", d + f + "  http-request deny if !a\n", 8},
		{"no if", d + f + "  use_backend b { path /a }\n" + b, 8},
		{"server without an address", d + f + "backend b\n  server s\n", 9},
		{"bind without an address", d + f + "  bind\n", 8},
		{"default_backend without a name", d + f + "  default_backend\n", 8},
		{"address behind a name", d + "listen f 127.0.0.1:1\n", 6},
		{"no name", d + f + "backend\n", 8},
		{"a name of other characters", d + f + "backend a/b\n", 8},
		{"twice the same", d + f + b + "backend b\n  server x 127.0.0.1:3\n", 10},
		{"too many words", d + f + "  acl a path" + strings.Repeat(" /a", 80) + "\n", 8},
		{"gone", d + f + "  reqidel ^x\n", 8},
		{"gone option", d + f + "  option forceclose\n", 8},
		{"a missing backend", d + f + "  default_backend c\n" + b, 8},
		{"modes", d + f + "  default_backend b\n" + b + "  mode tcp\n", 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			refused := false
			var alerts []string
			for _, l := range haproxyCheck(t, tc.text) {
				if strings.HasPrefix(l, "[ALERT]") {
					refused = true
					alerts = append(alerts, l)
				}
			}
			if refused != (tc.line > 0) {
				t.Fatalf("HAProxy: refused %v\n%s", refused, strings.Join(alerts, "\n"))
			}
			var at []int
			for _, p := range Lint(Options{Version: Version{2, 6, 12}, Env: testEnv}, Aim{}, File{"FILE", tc.text}) {
				if p.Severity == probes.Error && slices.Contains([]string{"haproxy/syntax", "haproxy/backend-missing", "haproxy/http-server-close"}, p.ID) {
					at = append(at, p.Line)
					if tc.line == 0 {
						t.Errorf("%d:%d %s", p.Line, p.Column, p.Title)
					}
				}
			}
			if tc.line > 0 && !slices.Contains(at, tc.line) {
				t.Errorf("errors at %v, expected line %d\n%s", at, tc.line, strings.Join(alerts, "\n"))
			}
		})
	}
}

// TestEveryKeywordIsKnown takes the keywords of the installed HAProxy from its own list: none may pass for a slip.
func TestEveryKeywordIsKnown(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), probetest.Need(t, "haproxy"), "-dKcfg", "-q", "-c", "-f", "/dev/null")
	out, _ := cmd.CombinedOutput()
	section, seen := "", 0
	m := &model{}
	for sc := bufio.NewScanner(strings.NewReader(string(out))); sc.Scan(); {
		line := sc.Text()
		if !strings.HasPrefix(line, "\t") {
			section = line
			continue
		}
		if fields := strings.Fields(line); section == "listen" && len(fields) > 0 {
			seen++
			l := Line{File: "FILE", Number: 1, Raw: line}
			for _, f := range fields {
				l.Words = append(l.Words, Word{Text: f, Column: 3})
			}
			if p, bad := m.lineFault(l); bad && strings.Contains(p.Title.String(), "did you mean") {
				t.Error(p.Title)
			}
		}
	}
	if seen < 50 {
		t.Errorf("saw %d keywords", seen)
	}
}

func TestSyntaxIsTolerant(t *testing.T) {
	text := "defaults\n  mode http\n  timeout client \"1s\n  timeout server 5x\nfrontend f\n  newfangled thing 5\n  bind :1\n  defualt_backend b\nbackend b\n  server s 127.0.0.1:2 \\xzz\n"
	want := "error syntax 3, error syntax 4, error syntax 8, error syntax 10"
	problems := Lint(Options{Version: Version{3, 2, 0}}, Aim{}, File{"a.cfg", text})
	var got []string
	for _, line := range found(problems) {
		if strings.Contains(line, " syntax ") {
			got = append(got, line)
		}
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q", got)
	}
	if p := problems[0]; p.Column != 18 || p.Title.String() != "unmatched quote" {
		t.Errorf("%+v", p)
	}
}
