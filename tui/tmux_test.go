package tui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// terminal is the program in tmux, a real terminal.
type terminal struct {
	t      *testing.T
	tmux   string
	socket string
}

// inTmux starts the test binary as the program (see onTerminal) in a shell on a terminal of w times h cells.
func inTmux(t *testing.T, how string, w, h int) *terminal {
	t.Helper()
	tm := &terminal{t, probetest.Need(t, "tmux"), filepath.Join(t.TempDir(), "s")}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command(tm.tmux, "-S", tm.socket, "kill-server").Run() })
	tm.do("new-session", "-d", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h), "env", "-u", "ENV", "PS1=prompt> ", "LC_ALL=C.UTF-8", "sh")
	tm.do("set-option", "-g", "status", "off")
	tm.do("set-option", "-g", "set-clipboard", "on")
	tm.do("resize-window", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h))
	tm.shows("prompt>")
	tm.press(fmt.Sprintf("%s='%s' %s", terminalEnv, how, self), "Enter")
	return tm
}

func (tm *terminal) do(args ...string) string {
	tm.t.Helper()
	out, err := exec.Command(tm.tmux, append([]string{"-f", "/dev/null", "-u", "-S", tm.socket}, args...)...).CombinedOutput()
	if err != nil {
		tm.t.Fatalf("tmux %s: %v\n%s", args, err, out)
	}
	return string(out)
}

func (tm *terminal) press(keys ...string) {
	tm.t.Helper()
	for _, k := range keys {
		tm.do("send-keys", k)
	}
}

func (tm *terminal) screen() string {
	tm.t.Helper()
	return tm.do("capture-pane", "-p")
}

// ask returns what tmux says of the pane.
func (tm *terminal) ask(format string) string {
	tm.t.Helper()
	return strings.TrimSpace(tm.do("display-message", "-p", format))
}

// A terminal tells nobody that it has drawn: it is looked at until it shows what it should. The limit only bounds a
// test that has failed.
const (
	lookEvery = 20 * time.Millisecond
	lookFor   = 20 * time.Second
)

// until looks at the screen until good says so.
func (tm *terminal) until(what string, good func(screen string) bool) string {
	tm.t.Helper()
	deadline := time.Now().Add(lookFor)
	for {
		s := tm.screen()
		if good(s) {
			return s
		}
		if time.Now().After(deadline) {
			tm.t.Fatalf("waiting for %s:\n%s", what, s)
		}
		time.Sleep(lookEvery)
	}
}

// shows waits until the screen has all texts.
func (tm *terminal) shows(texts ...string) string {
	tm.t.Helper()
	return tm.until(strings.Join(texts, ", "), func(s string) bool {
		for _, text := range texts {
			if !strings.Contains(s, text) {
				return false
			}
		}
		return true
	})
}

// restored waits until the shell has its terminal back, as it was.
func (tm *terminal) restored() {
	tm.t.Helper()
	tm.until("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "prompt>") })
	if got := tm.ask("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		tm.t.Errorf("alternate screen and cursor are %q, want %q", got, "0 1")
	}
	tm.press("echo back$((40+2))", "Enter") // it echoes what is typed, and the line ends at Enter
	tm.shows("echo back$((40+2))", "\nback42")
}

func TestOnATerminal(t *testing.T) {
	tm := inTmux(t, "tmux left=3s", 80, 24)
	tm.shows("✗ 2 failed", "→ nginx passes no Upgrade header", "─ balancer/upgrade ─", "q quit")
	if got := tm.ask("#{alternate_on} #{cursor_flag}"); got != "1 0" {
		t.Errorf("alternate screen and cursor are %q, want %q", got, "1 0")
	}

	// The countdown runs out, the port is looked at again, and it is free.
	tm.press("2")
	tm.shows("5, ", "REUSEADDR")
	tm.shows("38889  forwarding, bala…  free", "✗ 2 failed  ! 1 warning ")
	tm.press("1")

	tm.press("y")
	tm.shows("copied 5 lines")
	if got := tm.do("show-buffer"); !strings.Contains(got, "proxy_set_header Upgrade $http_upgrade;\n") {
		t.Errorf("the clipboard holds %q", got)
	}
	tm.press("s")
	tm.shows("saved the report as /tmp/report.json")

	tm.press("/", "resolve", "Enter")
	tm.shows("1 of 12", "─ handshake/resolve ─")
	tm.press("Escape")
	tm.shows("12 checks")

	tm.do("resize-window", "-x", "60", "-y", "20")
	tm.until("one pane", func(s string) bool { return strings.Contains(s, "12 checks") && !strings.Contains(s, "┬") })
	tm.do("resize-window", "-x", "59", "-y", "20")
	tm.shows("this terminal has 59x20 cells; wsdoctor needs 60x20")
	tm.do("resize-window", "-x", "120", "-y", "40")
	tm.shows("┬─ handshake/resolve ─", "every configured port can be bound")

	tm.press("q")
	tm.shows("ended well")
	tm.restored()
}

func TestOnASmallTerminal(t *testing.T) {
	tm := inTmux(t, "ascii nocolor", 60, 20)
	s := tm.shows("x 2  ! 2  ? 1  ok 5  - 2", "[1 Checks]", "> x  the balancer passes the upgrade on")
	for _, r := range s {
		if r > 0x7e {
			t.Errorf("shows %q", r)
		}
	}
	if m := colourSequence.FindString(tm.do("capture-pane", "-p", "-e")); m != "" {
		t.Errorf("has the colour %q", m)
	}
	tm.press("Enter")
	tm.shows("proxy_set_header Connection $connection_upgrade;")
	tm.press("Q")
	tm.shows("ended well")
	if s := tm.do("capture-pane", "-p", "-S", "-"); !strings.Contains(s, "proxy_set_header Connection $connection_upgrade;") {
		t.Errorf("the scrollback lacks the last screen:\n%s", s)
	}
	tm.restored()
}

func TestCtrlCAndSignalsRestoreTheTerminal(t *testing.T) {
	for _, how := range []string{"C-c", "INT", "TERM", "HUP"} {
		t.Run(how, func(t *testing.T) {
			tm := inTmux(t, "", 80, 24)
			tm.shows("✗ 2 failed")
			if how == "C-c" {
				tm.press(how)
			} else {
				tm.do("run-shell", fmt.Sprintf("kill -%s $(pgrep -P #{pane_pid})", how))
			}
			tm.shows("ended: context canceled")
			tm.restored()
		})
	}
}

func TestTheFirstTimeOnATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	tm := inTmux(t, "choose="+path, 80, 24)
	tm.shows("What runs on this host?", "▌  FineReport")
	tm.press("Down", "w")
	tm.shows("Write the defaults of FineBI to this file?")
	tm.press("y")
	tm.shows("FineBI", "✗ 2 failed")
	if raw, err := os.ReadFile(path); err != nil || !strings.Contains(string(raw), "48888") {
		t.Errorf("wrote %q, %v", raw, err)
	}
	tm.press("q")
	tm.restored()
}

func TestSuspend(t *testing.T) {
	tm := inTmux(t, "", 80, 24)
	tm.shows("✗ 2 failed")
	tm.press("C-z")
	tm.until("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "prompt>") })
	tm.press("fg", "Enter")
	tm.shows("✗ 2 failed", "q quit")
	tm.press("q")
	tm.restored()
}
