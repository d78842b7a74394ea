package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Whatever stands in a file: no panic, an error that names the file, and what is accepted survives Save and Load.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile(filepath.Join("testdata", "example.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(example), "", "version: 1", "\ufeffversion: 1\r\nclients: 5\r\n", "version: 2\nx: y", "version: 1\nwebsocket: {ports: [1.5]}",
		"version: 1\nheartbeat: 0", "version: 1\nheartbeat: 60", "version: 1\nclients: &a 1\nheartbeat: *a", "version: 1\nnodes: [{name: \"a\\tb\", host: x}]",
		"version: 1\nbalancer: {config: |\n  a\n  b\n}", "- a\n- b", "? a\n: b", "version: !!int 1", "version: 1\n---\nversion: 1", "%YAML 1.2\n---\nversion: 1",
		"version: 1\nwebsocket: {path: '/a#b'}", "{version: 1, clients: 0x10}", "version: 1 # comment\n# comment\nproxy: # comment\n  bind: all # comment",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if len(in) > 2000 || strings.Count(in, "[")+strings.Count(in, "{")+strings.Count(in, "- ") > 100 {
			return // the YAML library's time grows with the square of the nesting; Load bounds the size
		}
		cfg, err := Parse("f", []byte(in))
		if err != nil {
			var fe *FileError
			if !errors.As(err, &fe) || fe.File != "f" || fe.Msg == "" || fe.Line < 0 || fe.Line > strings.Count(in, "\n")+strings.Count(in, "\r")+1 {
				t.Errorf("the error is %#v", err)
			}
			return
		}
		if probs := cfg.Validate(); len(probs) > 0 {
			t.Errorf("accepted what is not valid: %v", probs)
		}
		path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
		if err := Save(path, cfg); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path)
		if err != nil {
			raw, _ := os.ReadFile(path)
			t.Fatalf("%v\n%s", err, raw)
		}
		if !reflect.DeepEqual(normal(again), normal(cfg)) {
			t.Errorf("came back as %+v, expected %+v", again, cfg)
		}
	})
}

// Every row is a piece of the file: no byte of an id or value is made up, and its line is one of the file.
func FuzzParseRows(f *testing.F) {
	for _, seed := range []string{
		"", "id,value\na,1\n", "a=1\nb=2 ", "a = 1\nb = 2", "id\tvalue\na\t\"1\"", "\"id\",\"value\"\r\n\"a\",\"1\"\"2\"\r\n", "# c\n\nid,value\na,[\"1\"]",
		"\ufeffa=1", "a,\"b\nc\"\n", "id,value\n", "value,id\n1,a", ",", "=", "a,b\n\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := ParseRows("f", []byte(in))
		if err != nil {
			var fe *FileError
			if !errors.As(err, &fe) || fe.File != "f" || fe.Msg == "" {
				t.Errorf("the error is %#v", err)
			}
			return
		}
		lines := strings.Count(in, "\n") + 1
		text := strings.ReplaceAll(in, "\r\n", "\n")
		last := 0
		for _, r := range rows.List {
			if r.Line <= last || r.Line > lines {
				t.Errorf("row %+v stands on line %d after line %d of %d", r, r.Line, last, lines)
			}
			last = r.Line
			for _, s := range []string{r.ID, r.Value} {
				if !strings.Contains(text, s) && !strings.Contains(text, strings.ReplaceAll(s, `"`, `""`)) {
					t.Errorf("%q does not stand in the file", s)
				}
			}
		}
	})
}
