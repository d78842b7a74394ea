//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes"
)

// proxyPatience is how long these tests wait for what must happen.
const proxyPatience = 20 * time.Second

// program is `wsdoctor proxy` in a process of its own.
type program struct {
	cmd   *exec.Cmd
	lines chan map[string]any // its log
	exit  chan error
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	return startCommand(t, exec.Command(os.Args[0], append([]string{"proxy"}, args...)...))
}

// startCommand runs whatever runs the program.
func startCommand(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd: cmd, lines: make(chan map[string]any, 10000), exit: make(chan error, 1)}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, asMain+"=1")
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			line := map[string]any{"msg": s.Text()}
			json.Unmarshal(s.Bytes(), &line)
			p.lines <- line
		}
		close(p.lines)
	})
	go func() { reading.Wait(); p.exit <- p.cmd.Wait() }()
	t.Cleanup(func() { p.cmd.Process.Kill() })
	return p
}

// await returns the first line of the log whose message begins so.
func (p *program) await(t *testing.T, msg string) map[string]any {
	t.Helper()
	late := time.After(proxyPatience)
	for {
		select {
		case l, ok := <-p.lines:
			if !ok {
				t.Fatalf("the program ended without %q", msg)
			}
			if strings.HasPrefix(fmt.Sprint(l["msg"]), msg) {
				return l
			}
		case <-late:
			t.Fatalf("%q never came", msg)
		}
	}
}

func (p *program) ends(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.exit:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(proxyPatience):
		t.Error("it did not end")
	}
}

func (p *program) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

func echoNode(t *testing.T, name string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ctx := context.WithoutCancel(r.Context())
		c.Write(ctx, websocket.MessageText, []byte(name))
		for {
			typ, b, err := c.Read(ctx)
			if err != nil || c.Write(ctx, typ, b) != nil {
				return
			}
		}
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return strings.TrimPrefix(s.URL, "http://")
}

func dialProxy(t *testing.T, address string) (*websocket.Conn, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), proxyPatience)
	t.Cleanup(cancel)
	c, _, err := websocket.Dial(ctx, "ws://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := c.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(b)
}

func closedWith(t *testing.T, c *websocket.Conn) websocket.StatusCode {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), proxyPatience)
	defer cancel()
	_, _, err := c.Read(ctx)
	return websocket.CloseStatus(err)
}

func writeProxySettings(t *testing.T, file, backend, drain string) {
	t.Helper()
	text := fmt.Sprintf("version: 1\nproduct: generic\nproxy:\n  backends: [{address: %q}]\n  active_health: {kind: \"off\"}\n  timeouts: {drain: %s}\n  admin: \"\"\n", backend, drain)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort returns an address that nobody listens on; the settings do not take port 0. It is on a host of 127.0.0.0/8
// that no one else uses, so no outgoing connection is given the port meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 64+rand.IntN(128), rand.IntN(256), 1+rand.IntN(254)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestProxySignals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	a, b := echoNode(t, "a"), echoNode(t, "b")
	writeProxySettings(t, file, a, "100ms")
	address := freePort(t)
	p := startProgram(t, "--config", file, "--listen", address)
	p.await(t, "serving")

	onA, name := dialProxy(t, address)
	if name != "a" {
		t.Fatalf("landed on %s", name)
	}
	if l := p.await(t, "tunnel opened"); l["backend"] != a || l["client"] != "127.0.0.1" {
		t.Errorf("access log: %v", l)
	}

	t.Run("SIGHUP", func(t *testing.T) {
		writeProxySettings(t, file, b, "100ms")
		p.signal(syscall.SIGHUP)
		p.await(t, "settings reloaded")
		if _, name := dialProxy(t, address); name != "b" {
			t.Errorf("landed on %s", name)
		}
		os.WriteFile(file, []byte("version: 1\nproxy: {policy: best}\n"), 0o600)
		p.signal(syscall.SIGHUP)
		if l := p.await(t, "the settings stay"); !strings.Contains(fmt.Sprint(l["error"]), "policy") {
			t.Errorf("%v", l)
		}
		writeProxySettings(t, file, b, "100ms")
	})
	t.Run("SIGTERM", func(t *testing.T) {
		p.signal(syscall.SIGTERM)
		if code := closedWith(t, onA); code != websocket.StatusGoingAway {
			t.Errorf("code %d", code)
		}
		if l := p.await(t, "tunnel closed"); l["cause"] != "drain" {
			t.Errorf("%v", l)
		}
		p.ends(t)
	})
}

func TestProxySecondSignalEndsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	writeProxySettings(t, file, echoNode(t, "a"), "1h")
	address := freePort(t)
	p := startProgram(t, "--config", file, "--listen", address)
	p.await(t, "serving")
	dialProxy(t, address)
	p.signal(syscall.SIGTERM)
	p.await(t, "draining")
	p.signal(syscall.SIGTERM)
	p.ends(t)
}

func TestProxyHandsOver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	writeProxySettings(t, file, echoNode(t, "a"), "100ms")
	address := freePort(t)
	p := startProgram(t, "--config", file, "--listen", address)
	p.await(t, "serving")
	old, _ := dialProxy(t, address)
	p.signal(syscall.SIGUSR2)
	l := p.await(t, "handed over")
	successor := int(l["successor"].(float64))
	t.Cleanup(func() { syscall.Kill(successor, syscall.SIGKILL) })
	if code := closedWith(t, old); code != websocket.StatusServiceRestart {
		t.Errorf("code %d, expected %d", code, websocket.StatusServiceRestart)
	}
	c, name := dialProxy(t, address) // at no moment is the port closed
	if name != "a" {
		t.Errorf("landed on %s", name)
	}
	syscall.Kill(successor, syscall.SIGTERM)
	if code := closedWith(t, c); code != websocket.StatusGoingAway {
		t.Errorf("the successor's code %d", code)
	}
	p.ends(t) // the successor shares its log, so this waits for both
}

func TestProxyHasNoPort(t *testing.T) {
	address := echoNode(t, "a")
	p := startProgram(t, "--listen", address, "--backend", address)
	p.await(t, "wsdoctor: no port for the proxy")
	// Who holds the port is told where it can be seen: by root, or where the holder is one's own process, as here.
	if l := fmt.Sprint(p.await(t, "  "+address)["msg"]); !strings.Contains(l, "address already in use: held by ") || !strings.Contains(l, "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("%q, expected the holder of the port", l)
	}
	var exit *exec.ExitError
	if err := <-p.exit; !errors.As(err, &exit) || exit.ExitCode() != probes.ExitFindings {
		t.Errorf("%v, expected exit status %d", err, probes.ExitFindings)
	}
}
