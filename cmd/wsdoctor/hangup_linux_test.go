package main

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/tui/tuitest"
	"github.com/creack/pty"
)

// A terminal that vanishes ends whatever is drawn on it, whether or not it controls the session: only where it does,
// the kernel sends SIGHUP.
func TestATerminalThatVanishes(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	for _, tc := range []struct {
		name, shows string
		args        []string
	}{
		{"the screens", "Overview", []string{"--only", "portconfig", "--product", "generic"}},
		{"the demo", "breaks something", []string{"demo"}},
		{"the wizard", "step 1 of", []string{"setup"}},
	} {
		for _, controls := range []bool{true, false} {
			dir := t.TempDir()
			master, tty, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
				t.Fatal(err)
			}
			cmd := wsdoctor(t, tc.args...)
			cmd.Dir, cmd.Env = dir, append(cmd.Env, "TERM=xterm", "LC_ALL=C.UTF-8", "HOME="+dir, "TMPDIR="+dir, "GORACE="+tuitest.RaceLog(t))
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: controls}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tty.Close()
			readUntil(t, master, cmd, tc.shows)
			master.Close() // nobody reads from it any more, so that it is closed at once
			endsAlone(t, tc.name, cmd)
			nobodyLeft(t, dir)
		}
	}
}

// readUntil reads what is shown until it has text.
func readUntil(t *testing.T, master *os.File, cmd *exec.Cmd, text string) {
	t.Helper()
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer late.Stop()
	var shown []byte
	for buf := make([]byte, 4096); !bytes.Contains(shown, []byte(text)); {
		n, err := master.Read(buf)
		if shown = append(shown, buf[:n]...); err != nil {
			t.Fatalf("waiting for %q: %v\n%s", text, err, shown)
		}
	}
}

// endsAlone waits for a process that nobody tells to end.
func endsAlone(t *testing.T, name string, cmd *exec.Cmd) {
	t.Helper()
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }() //nolint:errcheck // how it ended is not the question
	select {
	case <-ended:
	case <-time.After(patience):
		t.Errorf("%s: it stays", name)
		cmd.Process.Kill()
		<-ended
	}
}
