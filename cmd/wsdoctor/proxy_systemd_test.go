//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/probetest"
)

// manager is systemd's end of NOTIFY_SOCKET.
type manager struct {
	path string
	conn *net.UnixConn
	said []string // not yet asked for, one assignment each
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.conn, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.conn.Close() })
	return m
}

// await returns the value of the next such assignment.
func (m *manager) await(t *testing.T, key string) string {
	t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(proxyPatience))
	b := make([]byte, 4096)
	for {
		for i, line := range m.said {
			if v, ok := strings.CutPrefix(line, key+"="); ok {
				m.said = m.said[i+1:]
				return v
			}
		}
		n, err := m.conn.Read(b)
		if err != nil {
			t.Fatalf("%s= was never said: %v; last: %q", key, err, m.said)
		}
		m.said = append(m.said, strings.Split(string(b[:n]), "\n")...)
	}
}

// TestProxyTellsSystemd follows the word that a service owes systemd through a start, a reload, a refused reload, an
// upgrade in place and the end, with the watchdog fed all the time, by the successor too.
func TestProxyTellsSystemd(t *testing.T) {
	m := newManager(t)
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	writeProxySettings(t, file, echoNode(t, "a"), "100ms")
	cmd := exec.Command("sh", "-c", `WATCHDOG_PID=$$ exec "$0" "$@"`, os.Args[0], "proxy", "--config", file, "--listen", freePort(t))
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=100000")
	p := startCommand(t, cmd)
	if v := m.await(t, "READY"); v != "1" {
		t.Errorf("READY=%s", v)
	}
	m.await(t, "WATCHDOG")
	m.await(t, "WATCHDOG")
	for _, text := range []string{"", "nonsense"} {
		if text != "" {
			os.WriteFile(file, []byte(text), 0o600)
		}
		p.signal(syscall.SIGHUP)
		m.await(t, "RELOADING")
		if us, err := strconv.ParseInt(m.await(t, "MONOTONIC_USEC"), 10, 64); err != nil || us <= 0 {
			t.Errorf("MONOTONIC_USEC=%d, %v", us, err)
		}
		m.await(t, "READY")
	}
	writeProxySettings(t, file, echoNode(t, "a"), "100ms")
	p.signal(syscall.SIGUSR2)
	successor, err := strconv.Atoi(m.await(t, "MAINPID"))
	if err != nil || successor == cmd.Process.Pid {
		t.Fatalf("MAINPID=%d, %v", successor, err)
	}
	t.Cleanup(func() { syscall.Kill(successor, syscall.SIGKILL) })
	soon(t, "the first process has ended", func() bool { return !runs(cmd.Process.Pid) })
	m.said = nil
	m.await(t, "WATCHDOG")
	m.await(t, "WATCHDOG")
	syscall.Kill(successor, syscall.SIGTERM)
	if v := m.await(t, "STOPPING"); v != "1" {
		t.Errorf("STOPPING=%s", v)
	}
	p.ends(t)
}

// runs tells whether a process is there and no zombie.
func runs(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// TestProxySocketActivation has systemd's own program hold the socket: the proxy is started by its first client, on a
// port that its settings do not name.
func TestProxySocketActivation(t *testing.T) {
	activate := probetest.Need(t, "systemd-socket-activate")
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	writeProxySettings(t, file, echoNode(t, "a"), "100ms")
	address := freePort(t)
	cmd := exec.Command(activate, "--listen="+address, "--setenv="+asMain+"=1", os.Args[0], "proxy", "--config", file)
	p := startCommand(t, cmd)
	p.await(t, "Listening on")
	c, name := dialProxy(t, address)
	if name != "a" {
		t.Errorf("landed on %s", name)
	}
	if l := p.await(t, "serving"); fmt.Sprint(l["addresses"]) != "["+address+"]" {
		t.Errorf("it serves %v, expected %s alone", l["addresses"], address)
	}
	p.signal(syscall.SIGTERM) // systemd-socket-activate has become the proxy
	if code := closedWith(t, c); code != websocket.StatusGoingAway {
		t.Errorf("code %d", code)
	}
	p.ends(t)
}

// TestProxyTakesSeveralSockets passes two sockets as systemd does.
func TestProxyTakesSeveralSockets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	writeProxySettings(t, file, echoNode(t, "a"), "100ms")
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "proxy", "--config", file)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=2")
	var addresses []string
	for range 2 {
		l := probetest.Listen(t)
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		l.Close()
		addresses = append(addresses, l.Addr().String())
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	p := startCommand(t, cmd)
	for _, a := range addresses {
		c, _ := dialProxy(t, a)
		c.CloseNow()
	}
	p.signal(syscall.SIGHUP)
	p.await(t, "settings reloaded")
	for _, a := range addresses {
		c, _ := dialProxy(t, a)
		c.CloseNow()
	}
	p.signal(syscall.SIGTERM)
	p.ends(t)
}

// TestProxyRefusesOtherSockets passes what is no listening TCP socket.
func TestProxyRefusesOtherSockets(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "wsdoctor.yaml")
	writeProxySettings(t, file, freePort(t), "100ms")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "proxy", "--config", file)
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{f}
	p := startCommand(t, cmd)
	p.await(t, "wsdoctor: taking over a listening socket")
	var exit *exec.ExitError
	if err := <-p.exit; !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v, expected exit status 1", err)
	}
}
