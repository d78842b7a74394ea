package nginx

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// TestHostileFilesAreBounded gives what grows worst. It has no clock: a file that took minutes or gigabytes would end
// the test run.
func TestHostileFilesAreBounded(t *testing.T) {
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	http := func(s string) string { return "events {}\nhttp {\n" + s + "}\n" }
	const upgrade = "proxy_set_header Upgrade $http_upgrade;"
	const nested, flat = 10_000, 3_000
	for _, c := range []struct {
		name  string
		files map[string]string // the first to be read is "m"; one that is "-" may not be read
		says  string            // in some finding
	}{
		{"more directives than are read", map[string]string{"m": strings.Repeat("a;\n", 250_000)}, "more than 200000 directives"},
		{"more data than is kept", map[string]string{"m": http("geo $a {\n" + strings.Repeat("1.1.1.1 a;\n", 310_000) + "}\nserver { listen 80; }\n")}, "more than 300000 entries"},
		{"more findings than are listed", map[string]string{"m": http(numbered(1_200, "server { listen #; location /ws { proxy_pass http://u#; } }\n"))}, "more findings of this kind"},
		{"one line", map[string]string{"m": http(strings.Repeat("server{location /ws{proxy_pass http://a;}}", flat))}, ""},
		{"nested blocks", map[string]string{"m": http(strings.Repeat("location / {\n", nested) + strings.Repeat("}\n", nested))}, "nested more than 200 deep"},
		{"blocks that never end", map[string]string{"m": http(strings.Repeat("location / {\n", nested))}, "unexpected end of file"},
		{"braces that close nothing", map[string]string{"m": strings.Repeat("}\n", flat)}, `unexpected "}"`},
		{"regexes", map[string]string{"m": http("server {" + numbered(1_500, "location ~ ^/ws#(a|b)+c { proxy_pass http://u; "+upgrade+" }\n") + "}")}, ""},
		{"regexes that repeat", map[string]string{"m": http("server { location ~ ((((a{100}){100}){100}){100}) { proxy_pass http://u; " + upgrade + "} }")}, ""},
		{"half sets of headers", map[string]string{"m": http("server {" + numbered(flat, "location /a# { proxy_pass http://u; "+upgrade+" }\n") + "}")}, ""},
		{"maps of maps", map[string]string{"m": http(numbered(200, "map $v# $v1# { default $v1#$v1#; }\n") + "server { location /ws { proxy_pass http://$v1; } }")}, ""},
		{"a file that is included often", map[string]string{"m": http(strings.Repeat("include b;\n", flat)), "b": strings.Repeat("upstream a { server b; }\n", 1_000)}, "more than 200000 directives"},
		{"a large file that is included often", map[string]string{"m": http(strings.Repeat("include b;\n", flat)), "b": "# " + strings.Repeat("x", 1<<20)}, "has more than 67108864 bytes"},
		{"a cycle", map[string]string{"m": http("include a;"), "a": "include b;\n", "b": "include a;\n"}, "which is being read: /etc/m → /etc/a → /etc/b → /etc/a"},
		{"an include of itself", map[string]string{"m": http("include m;")}, "which is being read: /etc/m → /etc/m"},
		{"an include that may not be read", map[string]string{"m": http("include a;"), "a": "-"}, "reading /etc/a: permission denied"},
		{"an include that is too large", map[string]string{"m": http("include a;"), "a": strings.Repeat("#", conf.MaxFile+1)}, "expected a configuration of at most"},
		{"binary data", map[string]string{"m": strings.Repeat("\x7fELF\x00\xff\xfe;{}", 10_000)}, "byte 0 at offset 4"},
		{"an include of binary data", map[string]string{"m": http("include a;"), "a": strings.Repeat("\xff\xfe;{}", 10_000)}, ""},
		{"variables", map[string]string{"m": http("server { location /ws { proxy_pass http://u; proxy_set_header A " + strings.Repeat("$a", 20_000) + "; } }")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := func(name string) ([]byte, error) {
				text, ok := c.files[strings.TrimPrefix(name, "/etc/")]
				switch {
				case !ok:
					return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
				case text == "-":
					return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
				case len(text) > conf.MaxFile:
					return nil, errors.New("reading it: expected a configuration of at most so many bytes")
				}
				return []byte(text), nil
			}
			parsed, err := conf.Load("/etc/m", conf.Options{ReadFile: read, Glob: func(string) ([]string, error) { return nil, nil }})
			if err != nil {
				t.Fatal(err)
			}
			in := NewInput(parsed, Input{Paths: []string{"/ws/chat"}})
			found := Lint(in)
			in.Walks()
			for _, x := range Fix(found) {
				_ = x.New
			}
			said := c.says == ""
			for _, f := range found {
				text := f.Title.String()
				for _, e := range f.Evidence {
					text += "\n" + e.Saw.String()
				}
				said = said || strings.Contains(text, c.says)
			}
			if !said {
				t.Errorf("nothing says %q: %d findings", c.says, len(found))
			}
			if len(found) > maxFindings*len(Rules) {
				t.Errorf("%d findings", len(found))
			}
		})
	}
}

// TestGoodNeighbours holds that a file which was not read to its end makes nobody sure of what the rest may mend.
func TestGoodNeighbours(t *testing.T) {
	text := "events {}\nhttp {\nserver { listen 80; location /ws { proxy_pass http://later; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } }\n" +
		strings.Repeat("server_tokens off;\n", 200_001) + "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\nupstream later { server a; }\n}\n"
	for _, f := range lintText(t, text, Input{}) {
		if f.Severity == probes.Error && f.ID != "nginx/syntax" { // that server_tokens is there twice is an error of its own
			t.Errorf("%s at %v: %s", f.ID, f.Place(), f.Title)
		}
	}
}
