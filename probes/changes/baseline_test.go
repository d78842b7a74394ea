package changes

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

func known(id string) bool { return id == "a/b" }

func TestBaselineRoundTrip(t *testing.T) {
	r := run(0, check("a/b", finding(probes.Error, "ws://a/<script>", "held by %q (pid %d)\x1b[31m", "java", 7), finding(probes.Warning, "x", "100%% \"quoted\"\n")))
	s, _ := Next(nil, r)
	path := filepath.Join(t.TempDir(), "baseline.json")
	var b bytes.Buffer
	if err := Write(&b, s, r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(path, known)
	if err != nil {
		t.Fatal(err)
	}
	// The words of a baseline have lost the format they came from: that alone is no change.
	if after, changed := Next(loaded, run(1, r.Results...)); len(changed) > 0 || len(after) != 2 || !after[0].Since.Equal(noon) {
		t.Errorf("changes %v against the state itself, since %v", changed, after[0].Since)
	}
	if _, changed := Next(loaded, run(1, check("a/b"))); len(changed) != 2 || changed[0].Kind != Gone {
		t.Errorf("changes %v, expected both gone", changed)
	}
}

const good = `{
  "schema": "wsdoctor/baseline/v1", "version": "0.1.0", "host": "n", "taken": "2026-01-02T03:04:05Z",
  "standing": [
    {"id": "a/b", "subject": "x", "level": "error", "title": "dead", "since": "2026-01-02T03:04:05Z"},
    {"id": "a/b", "subject": "x", "level": "error", "title": "dead", "since": "2026-01-02T03:04:05Z"}
  ]
}
`

func TestBadBaselines(t *testing.T) {
	if _, err := parse([]byte(good), known); err != nil {
		t.Fatal(err)
	}
	second := strings.LastIndex(good, `{"id"`)
	in := func(old, new string) string { return good[:second] + strings.Replace(good[second:], old, new, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"empty":          {" \n", ":1:1: found an empty file"},
		"binary":         {"\x00\x01", ":1:1: invalid character '\\x00'"},
		"cut off":        {good[:len(good)-20], "unexpected end of JSON input"},
		"two values":     {good + "{}", ":8:1: invalid character '{' after top-level value"},
		"another schema": {strings.Replace(good, "baseline/v1", "baseline/v2", 1), `:2:3: schema: found "wsdoctor/baseline/v2", expected "wsdoctor/baseline/v1"`},
		"a report":       {`{"schema": "wsdoctor/report/v1"}`, `schema: found "wsdoctor/report/v1"`},
		"an array":       {`[]`, "found a JSON array"},
		"nothing in it":  {`{"schema": "wsdoctor/baseline/v1"}`, `no "taken" or no "standing"`},
		"unknown key":    {strings.Replace(good, `"host"`, `"hosts"`, 1), `:2:57: unknown key "hosts"`},
		"unknown key in": {in(`"subject"`, `"object"`), `:5:19: standing[1]: unknown key "object"`},
		"unknown check":  {in(`a/b`, `a/c`), `:5:6: standing[1]: id: found "a/c", expected the id of a check`},
		"level":          {in(`"error"`, `"fatal"`), `:5:35: standing[1]: level: found "fatal"`},
		"no title":       {in(`"dead"`, `""`), `standing[1]: title: found none`},
		"a number":       {in(`"dead"`, `7`), `standing[1]: title: found a JSON number, expected string`},
		"a time":         {in(`"2026-01-02T03:04:05Z"`, `"yesterday"`), `expected a time as in RFC 3339`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "b.json")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(path, known)
			if err == nil || !strings.HasPrefix(err.Error(), path+":") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected %q", err, c.want)
			}
		})
	}
	if _, err := Load(t.TempDir()+"/none", known); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("error %v for a file that is not there", err)
	}
}

// Whatever the bytes, reading them ends with a state or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"schema": "wsdoctor/baseline/v1", "taken": "2026-01-02T03:04:05Z", "standing": [{}, null]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parse(raw, known)
		if err == nil {
			for _, x := range s {
				if !known(x.ID) || x.Title.IsZero() {
					t.Errorf("read %v", x)
				}
			}
		}
	})
}
