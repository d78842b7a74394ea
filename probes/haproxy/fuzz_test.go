package haproxy

import (
	"strings"
	"testing"
	"time"
)

// FuzzLint reads anything as a configuration: it comes to an end, every place that it names exists, and what is said
// can be shown.
func FuzzLint(f *testing.F) {
	for _, seed := range []string{
		"", "defaults\n", usual + front + two, "global\n setenv A \"${B}\"\n" + usual + "frontend f from x\n bind :1,:2-3 ssl alpn h2\n use_backend %[path] if { path_reg ( } or !a\n",
		".if streq(\"$A\",b) && !defined(C) || (0)\n.elif version_atleast(2.4-dev19)\n.else\n.endif\n.endif\n", "listen a\n bind fd@3\n server-template x 1-3 h:1 track b/c\n stick on src\n cookie a\n balance hash src\n",
		"\ufeffdefaults\u00a0x\n timeout client 5x\n timeout tunnel 99999999999h\n", "frontend f\n http-request del-header \\x4 -m reg\n redirect location / if { hdr(a,1) -f x } {\n",
		"backend b\n server s \"${A[*]}\" source 0 usesrc\n default-server maxconn\n fullconn x\n reqidel (\n", "defaults a from b\ndefaults b from a\nbackend x from a\n", strings.Repeat(".if 1\n", 1100), "\x00", "frontend \"\n 'a\r\n",
	} {
		f.Add(seed, "/socket.io/", "h")
	}
	f.Fuzz(func(t *testing.T, text, path, host string) {
		aim := reportAim()
		aim.Path, aim.Host = path, host
		lines := strings.Split(text, "\n")
		for _, o := range []Options{{}, {Version: Version{2, 6, 0}, Env: map[string]string{"A": "b c"}}} {
			for _, p := range Lint(o, aim, File{"a", text}) {
				switch {
				case p.Title.String() == "" || p.ID == "":
					t.Fatalf("nothing is said: %+v", p)
				case p.File == "":
				case p.Line < 1 || p.Line > len(lines) || p.Column < 0 || p.Column > len(lines[p.Line-1])+1:
					t.Fatalf("%s at %d:%d of %d lines", p.ID, p.Line, p.Column, len(lines))
				}
				p.finding()
			}
		}
	})
}

// FuzzParseTime checks that a time that is read is written the same way.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"5s", "0", "24d", "1m30s", "999us", "2147483647", "x", "99999999999999999999d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, rest, ok := parseTime(s)
		if !ok {
			return
		}
		again, _, ok := parseTime(clock(d))
		if d < 0 || d > maxTimer+time.Millisecond || !strings.HasSuffix(s, rest) || !ok || again != d {
			t.Errorf("%q: %v, %q, %v, again %v", s, d, rest, ok, again)
		}
	})
}
