package kernel

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/sysctl"
	"golang.org/x/sys/unix"
)

// patience bounds the wait for what the kernel does a moment later.
const patience = 30 * time.Second

// until repeats look until it holds.
func until(t *testing.T, what string, look func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !look(); {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

func local(t *testing.T, port int) probes.Target {
	cfg := cluster.Default(cluster.Generic)
	cfg.WebSocket.Ports = []int{port}
	return probes.Target{Config: cfg}
}

func observe(t *testing.T, target probes.Target) Observation {
	t.Helper()
	o, err := Observe(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// shortListener listens with a queue of its own length, of which Go offers no choice.
func shortListener(t *testing.T, backlog int) (port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return sa.(*unix.SockaddrInet4).Port
}

// connectWithoutWaiting starts a connection.
func connectWithoutWaiting(t *testing.T, port int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}); err != nil && err != unix.EINPROGRESS {
		t.Fatal(err)
	}
}

// A queue that nobody empties, as the kernel itself counts it: full, and then overflowing.
func TestRealAcceptQueue(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	port := shortListener(t, 60)
	for range fullQueue {
		connectWithoutWaiting(t, port)
	}
	until(t, "the queue to fill", func() bool { return observe(t, local(t, port)).Listeners[0].Queue == fullQueue })
	o := observe(t, local(t, port))
	if found := listenOverflows.Check(o); len(found) != 1 || found[0].Subject != strconv.Itoa(port) {
		t.Errorf("a full queue: %v", found)
	}
	if len(o.Processes) != 1 || o.Processes[0].PID != os.Getpid() || o.Processes[0].Role != Service {
		t.Errorf("processes: %+v", o.Processes)
	}
	for range 20 {
		connectWithoutWaiting(t, port)
	}
	until(t, "the queue to overflow", func() bool { return observe(t, local(t, port)).Queues.Overflows > 0 })
	if found := listenOverflows.Check(observe(t, local(t, port))); len(found) != 2 || found[1].Subject != "ListenOverflows" {
		t.Errorf("an overflowing queue: %v", found)
	}
}

// Buckets that are too few, as the kernel itself counts them.
func TestRealTimeWaitOverflow(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	if o := observe(t, local(t, port)); len(timeWaitBuckets.Check(o)) != 0 {
		t.Fatalf("before: %+v", o.TimeWait)
	}
	if err := os.WriteFile(sysctl.File(keyTimeWaitMax), []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		client, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		client.Close() // closes first, and so is the one in TIME_WAIT
		server.Read(make([]byte, 1))
		server.Close()
	}
	until(t, "an overflow", func() bool { return observe(t, local(t, port)).TimeWait.Overflow > 0 })
	found := timeWaitBuckets.Check(observe(t, local(t, port)))
	if len(found) != 1 || !strings.Contains(found[0].Title.String(), "of at most 2") {
		t.Errorf("%+v", found)
	}
}

// nginx with a limit that is too low for its clients, found by its listeners, without its master.
func TestRealNginx(t *testing.T) {
	nginx := probetest.Need(t, "nginx")
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf("daemon off; pid %[1]s/pid; error_log stderr; worker_processes 2; worker_rlimit_nofile 512;\nevents { }\n"+
		"http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;\n"+
		"server { listen 127.0.0.1:38889; location / { return 204; } } }\n", dir)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-c", conf)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Signal(unix.SIGTERM); cmd.Wait() }()
	target := local(t, 38889)
	target.Config.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://127.0.0.1:38889/"}
	workers := func() []Process {
		return slices.DeleteFunc(observe(t, target).Processes, func(p Process) bool { return p.Role != Proxy })
	}
	until(t, "two workers", func() bool { return len(workers()) == 2 })
	for _, p := range workers() {
		if p.PID == cmd.Process.Pid || p.Name != "nginx" || p.Soft != 512 || !slices.Equal(p.Ports, []int{38889}) {
			t.Errorf("%+v (the master is %d)", p, cmd.Process.Pid)
		}
	}
	found := openFiles.Check(observe(t, target))
	if len(found) != 2 || !strings.Contains(found[0].Title.String(), "may open 512 files, expected at least 1506") {
		t.Errorf("%+v", found)
	}
}
