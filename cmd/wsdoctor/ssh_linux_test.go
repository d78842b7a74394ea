package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/tui/tuitest"
)

// sshAddress is one of the addresses of loopback that no other test uses, so that the port is free that was found free.
const sshAddress = "127.83.83.72"

// sshServer runs a real sshd with keys and settings of its own, and returns the command that logs in.
func sshServer(t *testing.T) (login string) {
	t.Helper()
	probetest.NeedRoot(t) // sshd lets in only the user that it runs as, otherwise; and /run/sshd is root's
	sshd, keygen := probetest.Need(t, "sshd"), probetest.Need(t, "ssh-keygen")
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd puts those who have not logged in yet
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"host", "user"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	ln, err := net.Listen("tcp", sshAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	ln.Close()
	config := fmt.Sprintf(`ListenAddress %s
Port %s
HostKey %s/host
AuthorizedKeysFile %[3]s/user.pub
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PidFile none
PrintMotd no
PrintLastLog no
LogLevel VERBOSE
`, sshAddress, port, dir)
	file := filepath.Join(dir, "sshd_config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(sshd, "-D", "-e", "-f", file)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", log.String())
		}
	})
	key, err := os.ReadFile(filepath.Join(dir, "host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(known, fmt.Appendf(nil, "[%s]:%s %s", sshAddress, port, key), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "sshd", func() bool {
		c, err := net.Dial("tcp", net.JoinHostPort(sshAddress, port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return fmt.Sprintf("%s -tt -F /dev/null -i %s/user -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o GlobalKnownHostsFile=/dev/null -p %s %s",
		probetest.Need(t, "ssh"), dir, known, port, sshAddress)
}

// overThere writes a shell script that runs the program with settings and arguments, as a login finds it.
func overThere(t *testing.T, settings string, args ...string) (script string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "wsdoctor.yaml")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	script = filepath.Join(dir, "remote")
	text := fmt.Sprintf("#!/bin/sh\ncd %s\necho $$ >%s/pid\nexport %s=1 LC_ALL=C.UTF-8 GORACE='%s'\nexec %s --config %s %s\n",
		dir, dir, asMain, tuitest.RaceLog(t), self, file, strings.Join(args, " "))
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// pidOf is the number of the program that a script has become.
func pidOf(t *testing.T, script string) int {
	t.Helper()
	var pid int
	eventually(t, "the program's number", func() bool {
		raw, err := os.ReadFile(filepath.Join(filepath.Dir(script), "pid"))
		if err != nil {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(raw)))
		return err == nil
	})
	return pid
}

// ended tells whether a process has ended.
func ended(pid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	return errors.Is(err, fs.ErrNotExist)
}

// clientOf is the ssh that runs in the shell of a terminal.
func clientOf(t *testing.T, tm *tuitest.Terminal) *os.Process {
	t.Helper()
	out, err := exec.Command(probetest.Need(t, "pgrep"), "-P", tm.Ask("#{pane_pid}")).Output()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	client, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// Over a real sshd: the screens draw, keys and the clipboard arrive, leaving gives the terminal back, and a connection
// that breaks ends the program at its other end.
func TestOverSSH(t *testing.T) {
	t.Parallel()
	login := sshServer(t)
	settings := behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...)
	script := overThere(t, settings, "--only", "handshake,balancer,nginx")
	tm := tuitest.InTmux(t, login+" "+script, 80, 24)
	checked(tm)
	tm.Shows("─ the path ─", "✗ nginx", "101, ping")
	tm.Press("Enter")
	tm.Shows("▌ ✗ handshakes are handed on in")
	tm.Press("y")
	tm.Shows("copied ")
	// What is copied there arrives here, in the clipboard of the terminal at this end.
	eventually(t, "the clipboard", func() bool { return strings.Contains(tm.Do("show-buffer"), "proxy_http_version 1.1;") })
	tm.Press(screenKey(t, "Probe"), "Enter")
	tm.Shows("─ not connected ─", "426") // the stand-in's answer to a plain request
	tm.Do("resize-window", "-x", "60", "-y", "20")
	tm.Shows("4 Probe 5 6 7")
	tm.Do("resize-window", "-x", "59", "-y", "20")
	tm.Shows("this terminal has 59x20 cells; wsdoctor needs 60x20")
	tm.Do("resize-window", "-x", "80", "-y", "24")
	tm.Shows("q quit")
	tm.Press("q")
	tm.Restored()
	if pid := pidOf(t, script); !ended(pid) {
		t.Errorf("the program, process %d, is still there", pid)
	}

	script = overThere(t, settings, "--only", "handshake,balancer,nginx")
	tm.Press("clear", "Enter", login+" "+script, "Enter")
	checked(tm)
	pid := pidOf(t, script)
	if err := clientOf(t, tm).Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the program whose terminal has vanished", func() bool { return ended(pid) })
}

// The same inside tmux inside ssh: what breaks is the connection, and the program is found again as it was left.
func TestInTmuxOverSSH(t *testing.T) {
	t.Parallel()
	login := sshServer(t)
	tmux := probetest.Need(t, "tmux")
	script := overThere(t, behindNginx(t, "proxy_set_header Host $http_host;", nodes(t, 1)...), "--only", "handshake,balancer,nginx")
	dir := t.TempDir()
	config := filepath.Join(dir, "tmux.conf")
	// The outer terminal is tmux, too, whose terminfo entry does not say that it takes the clipboard.
	if err := os.WriteFile(config, []byte("set -g status off\nset -g set-clipboard on\nset -as terminal-features ',*:clipboard'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	inner := fmt.Sprintf("LC_ALL=C.UTF-8 %s -u -S %s/s -f %s", tmux, dir, config)
	t.Cleanup(func() { exec.Command(tmux, "-S", dir+"/s", "kill-server").Run() })
	tm := tuitest.InTmux(t, fmt.Sprintf("%s \"%s new-session %s\"", login, inner, script), 80, 24)
	checked(tm)
	tm.Shows("─ the path ─", "✗ nginx", "101, ping")
	tm.Press("y")
	tm.Shows("copied ", "tmux needs: set -g set-clipboard on")
	eventually(t, "the clipboard", func() bool { return strings.Contains(tm.Do("show-buffer"), "proxy_http_version 1.1;") })
	tm.Press(screenKey(t, "Config"))
	tm.Shows("worker_connections 256;", ": nginx/")
	pid := pidOf(t, script)
	if err := clientOf(t, tm).Kill(); err != nil {
		t.Fatal(err)
	}
	tm = tuitest.InTmux(t, fmt.Sprintf("%s \"%s attach\"", login, inner), 80, 24)
	tm.Shows("worker_connections 256;", "6 Config", "q quit")
	if ended(pid) {
		t.Error("the program has ended with the connection")
	}
	tm.Press("q")
	eventually(t, "the end of the program", func() bool { return ended(pid) })
	tm.Restored()
}
