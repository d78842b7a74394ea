package ports

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"golang.org/x/sys/unix"
)

// These tests make every state of a port for real, each in a network namespace of its own.

// tcp opens a socket that is bound to addr, with the options that the test wants.
func tcp(t *testing.T, addr string, reuse, v6only bool) int {
	t.Helper()
	at := netip.MustParseAddrPort(addr)
	family := unix.AF_INET
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(at.Port()), Addr: [4]byte{127, 0, 0, 1}}
	if at.Addr().Is6() {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	} else {
		sa.(*unix.SockaddrInet4).Addr = at.Addr().As4()
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if reuse {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil && v6only {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func listen(t *testing.T, addr string, reuse, v6only bool) int {
	t.Helper()
	fd := tcp(t, addr, reuse, v6only)
	if err := unix.Listen(fd, 16); err != nil {
		t.Fatal(err)
	}
	return fd
}

// leaveTimeWait makes n connections to a listener, whose side closes first, and closes the listener.
func leaveTimeWait(t *testing.T, addr string, n int, reuse bool) {
	t.Helper()
	ln := listen(t, addr, reuse, false)
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := unix.Accept(ln)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(s)
		c.Read(make([]byte, 1)) // returns when the server's FIN is there
		c.Close()
	}
	inState(t, addr, "06", n)
	unix.Close(ln)
}

// inState waits until n sockets on addr are in a state of /proc/net/tcp: on a busy machine the kernel has what a closed
// socket sends on its way for a while.
func inState(t *testing.T, addr, state string, n int) {
	t.Helper()
	port := fmt.Sprintf(":%04X", netip.MustParseAddrPort(addr).Port())
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		raw, err := os.ReadFile("/proc/self/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for line := range strings.Lines(string(raw)) {
			if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[1], port) && f[3] == state {
				count++
			}
		}
		if count == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sockets on %s are in state %s, expected %d:\n%s", count, addr, state, n, raw)
		}
	}
}

// connectFrom opens a connection from a fixed local address to a new listener, which stays open.
func connectFrom(t *testing.T, local string) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	fd := tcp(t, local, false, false)
	to := netip.MustParseAddrPort(ln.Addr().String())
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "client")
	client, err = net.FileConn(f)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// look observes one port of a FineReport node on this host.
func look(t *testing.T, port int) (Observation, Port) {
	t.Helper()
	cfg := cluster.Default(cluster.FineReport)
	cfg.WebSocket.Ports, cfg.WebSocket.ForwardingPorts = []int{port}, nil
	o, err := Observe(t.Context(), probes.Target{Config: cfg}, Options{Upgrades: func(context.Context, string) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Ports) != 1 || o.Source != "netlink" {
		t.Fatalf("got ports %v from %s, want one from netlink", o.Ports, o.Source)
	}
	return o, o.Ports[0]
}

// failing returns the ids of the rules that have an error.
func failing(o Observation) []string {
	var out []string
	for _, r := range rules {
		if slices.ContainsFunc(r.Check(o), func(f probes.Finding) bool { return f.Severity == probes.Error }) {
			out = append(out, strings.TrimPrefix(r.ID, "ports/"))
		}
	}
	return out
}

func wantFailing(t *testing.T, o Observation, want ...string) {
	t.Helper()
	if got := failing(o); !slices.Equal(got, want) {
		t.Errorf("errors of %v, want %v", got, want)
	}
}

func TestFree(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	o, p := look(t, 38888)
	if p.State != Free || !p.May.WithReuse || !p.May.WithoutReuse || o.NodeWouldTake != 38888 {
		t.Errorf("got state %s, may %+v, a node would take %d", p.State, p.May, o.NodeWouldTake)
	}
	wantFailing(t, o)
}

func TestTimeWaitAccepted(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	leaveTimeWait(t, "127.0.0.1:38888", 5, true)
	o, p := look(t, 38888)
	if p.State != Waiting || p.TimeWait.Accepted != 5 || p.TimeWait.Outgoing != 0 {
		t.Errorf("got state %s, TIME_WAIT %+v, want 5 accepted", p.State, p.TimeWait)
	}
	if s := p.TimeWait.Left.Duration().Seconds(); s < 50 || s > 64 || p.May.In != p.TimeWait.Left {
		t.Errorf("got %s left, free in %s; want about 60 s", p.TimeWait.Left, p.May.In)
	}
	if p.May.WithoutReuse || !p.May.WithReuse {
		t.Errorf("got %+v, want a bind with SO_REUSEADDR alone to work", p.May)
	}
	wantFailing(t, o, "bindable", "time-wait")
}

func TestTimeWaitOfServerWithoutReuse(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	leaveTimeWait(t, "127.0.0.1:38888", 5, false)
	o, p := look(t, 38888)
	if p.State != Waiting || p.May.WithReuse || p.TimeWait.Accepted != 5 {
		t.Errorf("got state %s, may %+v, TIME_WAIT %+v; want 5 that keep every server away", p.State, p.May, p.TimeWait)
	}
	wantFailing(t, o, "bindable", "time-wait")
}

func TestTimeWaitOutgoing(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	client, server := connectFrom(t, "127.0.0.1:38888")
	client.Close()
	server.Read(make([]byte, 1))
	server.Close()
	inState(t, "127.0.0.1:38888", "06", 1)
	o, p := look(t, 38888)
	if p.State != Outgoing || p.TimeWait.Outgoing != 1 || p.May.WithReuse || p.May.In == 0 {
		t.Errorf("got state %s, TIME_WAIT %+v, may %+v; want one of an outgoing connection, and its timer", p.State, p.TimeWait, p.May)
	}
	wantFailing(t, o, "bindable", "holder")
}

func TestOutgoingAlive(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	connectFrom(t, "127.0.0.1:38888")
	o, p := look(t, 38888)
	if p.State != Outgoing || len(p.Outgoing) != 1 || p.May.WithReuse || p.May.WithoutReuse {
		t.Fatalf("got state %s, outgoing %+v, may %+v", p.State, p.Outgoing, p.May)
	}
	if c := p.Outgoing[0]; len(c.Processes) != 1 || c.Processes[0].PID != os.Getpid() || c.State != "ESTAB" {
		t.Errorf("got %+v, want this process to hold it", c)
	}
	wantFailing(t, o, "bindable", "holder")
	fix := holder.Check(o)[0].Fix[0].String()
	if fix != "sysctl -w net.ipv4.ip_local_reserved_ports=38888" {
		t.Errorf("the first fix is %q", fix)
	}
}

func TestBoundNotListening(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	fd := tcp(t, "127.0.0.1:38888", false, false)
	defer unix.Close(fd)
	o, p := look(t, 38888)
	if p.State != BoundOnly || p.May.WithReuse {
		t.Errorf("got state %s, may %+v", p.State, p.May)
	}
	wantFailing(t, o, "bindable", "holder")
}

func TestHeldAndFamilies(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	for port, c := range map[string]struct {
		addr              string
		v6only            bool
		dual, loopback    bool
		ipv4Any, ipv6Dual bool // whether these can still be bound
	}{
		"38881": {"0.0.0.0", false, false, false, false, false},
		"38882": {"127.0.0.1", false, false, true, false, false},
		"38883": {"::", false, true, false, false, false},
		"38884": {"::", true, false, false, true, false},
		"38885": {"::1", true, false, true, true, false},
	} {
		addr := net.JoinHostPort(c.addr, port)
		fd := listen(t, addr, true, c.v6only)
		n := int(netip.MustParseAddrPort(addr).Port())
		o, p := look(t, n)
		unix.Close(fd)
		if p.State != Held || len(p.Listeners) != 1 {
			t.Errorf("%s: got state %s, listeners %v", addr, p.State, p.Listeners)
			continue
		}
		l := p.Listeners[0]
		if l.DualStack != c.dual || l.Loopback() != c.loopback || l.Backlog != 16 {
			t.Errorf("%s: got %+v", addr, l)
		}
		if got := p.outcome(anyIPv4, true) == Bindable; got != c.ipv4Any {
			t.Errorf("%s: 0.0.0.0 can be bound: %v", addr, got)
		}
		if got := p.outcome(anyDual, true) == Bindable; got != c.ipv6Dual {
			t.Errorf("%s: a dual-stack [::] can be bound: %v", addr, got)
		}
		if len(l.Processes) != 1 || l.Processes[0].PID != os.Getpid() || l.Processes[0].User == "" || l.Processes[0].Cmdline == "" {
			t.Errorf("%s: held by %+v, want this process", addr, l.Processes)
		}
		if !slices.ContainsFunc(o.Listeners, func(x Listener) bool { return x.Addr == l.Addr }) {
			t.Errorf("%s is not in the list of all listeners", addr)
		}
		if c.addr == "0.0.0.0" {
			wantFailing(t, o, "bindable", "holder")
		}
	}
}

// TestHeldByMultipathListener: Go's own net.Listen asks for Multipath TCP, whose listener is another socket in the
// kernel's table than the one that the process has open.
func TestHeldByMultipathListener(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	var cfg net.ListenConfig
	cfg.SetMultipathTCP(true)
	ln, err := cfg.Listen(t.Context(), "tcp", "127.0.0.1:38888")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, p := look(t, 38888)
	if p.State != Held || len(p.Listeners) != 1 || len(p.Listeners[0].Processes) != 1 || p.Listeners[0].Processes[0].PID != os.Getpid() {
		t.Errorf("got state %s, listeners %+v; want this process", p.State, p.Listeners)
	}
}

func TestHeldWithTimeWaitIsNormal(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	leaveTimeWait(t, "127.0.0.1:38888", 3, true)
	fd := listen(t, "0.0.0.0:38888", true, false)
	defer unix.Close(fd)
	cfg := cluster.Default(cluster.FineReport)
	o, err := Observe(t.Context(), probes.Target{Config: cfg}, Options{Upgrades: func(_ context.Context, url string) bool {
		return strings.HasPrefix(url, "ws://127.0.0.1:38888/")
	}})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(o.Ports, func(p Port) bool { return p.Port == 38888 })
	if p := o.Ports[i]; p.Belongs != Service || p.TimeWait.Accepted != 3 {
		t.Errorf("got belongs %q, TIME_WAIT %+v; want the service with three", p.Belongs, p.TimeWait)
	}
	if found := Explain(o); len(found) != 0 {
		t.Errorf("a service that runs has findings: %v", found)
	}
}

func TestCloseWaitCounted(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	ln := listen(t, "127.0.0.1:38888", true, false)
	defer unix.Close(ln)
	for range 12 {
		c, err := net.Dial("tcp", "127.0.0.1:38888")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := unix.Accept(ln)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(s)
		c.Close()
	}
	inState(t, "127.0.0.1:38888", "08", 12)
	o, p := look(t, 38888)
	if p.CloseWait.Count != 12 || len(p.CloseWait.Processes) != 1 {
		t.Errorf("got %+v, want 12 of this process", p.CloseWait)
	}
	o.Expect.Clients = 100
	if len(closeWait.Check(o)) != 1 {
		t.Error("12 of 100 expected clients in CLOSE_WAIT are no finding")
	}
}

func TestTrialNeverListens(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	if err := bindOnce(netip.IPv4Unspecified(), 38888, false); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:38888"); err == nil {
		c.Close()
		t.Error("a client connected after the trial")
	} else if !strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) {
		t.Error(err)
	}
}
