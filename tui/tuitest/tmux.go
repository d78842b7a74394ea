// Package tuitest is a real terminal for tests of the screens. Only tests import it.
package tuitest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// Terminal is a shell in tmux, a real terminal, with a program in it.
type Terminal struct {
	t      testing.TB
	tmux   string
	socket string
}

// InTmux starts a shell on a terminal of w times h cells and types command into it.
func InTmux(t testing.TB, command string, w, h int) *Terminal {
	t.Helper()
	tm := &Terminal{t, probetest.Need(t, "tmux"), filepath.Join(t.TempDir(), "s")}
	t.Cleanup(func() { exec.Command(tm.tmux, "-S", tm.socket, "kill-server").Run() })
	tm.Do("new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), "env", "-u", "ENV", "PS1=prompt> ", "LC_ALL=C.UTF-8", "sh")
	tm.Do("set-option", "-g", "status", "off")
	tm.Do("set-option", "-g", "set-clipboard", "on")
	tm.Do("resize-window", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h))
	tm.Shows("prompt>")
	tm.Press("GORACE='"+RaceLog(t)+"' "+command, "Enter")
	return tm
}

// Keys are the names that tmux has for keys that bubbletea calls otherwise.
var Keys = map[string]string{
	"enter": "Enter", "esc": "Escape", "tab": "Tab", "up": "Up", "down": "Down", "left": "Left", "right": "Right",
	"home": "Home", "end": "End", "pgup": "PPage", "pgdown": "NPage",
}

// Do runs a tmux command and returns what it prints.
func (tm *Terminal) Do(args ...string) string {
	tm.t.Helper()
	out, err := exec.Command(tm.tmux, append([]string{"-f", "/dev/null", "-u", "-S", tm.socket}, args...)...).CombinedOutput()
	if err != nil {
		tm.t.Fatalf("tmux %s: %v\n%s", args, err, out)
	}
	return string(out)
}

// Press types keys, as tmux names them.
func (tm *Terminal) Press(keys ...string) {
	tm.t.Helper()
	for _, k := range keys {
		tm.Do("send-keys", k)
	}
}

// Screen returns what the terminal shows.
func (tm *Terminal) Screen() string {
	tm.t.Helper()
	return tm.Do("capture-pane", "-p")
}

// Ask returns what tmux says of the pane.
func (tm *Terminal) Ask(format string) string {
	tm.t.Helper()
	return strings.TrimSpace(tm.Do("display-message", "-p", format))
}

// A terminal tells nobody that it has drawn: it is looked at until it shows what it should. The limit only bounds a
// test that has failed.
const (
	lookEvery = 20 * time.Millisecond
	lookFor   = 120 * time.Second
)

// Until looks at the screen until good says so.
func (tm *Terminal) Until(what string, good func(screen string) bool) string {
	tm.t.Helper()
	deadline := time.Now().Add(lookFor)
	for {
		s := tm.Screen()
		if good(s) {
			return s
		}
		if time.Now().After(deadline) {
			tm.t.Fatalf("waiting for %s:\n%s", what, s)
		}
		time.Sleep(lookEvery)
	}
}

// Shows waits until the screen has all texts.
func (tm *Terminal) Shows(texts ...string) string {
	tm.t.Helper()
	return tm.Until(strings.Join(texts, ", "), func(s string) bool {
		for _, text := range texts {
			if !strings.Contains(s, text) {
				return false
			}
		}
		return true
	})
}

// Restored waits until the shell has its terminal back, as it was.
func (tm *Terminal) Restored() {
	tm.t.Helper()
	tm.Until("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "prompt>") })
	if got := tm.Ask("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		tm.t.Errorf("alternate screen and cursor are %q, want %q", got, "0 1")
	}
	tm.Press("echo back$((40+2))", "Enter") // it echoes what is typed, and the line ends at Enter
	tm.Shows("echo back$((40+2))", "\nback42")
}
