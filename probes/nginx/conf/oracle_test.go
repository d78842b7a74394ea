package conf

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// emerg is how nginx -t words a refusal; the address is left out where it has none.
var emerg = regexp.MustCompile(`\[emerg\] (?:\d+#\d+: )?(.*?)(?: in [^ ]*/nginx\.conf:(\d+))?\n`)

// TestAgainstNginx compares with `nginx -t`: what it refuses is refused here, at the same line and in the same words,
// and what it takes is not.
func TestAgainstNginx(t *testing.T) {
	nginx := probetest.Need(t, "nginx")
	for _, text := range []string{
		"events {}\n",
		"events {};\n",
		"events {}\n}\n",
		"events {}\nhttp {\n  server {\n    root /x;\n  }\n",
		"events { use epoll }\n",
		"events {}\nuser www",
		"events {}\nworker_processes \"1;\n",
		"events {}\nworker_processes '1'x;\n",
		"events {}\n{ }\n",
		"events {}\nworker_processes\u00a01;\n",
		"\ufeffevents {}\n",
		"events {}\nhttp { proxy_pass http://x; }\n",
		"events {}\nhttp { server { location; } }\n",
		"events {}\nhttp { sendfile maybe; }\n",
		"events {}\nhttp { server { root /x { } } }\n",
		"events {}\nhttp { server { location / ; } }\n",
		"events {}\nhttp {\n  proxy_sett_header Host $host;\n}\n",
		"events {}\nhttp {\n  lua_code_cache on;\n}\n",
		"events {}\nhttp { server {\n  server_name a\n  root /x;\n} }\n",
		"events {}\nhttp { server { location ~ \"^/a{2}\" { return 200 'x;y{z}'; } } }\n",
		"events {}\nhttp { map $host$uri $c { default x;\n '' \"y z\"; ~*^k v; } }\n",
		"events {}\nhttp { server { if ($http_upgrade = websocket) { proxy_set_header A b; } } }\n",
		"events {}\nhttp { server { listen 80\n; # a comment; with { braces }\n } }\n",
		"events {}\nhttp { server { location /a { proxy_pass http://127.0.0.1${uri}; } } }\n",
		"events {}\nuser a b c d;\n",
		"events {}\nhttp { log_format x 'a\\'b' \"c\\\"d\"\n 'e'; }\n",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.CommandContext(t.Context(), nginx, "-t", "-p", dir, "-c", file, "-e", "stderr", "-g", "pid nginx.pid;").CombinedOutput()
		c, err := Load(file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ours := ""
		for _, p := range c.Problems {
			if p.Kind == Refused || p.Kind == Foreign {
				ours = fmt.Sprintf("%s at line %d", p.Message, p.Place().Line)
				break
			}
		}
		theirs := ""
		if m := emerg.FindStringSubmatch(string(out)); m != nil && !strings.Contains(m[1], "open()") && !strings.Contains(m[1], "mkdir()") && !strings.Contains(m[1], "bind()") {
			theirs = fmt.Sprintf("%s at line %s", m[1], m[2])
		}
		// At the end of a file nginx names the line behind the last one.
		if strings.HasPrefix(ours, "unexpected end of file") && strings.HasPrefix(theirs, ours[:strings.LastIndex(ours, " at line")]) {
			continue
		}
		if ours != theirs {
			t.Errorf("%q:\nfound %s\nnginx %s", text, ours, theirs)
		}
	}
}

// TestAgainstCrossplane compares the tree with that of nginx-go-crossplane, on texts made at random.
func TestAgainstCrossplane(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	dir := t.TempDir()
	for i := range 200 {
		text := randomConf(r)
		file := filepath.Join(dir, fmt.Sprintf("%d.conf", i))
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		payload, err := crossplane.Parse(file, &crossplane.ParseOptions{SkipDirectiveContextCheck: true, SkipDirectiveArgsCheck: true, SingleFile: true})
		if err != nil {
			t.Fatal(err)
		}
		theirs := flatCrossplane(payload.Config[0].Parsed)
		c, err := Load(file, Options{NoIncludes: true})
		if err != nil {
			t.Fatal(err)
		}
		if ours := flat(c.Top); ours != theirs {
			t.Fatalf("%s\nfound\n%s\ncrossplane\n%s", text, ours, theirs)
		}
	}
}

func flat(list []*Directive) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%d %q %q", d.Place().Line, d.Name, d.Texts())
		if d.HasBlock {
			b.WriteString(" {" + flat(d.Block) + "}")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func flatCrossplane(list crossplane.Directives) string {
	var b strings.Builder
	for _, d := range list {
		if d.IsComment() {
			continue
		}
		args := d.Args
		if d.Directive == "if" {
			args = append([]string{}, args...) // crossplane takes the parentheses off
			args[0] = "(" + args[0]
			args[len(args)-1] += ")"
		}
		fmt.Fprintf(&b, "%d %q %q", d.Line, d.Directive, args)
		if d.IsBlock() {
			b.WriteString(" {" + flatCrossplane(d.Block) + "}")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func randomConf(r *rand.Rand) string {
	var b strings.Builder
	pick := func(list ...string) string { return list[r.Intn(len(list))] }
	var block func(depth int)
	block = func(depth int) {
		for range 1 + r.Intn(4) {
			b.WriteString(pick("", "\n", "  ", "\t", " # a ; comment {\n"))
			switch {
			case depth < 4 && r.Intn(3) == 0:
				b.WriteString(pick("server", "location /a", "location ~ \"^/b{2}\"", "upstream x.y", "if ($a = b)", "http") + pick(" {", "{", "\n{"))
				block(depth + 1)
				b.WriteString(pick("}", " }", "\n}"))
			default:
				b.WriteString(pick("proxy_pass", "root", "set $x", "return 200", "add_header X-Y"))
				for range 1 + r.Intn(3) {
					b.WriteString(pick(" ", "\n", "\t ") + pick("a", "'b c'", "\"d;e\"", "$host", "${uri}x", "http://x/y?z#f", "~^/\\.php$", "'#'", "a=b"))
				}
				b.WriteString(pick(";", " ;", "\n;"))
			}
		}
	}
	block(0)
	return b.String()
}
