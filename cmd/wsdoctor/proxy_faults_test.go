//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/probetest"
)

// backend is an echo server in a process of its own.
type backend struct {
	address string
	cmd     *exec.Cmd
}

func (b *backend) start(t *testing.T) {
	t.Helper()
	b.cmd = exec.Command(os.Args[0])
	b.cmd.Env = append(os.Environ(), asEcho+"="+b.address)
	b.cmd.Stderr = os.Stderr
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmd := b.cmd
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

// backendState asks the proxy what it makes of a backend; "" while it cannot be asked.
func backendState(admin, address string) string {
	resp, err := http.Get("http://" + admin + "/status")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var s struct {
		Backends []struct{ Address, State string }
	}
	json.NewDecoder(resp.Body).Decode(&s)
	for _, b := range s.Backends {
		if b.Address == address {
			return b.State
		}
	}
	return ""
}

// faultSettings writes the settings of TestProxyFaults; weight is what its reloads change.
func faultSettings(t *testing.T, file, admin, tls string, drain time.Duration, weight int, backends []*backend) {
	t.Helper()
	var list []string
	for _, b := range backends {
		list = append(list, fmt.Sprintf("{address: %q, weight: %d}", b.address, weight))
	}
	text := fmt.Sprintf(`version: 1
product: generic
proxy:
  policy: least-conn
  backends: [%s]
  tls: {%s}
  limits: {per_ip: 0}
  active_health: {kind: websocket, path: /, interval: 250ms, timeout: 2s, rise: 1, fall: 2}
  timeouts: {drain: %s}
  admin: %q
`, strings.Join(list, ", "), tls, drain, admin)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestProxyFaults has a crowd of clients talk all the time while a backend is killed and comes back, another stops
// answering, and the proxy is reloaded 50 times, upgraded in place and drained. Whoever's backend is well loses no
// message, and whoever is closed is told why by a Close frame.
func TestProxyFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		tls     bool
		clients int
	}{{"plain", false, 1000}, {"tls", true, 300}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of the time of each is waiting
			clients, drain := c.clients, 5*time.Second
			if probetest.Race {
				clients /= 6
			}
			scheme, settings := "ws", ""
			if c.tls {
				scheme = "wss"
				cert, key := probetest.WritePEM(t, (*probetest.CA)(nil).Issue(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1"))
				settings = fmt.Sprintf("cert: %q, key: %q", cert, key)
			}
			backends := make([]*backend, 3)
			for i := range backends {
				backends[i] = &backend{address: freePort(t)}
				backends[i].start(t)
			}
			file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
			address, admin := freePort(t), freePort(t)
			reconfigure := func(weight int) { faultSettings(t, file, admin, settings, drain, weight, backends) }
			reconfigure(1)
			p := startProgram(t, "--config", file, "--listen", address)
			p.await(t, "serving")
			for _, b := range backends {
				soon(t, "a backend is up", func() bool { return accepts(b.address) && backendState(admin, b.address) == "up" })
			}
			faults(t, p, newCrowd(t, scheme+"://"+address+"/", clients), backends, admin, drain, reconfigure)
		})
	}
}

func faults(t *testing.T, p *program, g *crowd, backends []*backend, admin string, drain time.Duration, reconfigure func(weight int)) {
	dead, stopped := backends[0], backends[1]
	g.hears("before anything happens")
	g.told("before anything happens", 0, 0, "")

	onDead := g.on()[dead.address]
	dead.cmd.Process.Kill()
	dead.cmd.Wait()
	soon(t, "everybody left the killed backend", func() bool { return g.on()[dead.address] == 0 })
	g.hears("after a backend was killed")
	g.told("a backend was killed", onDead, websocket.StatusInternalError, dead.address)
	g.again.Store(0)

	dead.start(t)
	soon(t, "the killed backend is up again", func() bool { return accepts(dead.address) && backendState(admin, dead.address) == "up" })
	g.join(onDead / 2)
	if n := g.on()[dead.address]; n == 0 {
		t.Errorf("of %d new clients none landed on the backend that came back with no client", onDead/2)
	}

	stopped.cmd.Process.Signal(syscall.SIGSTOP)
	soon(t, "the stopped backend is noticed", func() bool { return backendState(admin, stopped.address) == "sick" })
	before := g.on()[stopped.address]
	g.join(onDead / 2)
	if n := g.on()[stopped.address]; n != before {
		t.Errorf("%d clients were sent to the backend that does not answer", n-before)
	}
	g.hears("while a backend does not answer", stopped.address)
	stopped.cmd.Process.Signal(syscall.SIGCONT)
	g.hears("after the backend answers again")
	soon(t, "the stopped backend is up again", func() bool { return backendState(admin, stopped.address) == "up" })
	g.told("a backend was stopped", 0, 0, "")

	for i := range 50 {
		reconfigure(2 + i%2)
		p.signal(syscall.SIGHUP)
		p.await(t, "settings reloaded")
	}
	g.hears("after 50 reloads")
	g.told("50 reloads", 0, 0, "")

	all := len(g.users)
	p.signal(syscall.SIGUSR2)
	successor := int(p.await(t, "handed over")["successor"].(float64))
	t.Cleanup(func() { syscall.Kill(successor, syscall.SIGKILL) })
	soon(t, "everybody was told about the restart", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.ended) >= all
	})
	g.hears("after the upgrade")
	g.spread("the upgrade", g.told("the upgrade", all, websocket.StatusServiceRestart, ""), drain)

	g.gone.Store(true)
	syscall.Kill(successor, syscall.SIGTERM)
	soon(t, "everybody is gone", func() bool { return len(g.on()) == 0 })
	g.spread("the drain", g.told("the drain", all, websocket.StatusGoingAway, ""), drain)
	if n := g.again.Load(); n > 0 {
		t.Errorf("%d handshakes were lost though no backend died", n)
	}
	p.ends(t) // the successor shares its log, so this waits for both
}

// accepts tells whether somebody takes WebSockets there.
func accepts(address string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), crowdPatience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+address+"/", nil)
	if err != nil {
		return false
	}
	c.CloseNow()
	return true
}
