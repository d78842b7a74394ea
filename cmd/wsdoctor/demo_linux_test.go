package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/tui/tuitest"
)

// nobodyLeft tells whether a process of the demo in dir is still there, and whether it left a file. A process that was
// told to end is waited for.
func nobodyLeft(t *testing.T, dir string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		out, _ := exec.Command("pgrep", "-f", "demo node 127.0.0.[123]:18").Output() // its failure is that there is none
		if len(out) == 0 || !inThisNetns(t, strings.Fields(string(out))) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("still there: %s", out)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// inThisNetns tells whether one of the processes is of the test's own network namespace: other tests run demos too.
func inThisNetns(t *testing.T, pids []string) bool {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if ns, _ := os.Readlink("/proc/" + pid + "/ns/net"); ns == own {
			return true
		}
	}
	return false
}

// By lines, each fault is called by its name, and everything is well again without it.
func TestDemoByLines(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	s, cmd, _ := startOn(t, dir, "dumb", "demo")
	for _, f := range []struct{ key, says string }{
		{"3", "ports/time-wait: "}, {"4", "balancer/upgrade: "},
	} {
		s.see("q leaves: ")
		s.press(f.key + "\r")
		s.see(f.says)
		s.see("  " + f.key + "  ON ")
		s.see("q leaves: ")
		s.press(f.key + "\r")
		s.see("status: ok")
		s.see("  " + f.key + "  off")
	}
	s.see("q leaves: ")
	s.press("q\r")
	s.ends(cmd)
	nobodyLeft(t, dir)
}

// demoOnTerminal is the demo in tmux, when all is well.
func demoOnTerminal(t *testing.T, dir string, w, h int) *tuitest.Terminal {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tm := tuitest.InTmux(t, fmt.Sprintf("TMPDIR='%s' %s=1 '%s' demo", dir, asMain, self), w, h)
	tm.Shows("all that was checked is fine", "b breaks something")
	return tm
}

// On a terminal, faults come and go by keys and by name, and the overview says each time what it is.
func TestDemoOnATerminal(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	tm := demoOnTerminal(t, dir, 80, 24)
	tm.Press(screenKey(t, "Proxy"))
	tm.Shows("✓ serving", "3 backends, ip-hash", "127.0.1.", "kB/s")
	tm.Press(screenKey(t, "Overview"), "b")
	tm.Shows("─ break something ─", "1  off  node1 is killed")
	tm.Press("1")
	tm.Shows("in: node1 is killed", "refused", "nothing listens")
	tm.Press("b")
	tm.Shows("1  IN   node1 is killed")
	tm.Press("Enter")
	tm.Shows("taken back: node1 is killed", "all that was checked is fine")
	tm.Press(":", "header", "Enter")
	tm.Shows("in: the Upgrade header is lost", "the balancer drops the upgrade")
	tm.Press(screenKey(t, "Proxy"), "L")
	tm.Shows("tunnel opened")
	tm.Press("q")
	tm.Restored()
	nobodyLeft(t, dir)
}
