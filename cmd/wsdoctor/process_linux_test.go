package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// wsdoctor returns a command that runs this very program in a process of its own, from a place where every user may
// start it.
func wsdoctor(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsdoctor-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "wsdoctor")
	if err := os.Link(os.Args[0], bin); err != nil {
		raw, rerr := os.ReadFile(os.Args[0])
		if rerr != nil {
			t.Fatal(rerr)
		}
		if err := os.WriteFile(bin, raw, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), asMain+"=1", "LANG=C.UTF-8", "TERM=xterm-256color", "HOME="+dir)
	cmd.Dir = dir
	return cmd
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

func settingsFile(t *testing.T, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wsdoctor-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "wsdoctor.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// onMuteTerminal runs cmd on a pseudo-terminal that never answers a question, and returns what it wrote there.
func onMuteTerminal(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	ptmx, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	defer ptmx.Close()
	out, _ := io.ReadAll(ptmx) // ends with EIO when the program does
	_ = cmd.Wait()
	return string(out)
}

// A program that merely imports bubbletea v1 asks the terminal for its background and waits 5 s for the answer.
func TestNoQuestionToTheTerminal(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}, {"--check", "--product", "generic"}, {"--help"}} {
		out := onMuteTerminal(t, wsdoctor(t, args...))
		if out == "" {
			t.Errorf("%v wrote nothing", args)
		}
		for _, query := range []string{"\x1b]10;?", "\x1b]11;?", "\x1b[6n", "\x1b[c"} {
			if strings.Contains(out, query) {
				t.Errorf("%v asked the terminal: %q", args, query)
			}
		}
	}
}

// Without root much cannot be seen: that is unknown, and neither failed nor fine.
func TestWithoutRoot(t *testing.T) {
	probetest.NeedRoot(t)
	cmd := wsdoctor(t, "--check", "--format", "json", "--config", settingsFile(t, settings))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	code := exitCode(t, cmd.Run())
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("exit code %d: %v\n%s\n%s", code, err, out.String(), errs.String())
	}
	for _, c := range r.Checks {
		if c.Status == "unknown" && c.Reason == "" {
			t.Errorf("%s is unknown and does not say why", c.ID)
		}
		if c.ID == "firewall/inbound" && c.Status == "ok" {
			t.Error("the rules of the firewall were judged without having been read")
		}
	}
}

func TestUnreadableSettings(t *testing.T) {
	probetest.NeedRoot(t)
	path := settingsFile(t, settings)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := wsdoctor(t, "--check", "--config", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if code := exitCode(t, cmd.Run()); code != probes.ExitUsage || !strings.Contains(errs.String(), path+": permission denied") {
		t.Errorf("exit code %d, stderr %q; expected 2 and the file", code, errs.String())
	}
}

// Without /proc the checks that read it are unknown and name it; the others go on.
func TestWithoutProc(t *testing.T) {
	probetest.NeedRoot(t)
	inner := wsdoctor(t, "--check", "--format", "json", "--config", settingsFile(t, settings))
	script := append([]string{"--mount", "--", "sh", "-c", `mount -t tmpfs none /proc && exec "$@"`, "sh"}, inner.Args...)
	cmd := exec.Command(probetest.Need(t, "unshare"), script...)
	cmd.Env, cmd.Dir = inner.Env, inner.Dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	code := exitCode(t, cmd.Run())
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("exit code %d: %v\n%s\n%s", code, err, out.String(), errs.String())
	}
	seen := map[string]string{}
	for _, c := range r.Checks {
		seen[c.ID] = c.Status + " " + c.Reason
	}
	if s := seen["kernel/somaxconn"]; !strings.HasPrefix(s, "unknown") || !strings.Contains(s, "/proc") {
		t.Errorf("kernel/somaxconn is %q, expected unknown and the file", s)
	}
	if s := seen["handshake/connect"]; strings.HasPrefix(s, "unknown") {
		t.Errorf("handshake/connect is %q, expected it judged", s)
	}
}

// silentServer accepts connections and never answers.
func silentServer(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().String()
}

// Ctrl-C in the middle of a run ends it at once with 130, and what had been found by then is reported.
func TestInterrupt(t *testing.T) {
	_, port, _ := net.SplitHostPort(silentServer(t))
	cmd := wsdoctor(t, "--check", "--format", "json", "--config", settingsFile(t,
		"version: 1\nproduct: generic\nwebsocket: {ports: ["+port+"]}\n"))
	tty, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	defer terminal.Close()
	before, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, &out, terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Its progress line says that the handshake, which will never end, is all that is left.
	screen := make([]byte, 0, 4096)
	for buf := make([]byte, 512); !strings.HasSuffix(string(screen), "checking handshake"); {
		n, err := tty.Read(buf)
		if err != nil {
			t.Fatalf("%v after %q", err, screen)
		}
		screen = append(screen, buf[:n]...)
	}
	start := time.Now()
	if _, err := tty.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != probes.ExitInterrupted {
		t.Errorf("exit code %d, expected %d", code, probes.ExitInterrupted)
	}
	t.Logf("ended %s after Ctrl-C", time.Since(start))
	after, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if *before != *after {
		t.Error("the terminal is not as it was before")
	}
	var r result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Status == "ok" {
		t.Errorf("the report of an interrupted run: %v, status %q\n%s", err, r.Status, out.String())
	}
}
