package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/tui/tuitest"
	"example.com/wsdoctor/wizard"
	"github.com/coder/websocket"
	"github.com/creack/pty"
)

// A proxy that set-up launched in the foreground ends with its terminal, or when it is told to, and not before each of
// its clients has had a Close frame.
func TestALaunchedProxyEndsWithItsTerminal(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	for i, tc := range []struct {
		name, term string
		controls   bool // the terminal, its session: then the kernel sends SIGHUP
		screens    bool // they are open
		told       bool // it is told to end; else its terminal vanishes
	}{
		{"a terminal with the screens", "xterm", true, true, false},
		{"a terminal of another session, with the screens", "xterm", false, true, false},
		{"a terminal that cannot be drawn on", "dumb", true, false, false},
		{"SIGTERM", "xterm", true, true, true},
	} {
		port := 18889 + i // one of its own: the last one's is in TIME_WAIT
		cmd, master := launchedOn(t, tc.term, tc.controls, port, 100*time.Millisecond)
		if tc.screens {
			press(t, master, "\r")
			readUntil(t, master, cmd, "proxy on ")
		}
		c, hello := dialProxy(t, fmt.Sprintf("127.0.0.1:%d", port))
		if !strings.Contains(hello, "the service") {
			t.Errorf("%s: the client got %s", tc.name, hello)
		}
		if tc.told {
			go io.Copy(io.Discard, master) //nolint:errcheck // it ends with the terminal
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		} else {
			master.Close() // nobody reads from it any more, so that it is closed at once
		}
		if code := closedWith(t, c); code != websocket.StatusGoingAway {
			t.Errorf("%s: the client got %d", tc.name, code)
		}
		endsAlone(t, tc.name, cmd)
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			t.Errorf("%s: somebody still listens", tc.name)
		}
		master.Close()
	}
}

// The operator leaves the screens while a client is there: the drain is told, and a client that does not answer its
// Close frame is cut off at once by Ctrl-C.
func TestLeavingALaunchedProxy(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	cmd, master := launchedOn(t, "xterm", true, 18889, time.Minute)
	press(t, master, "\r")
	readUntil(t, master, cmd, "proxy on ")
	c, _ := dialProxy(t, "127.0.0.1:18889")
	defer c.CloseNow()
	readUntil(t, master, cmd, "1 tunnel,")
	press(t, master, "q")
	readUntil(t, master, cmd, "drains 1 tunnels within 60.0 s: y leaves")
	press(t, master, "\x1b") // it stays
	readUntil(t, master, cmd, "quit")
	press(t, master, "q")
	readUntil(t, master, cmd, "drains 1 tunnels within 60.0 s: y leaves")
	press(t, master, "y")
	readUntil(t, master, cmd, "tunnels to drain: 1; Ctrl-C ends them at once")
	press(t, master, "\x03")
	readUntil(t, master, cmd, "the proxy has ended")
	go io.Copy(io.Discard, master) //nolint:errcheck // it ends with the terminal
	endsAlone(t, "left", cmd)
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	master.Close()
}

// launchedOn launches the proxy by set-up on a terminal of its own, and returns once the proof was there.
func launchedOn(t *testing.T, term string, controls bool, port int, drain time.Duration) (*exec.Cmd, *os.File) {
	t.Helper()
	dir := t.TempDir()
	keptAnswers(t, filepath.Join(dir, "wsdoctor.yaml"), port, drain)
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	cmd := wsdoctor(t, "setup")
	cmd.Dir, cmd.Env = dir, append(cmd.Env, "TERM="+term, "LC_ALL=C.UTF-8", "HOME="+dir, "TMPDIR="+dir, "GORACE="+tuitest.RaceLog(t))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: controls}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	tty.Close()
	readUntil(t, master, cmd, "[yes]: ")
	press(t, master, "\r")
	if term == "dumb" {
		readUntil(t, master, cmd, "serves until Ctrl-C")
	} else {
		readUntil(t, master, cmd, "enter opens its screen: ")
	}
	return cmd, master
}

// keptAnswers leaves settings and the answers of an earlier session to every step.
func keptAnswers(t *testing.T, path string, port int, drain time.Duration) {
	t.Helper()
	cfg := cluster.Default(cluster.Generic)
	cfg.Nodes = []cluster.Node{{Host: "127.0.0.2"}}
	cfg.Proxy.Timeouts.Drain = drain
	if err := cluster.Save(path, cfg); err != nil {
		t.Fatal(err)
	}
	s, err := wizard.New(wizard.Here(cfg, path), wizard.StoreFor(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range firstTime {
		if st, open := s.Step(); !open || st.ID != q.step {
			t.Fatalf("the step %q is asked, expected %q", st.ID, q.step)
		}
		if q.step == "forwarding" {
			q.answer = strconv.Itoa(port)
		}
		if v, err := s.Take(q.answer); err != nil || !v.OK() {
			t.Fatalf("%s: %q is not taken: %v %v", q.step, q.answer, v.Refused, err)
		}
	}
}

func press(t *testing.T, master *os.File, keys string) {
	t.Helper()
	if _, err := master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}
