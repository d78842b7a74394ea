package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"example.com/wsdoctor/probes"
)

var update = flag.Bool("update", false, "write the goldens anew")

// formatsAndLooks are the formats, and the other looks that text can have.
func formatsAndLooks() map[string]func(io.Writer, probes.Report) error {
	out := map[string]func(io.Writer, probes.Report) error{}
	for _, f := range Formats {
		out[f.Name] = func(w io.Writer, r probes.Report) error { return f.Write(w, r, Options{}) }
	}
	for name, o := range map[string]Options{
		"text-short":   {Short: true},
		"text-color":   {Color: true, Width: 80},
		"text-ascii":   {ASCII: true, Width: 60},
		"text-narrow":  {Width: 40},
		"text-chinese": {Translate: chinese, Width: 40},
	} {
		out[name] = func(w io.Writer, r probes.Report) error { return writeText(w, r, o) }
	}
	out["html-chinese"] = func(w io.Writer, r probes.Report) error { return writeHTML(w, r, Options{Translate: chinese}) }
	out["markdown-chinese"] = func(w io.Writer, r probes.Report) error { return writeMarkdown(w, r, Options{Translate: chinese}) }
	return out
}

// chinese stands in for a catalogue.
func chinese(format string) string {
	known := map[string]string{
		"every configured port can be bound": "所有已配置的端口都可以绑定，没有任何一个端口被其他程序占用。",
		"fix:":                               "修复：",
		"failed":                             "失败",
		"%d ok":                              "%d 项正常",
		"explained by %s":                    "原因见 %s",
		"held by %q (pid %d), expected the service or nobody": "被 %q（进程号 %d）占用，应当由服务占用或者空闲",
	}
	if t, ok := known[format]; ok {
		return t
	}
	return format
}

// A golden is named by its case, the exit code and the format, so that a change of any of them is seen.
func TestGoldens(t *testing.T) {
	stale := map[string]bool{}
	old, err := filepath.Glob("testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range old {
		stale[path] = true
	}
	for name, r := range cases {
		for format, write := range formatsAndLooks() {
			exit := r.Exit(probes.Error, false)
			if format == "nagios" {
				exit = NagiosExit(r)
			}
			path := filepath.Join("testdata", fmt.Sprintf("%s.%d.%s.golden", name, exit, format))
			delete(stale, path)
			t.Run(filepath.Base(path), func(t *testing.T) {
				var got bytes.Buffer
				if err := write(&got, r); err != nil {
					t.Fatal(err)
				}
				if *update {
					if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.Bytes(), want) {
					t.Errorf("differs from %s (go test -update writes it anew); got:\n%s", path, got.Bytes())
				}
			})
		}
	}
	for path := range stale {
		if *update {
			os.Remove(path)
			continue
		}
		t.Errorf("%s belongs to no case", path)
	}
}

// Whatever a stranger sent, no format hands a control character to the terminal or file that shows it.
func TestNothingIsObeyed(t *testing.T) {
	for name, r := range cases {
		for format, write := range formatsAndLooks() {
			if format == "text-color" {
				continue // its own colours are escapes; text has none, and is otherwise the same
			}
			var got bytes.Buffer
			if err := write(&got, r); err != nil {
				t.Fatal(err)
			}
			if !utf8.Valid(got.Bytes()) {
				t.Errorf("%s, %s: is not UTF-8", name, format)
			}
			raw := got.String()
			if format == "prometheus" {
				continue // a label knows three escapes only; what stands in labels is the program's own but in this test
			}
			for _, c := range raw {
				if c != '\n' && !unicode.IsPrint(c) {
					t.Errorf("%s, %s: holds %U", name, format, c)
				}
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for _, f := range Formats {
		if got, ok := Lookup(f.Name); !ok || got.Title != f.Title {
			t.Errorf("Lookup(%q) = %v, %v", f.Name, got, ok)
		}
	}
	if _, ok := Lookup("yaml"); ok {
		t.Error(`Lookup("yaml") found a format`)
	}
	if Formats[0].Name != "text" {
		t.Errorf("the default is %q, expected text", Formats[0].Name)
	}
}

type brokenPipe struct{}

var errBrokenPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBrokenPipe }

func TestWriteErrorIsReturned(t *testing.T) {
	for _, f := range Formats {
		if err := f.Write(brokenPipe{}, cases["one-cause"], Options{}); !errors.Is(err, errBrokenPipe) {
			t.Errorf("%s returned %v, expected the writer's error", f.Name, err)
		}
	}
}

// A golden shows how a thing looks, this what must hold however it looks.
func TestTextFixStaysPasteable(t *testing.T) {
	long := "nft add rule inet filter input tcp dport { 38888, 38889, 39888 } ct state new accept comment '中文 " + strings.Repeat("x", 100) + "'"
	r := report(probes.Result{ID: "firewall/inbound", Area: "firewall", Status: probes.Failed, Findings: []probes.Finding{{
		Severity: probes.Error, Title: probes.T("dropped"), Fix: []probes.Text{probes.Verbatim(long)},
	}}})
	for _, o := range []Options{{Width: 20}, {Width: 80, ASCII: true}, {}} {
		var b bytes.Buffer
		if err := writeText(&b, r, o); err != nil {
			t.Fatal(err)
		}
		found := false
		for line := range strings.Lines(b.String()) {
			found = found || strings.TrimSpace(line) == long
		}
		if !found {
			t.Errorf("%+v: the fix is not a line of its own:\n%s", o, b.String())
		}
	}
}
