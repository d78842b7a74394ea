package haproxy

import (
	"fmt"
	"strings"
	"testing"
)

// large makes a configuration of about n lines, such as a controller generates.
func large(n int) string {
	var b strings.Builder
	b.WriteString("global\n  maxconn 20000\n" + usual + "frontend f\n  bind :38889\n")
	for i := range n / 10 {
		fmt.Fprintf(&b, "  acl host%d hdr(host) -i app%d.example.com\n  use_backend b%d if host%d { path_beg /api%d }\n", i, i, i, i, i)
	}
	b.WriteString("  default_backend b0\n")
	for i := range n / 10 {
		fmt.Fprintf(&b, "backend b%d\n  balance leastconn\n  cookie S insert indirect\n  http-request set-header X-Forwarded-Proto https if { ssl_fc }\n", i)
		for j := range 4 {
			fmt.Fprintf(&b, "  server s%d 10.0.%d.%d:38888 check cookie c%d\n", j, i%256, j, j)
		}
	}
	return b.String()
}

// TestHostileFilesAreBounded gives what grows worst. It has no clock: a file that took minutes would end the test run.
func TestHostileFilesAreBounded(t *testing.T) {
	const n = 15_000
	repeat := func(s string) string { return strings.Repeat(s, n) }
	names := func(format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"many routes":                 usual + "frontend f\n bind :38889\n" + names(" use_backend b%d if { src 10.0.0.0/8 }\n") + names("backend b%d\n"),
		"many frontends":              usual + names("frontend f%d\n bind :38889\n default_backend b\n") + "backend b\n",
		"many defaults lines":         "defaults\n" + repeat(" timeout tunnel 1h\n") + names("listen l%d\n bind :38889\n"),
		"one ACL with many lines":     usual + "frontend f\n bind :38889\n" + repeat(" acl a path_reg ^(a|b|c)*d$\n") + repeat(" use_backend b if a or a or a or a\n") + "backend b\n",
		"many missing backends":       usual + "frontend f\n bind :38889\n" + names(" use_backend missing%d if { src ::1 }\n") + names("backend present%d\n"),
		"defaults from each other":    names("defaults d%d from d\n") + "defaults d from d1\nfrontend f from d\n bind :38889\n",
		"nested conditions":           repeat(".if !(!(1))\n"),
		"one long line":               usual + "frontend f\n bind :38889\n http-request deny if " + repeat("!a or { path /b } ") + "\n",
		"deep parentheses":            ".if " + repeat("(") + "\n.if " + repeat("!") + "1\n",
		"many servers":                usual + "listen l\n bind :38889\n" + repeat(" default-server check\n") + names(" server s%d 10.0.0.1:38888\n"),
		"many binds":                  usual + "frontend l\n bind " + repeat(":38889,") + ":1\n",
		"a pattern that repeats":      usual + "frontend f\n bind :38889\n http-request deny if { path_reg ((((a{100}){100}){100}){100}) }\n",
		"open quotes":                 repeat("\"\n"),
		"words":                       repeat("a "),
		"binary":                      strings.Repeat("\x00\xff\xfe\n", n),
		"more lines than are read":    strings.Repeat("\n", maxLines+10),
		"one deny in many frontends":  usual + " http-request deny if { src ::1 }\n" + names("listen f%d\n bind :38889\n"),
		"one route in many listeners": usual + names("listen f%d\n bind :38889\n server s 10.0.0.1:1\n"),
	} {
		t.Run(name, func(t *testing.T) {
			problems := Lint(Options{}, reportAim(), File{"a.cfg", text})
			if len(problems) > maxProblems*len(rules) {
				t.Errorf("%d problems", len(problems))
			}
		})
	}
}

func TestWhatIsNotReadIsSaid(t *testing.T) {
	problems := Lint(Options{}, Aim{}, File{"a.cfg", strings.Repeat("\n", maxLines+10)})
	if len(problems) != 1 || !strings.Contains(problems[0].Title.String(), "it was not looked at") || problems[0].Line != maxLines+1 {
		t.Errorf("%+v", problems)
	}
}

func BenchmarkLint(b *testing.B) {
	text := large(10_000)
	b.ReportAllocs()
	for b.Loop() {
		Lint(Options{}, reportAim(), File{"haproxy.cfg", text})
	}
}
