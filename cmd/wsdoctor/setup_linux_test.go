package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
	"example.com/wsdoctor/tui/tuitest"
	"github.com/creack/pty"
)

// These tests run in network namespaces of their own: every port is free there, and nobody else takes one.

// startOn runs wsdoctor as a process of its own on a pseudo-terminal of 80x24 cells. hangUp sends what the kernel
// sends when the terminal is gone, and waits for the process, as the end of the test does.
func startOn(t *testing.T, dir, termName string, args ...string) (s *screen, cmd *exec.Cmd, hangUp func()) {
	t.Helper()
	cmd = wsdoctor(t, args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "TERM="+termName, "HOME="+dir, "TMPDIR="+dir, "GORACE="+tuitest.RaceLog(t))
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	s = watch(t, master)
	s.end = sync.OnceValue(cmd.Wait)
	t.Cleanup(func() { cmd.Process.Kill(); s.end() })
	return s, cmd, func() { cmd.Process.Signal(syscall.SIGHUP); s.end() }
}

// serviceOn is what stands behind the proxy.
func serviceOn(t *testing.T, address string) {
	t.Helper()
	s, err := standin.Listen(t.Context(), address, standin.Options{Name: "the service"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
}

// firstTime are the steps of a first-time set-up with the answers that its tests give.
var firstTime = []struct{ step, answer string }{
	{"existing", ""}, {"product", "5"}, {"deployment", "cluster"}, {"nodes", "127.0.0.2, b=127.0.0.3"}, {"balancer", ""}, {"place", ""},
	{"host", ""}, {"ports", "18888"}, {"forwarding", "18889, 18890, 18891"}, {"path", "/ws"}, {"policy", "2"}, {"heartbeat", "20s"},
	{"idle", "1h"}, {"tls", ""}, {"clients", "500"}, {"launch", "foreground"},
}

func firstTimeServices(t *testing.T) {
	serviceOn(t, "127.0.0.2:18888")
	serviceOn(t, "127.0.0.3:18888")
}

// proven takes a set-up from its last answer to the proof and beyond: a client of ours comes through too.
func (s *screen) proven() {
	s.t.Helper()
	s.see("+product: generic")
	s.see("[yes]: ")
	s.press("\r")
	s.see("wrote ")
	s.see("101 Switching Protocols")
	s.see("proven")
	s.see("wsdoctor setup --yes --answers - <<'END'")
	s.see("the proxy serves until Ctrl-C")
	c, hello := dialProxy(s.t, "127.0.0.1:18889")
	if !strings.Contains(hello, "the service") {
		s.t.Errorf("the client got %s", hello)
	}
	c.CloseNow()
}

func TestSetupByPlainPrompts(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	for _, name := range []string{"dumb"} {
		dir := t.TempDir()
		s, cmd, _ := startOn(t, dir, name, "setup")
		for _, q := range firstTime {
			s.see("\r\n" + q.step)
			s.press(q.answer + "\r")
		}
		s.proven()
		s.press("\x03")
		s.ends(cmd)
		cfg, err := cluster.Load(filepath.Join(dir, "wsdoctor.yaml"))
		if err != nil || cfg.Nodes[1].Name != "b" || cfg.Proxy.Policy != "cookie" || cfg.Clients != 500 {
			t.Errorf("%v %+v", err, cfg)
		}

		s, cmd, _ = startOn(t, dir, name, "setup", "--undo")
		s.see("remove " + dir)
		s.press("y\r")
		s.see("done")
		s.ends(cmd)
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// ends waits for the regular end of a process, or ends it.
func (s *screen) ends(cmd *exec.Cmd) {
	t := s.t
	t.Helper()
	late := time.AfterFunc(patience, func() {
		t.Errorf("%v does not end", cmd.Args[1:])
		cmd.Process.Kill()
	})
	defer late.Stop()
	if err := s.end(); err != nil {
		t.Errorf("%v ended with %v", cmd.Args[1:], err)
	}
}

// The connection drops at every step, and nothing that was answered is lost.
func TestSetupSurvivesHangUps(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	dir := t.TempDir()
	for i, q := range firstTime {
		s, _, hangUp := startOn(t, dir, "dumb", "setup")
		if i > 0 {
			s.see("going on where the last session was")
		}
		s.see(fmt.Sprintf("step %d of ", i+1))
		s.see("\r\n" + q.step)
		s.press(":steps\r")
		for _, before := range firstTime[:i] {
			s.see("  " + before.step + ": ")
		}
		s.see("\r\n" + q.step)
		s.press(q.answer + "\r")
		if i+1 < len(firstTime) {
			s.see(fmt.Sprintf("step %d of ", i+2))
		} else {
			s.see("[yes]: ")
		}
		hangUp()
	}
	s, cmd, _ := startOn(t, dir, "dumb", "setup")
	s.proven()
	s.press("\x03")
	s.ends(cmd)
	if _, err := os.Stat(filepath.Join(dir, ".wsdoctor.yaml.setup")); err == nil {
		t.Error("the kept answers are still there")
	}
}

func TestSetupWithAFileOfAnswers(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	dir := t.TempDir()
	var answers strings.Builder
	for _, q := range firstTime {
		if q.answer != "" {
			fmt.Fprintf(&answers, "%s: %q\n", q.step, q.answer)
		}
	}
	run := func(input string, args ...string) (*exec.Cmd, io.Reader, *bytes.Buffer) {
		cmd := wsdoctor(t, args...)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader(input)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		return cmd, out, &errs
	}

	cmd, out, _ := run(answers.String(), "setup", "--answers", "-")
	text, _ := io.ReadAll(out)
	if code := exitCode(t, cmd.Wait()); code != 0 || !strings.Contains(string(text), "nothing was written") {
		t.Errorf("without --yes: exit code %d\n%s", code, text)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("without --yes it wrote %v", left)
	}

	cmd, out, errs := run(answers.String(), "setup", "--yes", "--answers", "-")
	shown := make([]byte, 0, 1<<14)
	for !strings.Contains(string(shown), "serves until Ctrl-C") {
		buf := make([]byte, 4096)
		n, err := out.Read(buf)
		shown = append(shown, buf[:n]...)
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, shown, errs)
		}
	}
	if !strings.Contains(string(shown), "101 Switching Protocols") {
		t.Errorf("no 101 in\n%s", shown)
	}
	c, _ := dialProxy(t, "127.0.0.1:18889")
	c.CloseNow()
	cmd.Process.Signal(syscall.SIGTERM)
	io.Copy(io.Discard, out)
	if code := exitCode(t, cmd.Wait()); code != 0 {
		t.Errorf("exit code %d\n%s", code, errs)
	}

	// What it printed as the equivalent command gives the same again.
	_, again, _ := strings.Cut(string(shown), "<<'END'\n")
	again, _, _ = strings.Cut(again, "\nEND")
	before, err := os.ReadFile(filepath.Join(dir, "wsdoctor.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "wsdoctor.yaml"))
	cmd, out, errs = run(strings.ReplaceAll(again, "launch: foreground", "launch: 'no'"), "setup", "--yes", "--answers", "-")
	text, _ = io.ReadAll(out)
	if code := exitCode(t, cmd.Wait()); code != 0 {
		t.Errorf("exit code %d\n%s\n%s", code, text, errs)
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "wsdoctor.yaml")); !bytes.Equal(before, after) {
		t.Errorf("the equivalent command writes\n%s", after)
	}
	cmd, out, errs = run("", "setup", "--undo", "--yes")
	io.Copy(io.Discard, out)
	if code := exitCode(t, cmd.Wait()); code != 0 {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSetupSeesWhoHoldsAPort(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	held(t, "0.0.0.0:18889")
	dir := t.TempDir()
	s, cmd, _ := startOn(t, dir, "dumb", "setup")
	for _, q := range firstTime[:8] {
		s.see("\r\n" + q.step)
		s.press(q.answer + "\r")
	}
	s.see("\r\nforwarding")
	s.press("18889\r")
	s.see("port 18889: held by ")
	s.see("pid")
	s.see("none of these ports can be had now")
	s.see("free and within every rule: ")
	s.see("\r\nforwarding")
	s.press("18889\r")
	s.see("\r\npath")
	s.press(":undo\r")
	s.see("\r\nforwarding")
	s.press(":quit\r")
	s.ends(cmd)
}
