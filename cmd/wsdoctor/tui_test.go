package main

import (
	"context"
	"errors"
	"io"
	"testing"

	"example.com/wsdoctor/tui"
)

func TestASCIIOnly(t *testing.T) {
	cases := []struct {
		goos string
		env  map[string]string
		want bool
	}{
		{"linux", map[string]string{"LANG": "de_DE.UTF-8", "TERM": "xterm-256color"}, false},
		{"linux", map[string]string{"LANG": "zh_CN.utf8"}, false},
		{"linux", map[string]string{"LANG": "C.UTF-8", "LC_ALL": "C"}, true},
		{"linux", map[string]string{"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, false},
		{"linux", map[string]string{"LANG": "zh_CN.GBK"}, true},
		{"linux", nil, true},
		{"linux", map[string]string{"LANG": "C.UTF-8", "TERM": "dumb"}, true},
		{"linux", map[string]string{"LANG": "C.UTF-8", "TERM": "linux"}, true},
		{"windows", nil, false},
	}
	for _, c := range cases {
		if got := asciiOnly(c.goos, func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%s %v: got %v", c.goos, c.env, got)
		}
	}
}

func TestClipboard(t *testing.T) {
	for name, want := range map[string]tui.Clipboard{"TMUX": tui.ThroughTmux, "STY": tui.ThroughScreen, "": tui.Direct} {
		env := func(k string) string {
			if k == name {
				return "set"
			}
			return ""
		}
		if got := clipboard(env); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestTheTUIEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, typing := io.Pipe()
	defer typing.Close()
	for _, product := range []string{"", "generic"} {
		a := &app{stdin: in, stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }, product: product}
		if err := a.runTUI(ctx, tuiRun{}); !errors.Is(err, context.Canceled) {
			t.Errorf("product %q: got %v", product, err)
		}
	}
}
