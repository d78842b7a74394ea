package main

import (
	"bytes"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
)

func TestLanguageTag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag string
		env  map[string]string
		want string
	}{
		{"", nil, "en"},
		{"", map[string]string{"LANG": "zh_CN.UTF-8"}, "zh"},
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"},
		{"", map[string]string{"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh"},
		{"", map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"},
		{"", map[string]string{"LANG": "zh_CN.GBK"}, "en"},
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_CTYPE": "C"}, "en"}, // no Chinese in ASCII
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "TERM": "linux"}, "en"}, // the console has no glyphs
		{"en", map[string]string{"LANG": "zh_CN.UTF-8"}, "en"},
		{"zh", nil, "zh"},
		{"zh-CN", map[string]string{"LANG": "C"}, "zh"},
	} {
		a := &app{env: func(name string) string { return c.env[name] }}
		if c.flag != "" {
			if err := a.lang.Set(c.flag); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.languageTag(); got != c.want {
			t.Errorf("--lang %q, %v: got %s, expected %s", c.flag, c.env, got, c.want)
		}
		if c.flag == "zh" && a.ascii() {
			t.Error("--lang zh: asked for, and still escaped as if the terminal could not show it")
		}
	}
}

func TestUnknownLanguage(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, env: func(string) string { return "" }}
	code := a.main(t.Context(), []string{"ports", "--lang", "klingon"})
	if code != probes.ExitUsage || !strings.Contains(stderr.String(), `"klingon"`) || !strings.Contains(stderr.String(), "en, zh") || stdout.Len() > 0 {
		t.Errorf("got exit %d, %s%s", code, stdout.String(), stderr.String())
	}
}
