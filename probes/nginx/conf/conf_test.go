package conf

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("/nowhere/test.conf", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// said renders problems as line:column message.
func said(c *Config) []string {
	var out []string
	for _, p := range c.Problems {
		at := p.Place()
		out = append(out, fmt.Sprintf("%d:%d %s", at.Line, at.Col, p.Message))
	}
	return out
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "events {}\nhttp { server { listen 80; } }\n", nil},
		{"a semicolon too much", "events {};\n", []string{`1:10 unexpected ";"`}},
		{"a brace too much", "events {}\n}\n", []string{`2:1 unexpected "}"`}},
		{"no closing brace", "events {}\nhttp {\n  server {\n    listen 80;\n  }\n", []string{`5:4 unexpected end of file, expecting "}"`}},
		{"no semicolon before a brace", "events { use epoll }\n", []string{`1:20 unexpected "}"`}},
		{"no semicolon at the end", "events {}\nuser www", []string{`2:9 unexpected end of file, expecting ";" or "}"`}},
		{"no semicolon before a directive", "server {\n  listen 80\n  root /x;\n}\n", []string{`2:13 unexpected`}},
		{"an open quote", "events {}\nuser \"www;\n", []string{`2:6 unexpected end of file, expecting ";" or "}"`}},
		{"a letter behind a quote", "events {}\nuser 'www'x;\n", []string{`2:11 unexpected "x"`}},
		{"a block without a name", "events {}\n{ }\n", []string{`2:1 unexpected "{"`}},
		{"a no-break space", "events {}\nuser\u00a0www;\n", []string{"2:5 unknown directive \"user\u00a0www\""}},
		{"a byte order mark", "\ufeffevents {}\n", []string{"1:1 unknown directive \"\ufeffevents\""}},
		{"a wrong level", "events {}\nhttp { proxy_pass http://x; }\n", []string{`2:8 "proxy_pass" directive is not allowed here`}},
		{"no arguments", "server { listen; }\n", []string{`1:10 invalid number of arguments in "listen" directive`}},
		{"no flag", "server { sendfile maybe; }\n", []string{`1:19 invalid value "maybe" in "sendfile" directive, it must be "on" or "off"`}},
		{"a block that is none", "server { root /x { } }\n", []string{`1:18 directive "root" is not terminated by ";"`}},
		{"no block", "server { location / ; }\n", []string{`1:10 directive "location" has no opening "{"`}},
		{"a slip", "server { proxy_sett_header Host $host; }\n", []string{`1:10 unknown directive "proxy_sett_header"`}},
		{"another module", "http { lua_shared_dict a 1m; lua_code_cache on; }\n", []string{`1:8 unknown directive "lua_shared_dict"`}},
		{"swallowed", "server {\n  server_name a\n  root /x;\n}\n", []string{`3:3 "root" is read as an argument of "server_name", not as a directive`}},
		{"binary", "events {}\x00\n", []string{"1:10 byte 0 at offset 9: this is no text file"}},
		{"removed", "server { ssl on; }\n", []string{`1:10 the directive "ssl" is gone since nginx 1.25`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := said(parse(t, c.text))
			if c.name == "no semicolon before a directive" {
				// listen takes any number of arguments: nginx loads it, and root is lost.
				c.want = []string{`3:3 "root" is read as an argument of "listen", not as a directive`}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q, expected %q", got, c.want)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	c := parse(t, "# one\r\nserver {\r\n\tlocation ~ \"^/a{2}\" { # two\r\n\t\treturn 200 'it\\'s\\n';\r\n\t}\r\n}\r\n")
	if len(c.Problems) != 0 || c.Level != HTTP {
		t.Fatalf("%v %v", c.Level, said(c))
	}
	loc := c.Top[0].Block[0]
	if p := loc.Place(); p.Line != 3 || p.Col != 2 {
		t.Errorf("the location is at %v, expected 3:2", p)
	}
	if end := c.Main.Place(loc.End); end.Line != 5 || end.Col != 3 {
		t.Errorf("its block ends at %v, expected 5:3", end)
	}
	if a := loc.Args[1]; a.Quote != '"' || a.Text != "^/a{2}" {
		t.Errorf("the name is %+v", a)
	}
	if got := loc.Block[0].Arg(1); got != "it's\n" {
		t.Errorf("the escaped argument is %q", got)
	}
	if got := loc.Head(); got != `location ~ "^/a{2}"` {
		t.Errorf("the head is %q", got)
	}
	if len(c.Main.Comments) != 2 || c.Main.Comments[1].Text != "# two" {
		t.Errorf("the comments are %+v", c.Main.Comments)
	}
	if got := c.Main.Line(4); got != "\t\treturn 200 'it\\'s\\n';" {
		t.Errorf("line 4 is %q", got)
	}
}

func TestDataIsNoDirective(t *testing.T) {
	c := parse(t, "http {\n map $a $b { default proxy_pass; ~^x;y z; include nowhere; }\n types { text/html html; }\n geo $g { 10.0.0.0/8 in; }\n"+
		" content_by_lua_block { local s = \"}\" -- }\n local t = [[ } ]] if s then return { 1 } end }\n server { }\n}\nevents {}\n")
	if got := said(c); len(got) != 0 && !strings.Contains(got[0], "content_by_lua_block") {
		t.Errorf("found %q", got)
	}
	http := c.Top[0]
	lua := http.Find("content_by_lua_block")
	if len(lua) != 1 || !strings.Contains(lua[0].Body, "[[ } ]]") || len(http.Find("server")) != 1 {
		t.Errorf("the Lua block was not passed over: %+v", lua)
	}
}

func TestLevels(t *testing.T) {
	for text, want := range map[string]Level{
		"worker_processes 1;\nevents {}\n": Main,
		"http { }":                         Main,
		"upstream a { server b; }\nserver { listen 80; }\n": HTTP,
		"map $a $b { x y; }": HTTP,
		"listen 80;\nserver_name x;\nlocation / { root /x; }\n":       Server,
		"location / { proxy_pass http://x; }\n":                       Server,
		"proxy_pass http://x;\nproxy_set_header Host $host;\n":        Location,
		"proxy_set_header Host $host;\n":                              Location,
		"server 10.0.0.1;\nserver 10.0.0.2 backup;\nkeepalive 16;\n":  Upstream,
		"location /a { }\nlocation /b { }\nproxy_http_version 1.1;\n": Server,
	} {
		if got := parse(t, text).Level; got != want {
			t.Errorf("%q is of level %q, expected %q", text, got, want)
		}
	}
}

func TestIncludes(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"nginx.conf":       "events {}\nhttp {\n  include conf.d/*.conf;\n  include none/*.conf;\n  include gone.conf;\n}\n",
		"conf.d/b.conf":    "server { include snippets/ws.conf; }\n",
		"conf.d/a.conf":    "upstream a { server b; }\n",
		"snippets/ws.conf": "location /ws { proxy_pass http://a; }\n",
	}
	for name, text := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "nginx.conf"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	Walk(c.Top, func(d *Directive) bool {
		names = append(names, d.Name)
		return true
	})
	want := []string{"events", "http", "include", "upstream", "server", "server", "include", "location", "proxy_pass", "include", "include"}
	if !slices.Equal(names, want) {
		t.Errorf("found %v, expected %v", names, want)
	}
	if len(c.Missing) != 1 || c.Missing[0].Arg(0) != "gone.conf" || c.Whole() {
		t.Errorf("missing are %v", c.Missing)
	}
	if len(c.Files) != 4 {
		t.Errorf("read %d files, expected 4", len(c.Files))
	}
	// A fragment is included from further up, so its own includes are looked for there too.
	c, err = Load(filepath.Join(dir, "conf.d/b.conf"), Options{})
	if err != nil || len(c.Missing) != 0 {
		t.Errorf("the fragment misses %v, %v", c.Missing, err)
	}
}

func TestCycle(t *testing.T) {
	files := fakeFiles{"/etc/a.conf": "include b.conf;\nserver { }\n", "/etc/b.conf": "include a.conf;\n"}
	c, err := Load("/etc/a.conf", Options{ReadFile: files.read})
	if err != nil {
		t.Fatal(err)
	}
	if got := said(c); len(got) != 1 || !strings.Contains(got[0], `include of "/etc/a.conf", which is being read: /etc/a.conf → /etc/b.conf → /etc/a.conf`) {
		t.Errorf("found %q", got)
	}
}

type fakeFiles map[string]string

func (f fakeFiles) read(name string) ([]byte, error) {
	if text, ok := f[name]; ok {
		return []byte(text), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func TestDump(t *testing.T) {
	text := "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n" +
		"# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp { include conf.d/*.conf; }\n\n# configuration file /etc/nginx/conf.d/x.conf:\nserver {\n  listen 80\n}\n"
	c := parse(t, text)
	if !c.Dump || len(c.Files) != 2 || c.Level != Main {
		t.Fatalf("found %d files, level %v", len(c.Files), c.Level)
	}
	if p := c.Problems; len(p) != 1 || p[0].Place() != (Place{"/etc/nginx/conf.d/x.conf", 3, 1}) {
		t.Errorf("found %v", said(c))
	}
}

// TestBounds meets what nobody writes and somebody pipes in.
func TestBounds(t *testing.T) {
	if _, err := Parse("large", make([]byte, MaxFile+1), Options{}); err == nil {
		t.Error("a file that is too large was read")
	}
	big := filepath.Join(t.TempDir(), "big")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(100 << 20); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := Load(big, Options{}); err == nil || !strings.Contains(err.Error(), "expected a configuration of at most") {
		t.Errorf("a file of 100 MB: %v", err)
	}
	c := parse(t, strings.Repeat("location / {\n", 10_000)+strings.Repeat("}\n", 10_000))
	if got := said(c); len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), "nested more than 200 deep") {
		t.Errorf("10,000 nested blocks: %q", got[:min(3, len(got))])
	}
	c = parse(t, strings.Repeat("} ", 100_000))
	if len(c.Problems) > maxProblems {
		t.Errorf("%d problems", len(c.Problems))
	}
	if _, err := Load(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("a folder: %v", err)
	}
}

// TestPasted is a page as people paste it: no-break spaces throughout, and a brace lost.
func TestPasted(t *testing.T) {
	text := strings.ReplaceAll("worker_processes  auto;\nevents {\n    worker_connections 1024;\n}\nhttp {\n    server {\n        listen 38889;\n        location / {\n            proxy_pass http://10.0.0.1:38888;\n        }\n}\n", " ", "\u00a0")
	c := parse(t, text)
	got := said(c)
	if len(got) != 2 || got[0] != "1:17 unknown directive \"worker_processes\u00a0\u00a0auto\"" || got[1] != `11:2 unexpected end of file, expecting "}"` {
		t.Errorf("found %q", got)
	}
	if !strings.Contains(c.Problems[0].Hint, "no-break space (U+00A0)") || !strings.Contains(c.Problems[1].Hint, "line 6") && !strings.Contains(c.Problems[1].Hint, "line 5") {
		t.Errorf("the hints are %q and %q", c.Problems[0].Hint, c.Problems[1].Hint)
	}
	if d := Find(c.Top, "http"); len(d) != 1 || len(d[0].Find("server")) != 1 {
		t.Error("what follows the first no-break space was not read")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "events {}\nhttp { server { listen 80; location / { return 200 \"a;b{c}\"; } } }\n", "user 'www", "a${b}c{d};}", "map $a $b { ~^x;y z; }",
		"x_by_lua_block { if \"}\" then [==[ ]==] end }", "\ufeffa\u00a0b;", "include x;include /;include *;", "# configuration file /a:\ninclude b;\n# configuration file /b:\ninclude a;\n", "server{server{server{", "\"\\", "if ($a = b) { } else { }",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("/nowhere/fuzz.conf", src, Options{ReadFile: fakeFiles{}.read, Glob: func(string) ([]string, error) { return nil, nil }})
		if err != nil {
			t.Skip() // too large
		}
		for _, p := range c.Problems {
			at := p.Place()
			if at.Line < 1 || at.Col < 1 || p.Offset < 0 || p.Offset > len(p.File.Src) || p.Message == "" {
				t.Fatalf("a problem at %v, offset %d of %d: %q", at, p.Offset, len(p.File.Src), p.Message)
			}
		}
		last := map[*File]int{}
		Walk(c.Top, func(d *Directive) bool {
			if d.Start < last[d.File] || d.End < d.Start || d.End > len(d.File.Src) || d.HasBlock && (d.Open < d.Start || d.Close < d.Open || d.Close > d.End) {
				t.Fatalf("%q spans %d to %d, its block %d to %d, of %d, after %d", d.Name, d.Start, d.End, d.Open, d.Close, len(d.File.Src), last[d.File])
			}
			last[d.File] = d.Start
			for _, a := range d.Args {
				if a.Start < d.NameEnd || a.End > d.End {
					t.Fatalf("%q has an argument from %d to %d, and spans %d to %d", d.Name, a.Start, a.End, d.Start, d.End)
				}
			}
			return true
		})
	})
}

// BenchmarkLoad reads 10,000 lines in 300 included files.
func BenchmarkLoad(b *testing.B) {
	files := fakeFiles{}
	var main bytes.Buffer
	main.WriteString("events {}\nhttp {\n")
	for i := range 300 {
		name := fmt.Sprintf("/etc/nginx/sites/%03d.conf", i)
		var text strings.Builder
		fmt.Fprintf(&text, "server {\n  listen %d;\n  server_name s%d.example;\n", 1000+i, i)
		for j := range 5 {
			fmt.Fprintf(&text, "  location /p%d/ {\n    proxy_pass http://10.0.0.%d:8080;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection \"upgrade\";\n  }\n", j, j)
		}
		text.WriteString("}\n")
		files[name] = text.String()
		fmt.Fprintf(&main, "  include %s;\n", name)
	}
	main.WriteString("}\n")
	files["/etc/nginx/nginx.conf"] = main.String()
	for b.Loop() {
		if c, err := Load("/etc/nginx/nginx.conf", Options{ReadFile: files.read}); err != nil || len(c.Problems) > 0 {
			b.Fatal(err, said(c))
		}
	}
}
