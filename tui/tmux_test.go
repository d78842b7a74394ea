package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/tui/tuitest"
)

// inTmux starts the test binary as the program (see onTerminal) in a shell on a terminal of w times h cells.
func inTmux(t *testing.T, how string, w, h int) *tuitest.Terminal {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return tuitest.InTmux(t, fmt.Sprintf("GORACE='log_path=%s exitcode=0' %s='%s' %s", raceLog(t), terminalEnv, how, self), w, h)
}

// raceLog is where the race detector of the program writes, so that it does not write over the screen. A report fails
// the test, but for the one of bubbletea 1.3.10 itself: at its end it closes the input (cancelreader.Close) while its
// own read loop may still look at it.
func raceLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "race")
	t.Cleanup(func() {
		logs, _ := filepath.Glob(path + "*") // the pattern is right
		for _, name := range logs {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Error(err)
			}
			for _, report := range strings.Split(string(raw), "WARNING: DATA RACE")[1:] {
				if !strings.Contains(report, "cancelreader.(*epollCancelReader).Close()") {
					t.Errorf("a data race:%s", report)
				}
			}
		}
	})
	return path
}

// checksInTmux is inTmux on the screen with the checks.
func checksInTmux(t *testing.T, how string, w, h int) *tuitest.Terminal {
	t.Helper()
	tm := inTmux(t, how, w, h)
	tm.Shows("1 Overview")
	tm.Press(keyOf(t, "Checks"))
	return tm
}

func TestOnATerminal(t *testing.T) {
	tm := checksInTmux(t, "tmux left=3s", 80, 24)
	tm.Shows("✗ 2 failed", "→ nginx passes no Upgrade header", "─ balancer/upgrade ─", "q quit")
	if got := tm.Ask("#{alternate_on} #{cursor_flag}"); got != "1 0" {
		t.Errorf("alternate screen and cursor are %q, want %q", got, "1 0")
	}

	// The countdown runs out, the port is looked at again, and it is free.
	tm.Press(keyOf(t, "Ports"))
	tm.Shows("5, ", "REUSEADDR")
	tm.Shows("38889  forwarding, bala…  free", "✗ 2 failed  ! 1 warning ")
	tm.Press(keyOf(t, "Checks"))

	tm.Press("y")
	tm.Shows("copied 5 lines")
	if got := tm.Do("show-buffer"); !strings.Contains(got, "proxy_set_header Upgrade $http_upgrade;\n") {
		t.Errorf("the clipboard holds %q", got)
	}
	tm.Press("s")
	tm.Shows("saved the report as /tmp/report.json")

	tm.Press("/", "resolve", "Enter")
	tm.Shows("1 of 12", "─ handshake/resolve ─")
	tm.Press("Escape")
	tm.Shows("12 checks")

	tm.Do("resize-window", "-x", "60", "-y", "20")
	tm.Until("one pane", func(s string) bool { return strings.Contains(s, "12 checks") && !strings.Contains(s, "┬") })
	tm.Do("resize-window", "-x", "59", "-y", "20")
	tm.Shows("this terminal has 59x20 cells; wsdoctor needs 60x20")
	tm.Do("resize-window", "-x", "120", "-y", "40")
	tm.Shows("┬─ handshake/resolve ─", "every configured port can be bound")

	tm.Press("q")
	tm.Shows("ended well")
	tm.Restored()
}

func TestOnASmallTerminal(t *testing.T) {
	tm := checksInTmux(t, "ascii nocolor", 60, 20)
	s := tm.Shows("x 2  ! 2  ? 1  ok 5  - 2", "[2 Checks]", "> x  the balancer passes the upgrade on")
	for _, r := range s {
		if r > 0x7e {
			t.Errorf("shows %q", r)
		}
	}
	if m := colourSequence.FindString(tm.Do("capture-pane", "-p", "-e")); m != "" {
		t.Errorf("has the colour %q", m)
	}
	tm.Press("Enter")
	tm.Shows("proxy_set_header Connection $connection_upgrade;")
	tm.Press("Q")
	tm.Shows("ended well")
	if s := tm.Do("capture-pane", "-p", "-S", "-"); !strings.Contains(s, "proxy_set_header Connection $connection_upgrade;") {
		t.Errorf("the scrollback lacks the last screen:\n%s", s)
	}
	tm.Restored()
}

func TestCtrlCAndSignalsRestoreTheTerminal(t *testing.T) {
	for _, how := range []string{"C-c", "INT", "TERM", "HUP"} {
		t.Run(how, func(t *testing.T) {
			tm := checksInTmux(t, "", 80, 24)
			tm.Shows("✗ 2 failed")
			if how == "C-c" {
				tm.Press(how)
			} else {
				tm.Do("run-shell", fmt.Sprintf("kill -%s $(pgrep -P #{pane_pid})", how))
			}
			tm.Shows("ended: context canceled")
			tm.Restored()
		})
	}
}

func TestTheFirstTimeOnATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	tm := inTmux(t, "choose="+path, 80, 24)
	tm.Shows("What runs on this host?", "▌  FineReport")
	tm.Press("Down", "w")
	tm.Shows("Write the defaults of FineBI to this file?")
	tm.Press("y")
	tm.Shows("✗ 2 failed")
	if raw, err := os.ReadFile(path); err != nil || !strings.Contains(string(raw), "48888") {
		t.Errorf("wrote %q, %v", raw, err)
	}
	tm.Press("q")
	tm.Restored()
}

func TestSuspend(t *testing.T) {
	tm := checksInTmux(t, "", 80, 24)
	tm.Shows("✗ 2 failed")
	tm.Press("C-z")
	tm.Until("the prompt", func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "prompt>") })
	tm.Press("fg", "Enter")
	tm.Shows("✗ 2 failed", "q quit")
	tm.Press("q")
	tm.Restored()
}
