package probetest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	startGrace = 20 * time.Second // how long a server may take until it is up; tests share the machine's cores
	stopGrace  = 5 * time.Second  // how long it may take to stop before it is killed
)

// Listen returns a listener on a free port of 127.0.0.1 that a server can inherit, so that no other test can take the
// port in between. It is closed when the test ends.
func Listen(t testing.TB) *net.TCPListener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.(*net.TCPListener)
}

// ClosedPort returns an address of 127.0.0.1 that refuses connections: a socket is bound to it and does not listen,
// so nobody else can take it during the test.
func ClosedPort(t testing.TB) string {
	t.Helper()
	// An outgoing connection's own port is as good as bound: a connect to it is refused.
	ln := Listen(t)
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().String()
}

// Server is a real program that runs until the test ends.
type Server struct {
	Dir  string // its working folder, the test's own
	log  *lockedBuffer
	stop os.Signal // nil: an interrupt, at which nginx and haproxy stop fast and Node ends
	cmd  *exec.Cmd
}

// Signal sends it a signal, such as SIGHUP for a reload.
func (s *Server) Signal(sig os.Signal) error { return s.cmd.Process.Signal(sig) }

// Log returns what it wrote to standard error so far; nginx's error log goes there.
func (s *Server) Log() string { return s.log.String() }

// Nginx runs nginx until the test ends. http is what stands inside its http block; each listener is inherited by it,
// and a "listen" with that listener's address takes it over (nginx's own way of upgrading itself, environment NGINX).
// Relative paths in the configuration are in Server.Dir.
//
//	ln := probetest.Listen(t)
//	probetest.Nginx(t, `server { listen `+ln.Addr().String()+`; return 404; }`, ln)
func Nginx(t testing.TB, http string, listeners ...*net.TCPListener) *Server {
	t.Helper()
	return NginxWith(t, NginxOptions{}, http, listeners...)
}

// NginxOptions is what stands outside the http block.
type NginxOptions struct {
	WorkerConnections int    // 0 means 256
	Main              string // directives of the main context
}

// NginxWith is Nginx with other settings outside the http block.
func NginxWith(t testing.TB, opts NginxOptions, http string, listeners ...*net.TCPListener) *Server {
	t.Helper()
	if opts.WorkerConnections == 0 {
		opts.WorkerConnections = 256
	}
	path := Need(t, "nginx")
	s := &Server{Dir: t.TempDir(), log: new(lockedBuffer)}
	conf := "daemon off;\nuser " + user() + ";\npid nginx.pid;\nerror_log stderr info;\nworker_processes 1;\n" + opts.Main + "\n" +
		fmt.Sprintf("events { worker_connections %d; }\n", opts.WorkerConnections) + "http {\naccess_log off;\n"
	for _, d := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		conf += d + "_temp_path " + d + "_temp;\n"
	}
	file := filepath.Join(s.Dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf+http+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-t", "-q", "-p", s.Dir, "-c", file, "-e", "stderr").CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	cmd := exec.Command(path, "-p", s.Dir, "-c", file, "-e", "stderr")
	fds := inherit(t, cmd, listeners)
	cmd.Env = append(os.Environ(), "NGINX="+strings.Join(fds, ";")+";")
	s.run(t, cmd)
	s.await(t, "start worker process ")
	return s
}

// await waits until the server wrote line. An inherited listener takes connections before the server that answers them
// has read its configuration, and nginx names its processes last: a connect alone does not tell that it is up.
func (s *Server) await(t testing.TB, line string) {
	t.Helper()
	for end := time.Now().Add(startGrace); !strings.Contains(s.Log(), line); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not write %q in %s", filepath.Base(s.cmd.Path), line, startGrace)
		}
	}
}

// HAProxy runs haproxy until the test ends. config is the whole file; "bind fd@3" is the first listener, fd@4 the
// second.
func HAProxy(t testing.TB, config string, listeners ...*net.TCPListener) *Server {
	t.Helper()
	path := Need(t, "haproxy")
	s := &Server{Dir: t.TempDir(), log: new(lockedBuffer)}
	file := filepath.Join(s.Dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-db", "-q", "-f", file)
	inherit(t, cmd, listeners)
	s.run(t, cmd)
	return s
}

// inherit hands the listeners' descriptors to cmd and returns their numbers there. The copies here are closed at once:
// the port refuses connections as soon as the server has stopped.
func inherit(t testing.TB, cmd *exec.Cmd, listeners []*net.TCPListener) []string {
	t.Helper()
	var fds []string
	for _, ln := range listeners {
		f, err := ln.File()
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
		fds = append(fds, string(rune('0'+2+len(cmd.ExtraFiles))))
	}
	return fds
}

// run starts cmd and has it stopped when the test ends.
func (s *Server) run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	s.cmd = cmd
	cmd.Dir, cmd.Stderr = s.Dir, s.log
	if cmd.Stdout == nil {
		cmd.Stdout = s.log
	}
	err := cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	t.Cleanup(func() {
		if s.stop == nil {
			s.stop = os.Interrupt
		}
		cmd.Process.Signal(s.stop)
		select {
		case <-ended:
		case <-time.After(stopGrace):
			cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(cmd.Path), s.Log())
		}
	})
}

// Node returns the folder of the npm packages that tests use (ws, wscat, socket.io, socket.io-client), and ends the
// test where they or Node itself are missing.
func Node(t testing.TB) string {
	t.Helper()
	Need(t, "node")
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "npm")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "ws")); err != nil {
		Lacks(t, "npm packages", "make testdeps")
	}
	return dir
}

// NodeServer runs JavaScript (CommonJS, with the packages of Node at hand) until the test ends. The script has to
// print the address it listens on as its first line, which is returned.
func NodeServer(t testing.TB, script string) string {
	t.Helper()
	address, _ := NodeProcess(t, script)
	return address
}

// NodeProcess is NodeServer, and returns the process too.
func NodeProcess(t testing.TB, script string) (string, *Server) {
	t.Helper()
	dir := Node(t)
	s := &Server{Dir: dir, log: new(lockedBuffer)}
	cmd := exec.Command(Need(t, "node"), "-e", script)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout = w
	s.run(t, cmd)
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("node printed no address: %v\n%s", err, s.Log())
	}
	return strings.TrimSpace(line), s
}

// WSServer is a script for NodeServer: the echo server of the npm package ws on a free port of 127.0.0.1.
const WSServer = `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log('127.0.0.1:' + s.address().port));
s.on('connection', c => c.on('message', (m, binary) => c.send(m, { binary })));`

// SocketIOServer is a script for NodeServer: a Socket.IO server on a free port of 127.0.0.1.
const SocketIOServer = `const h = require('http').createServer();
new (require('socket.io').Server)(h);
h.listen(0, '127.0.0.1', () => console.log('127.0.0.1:' + h.address().port));`

// user returns the name that nginx's workers run as, so that they can read the test's own folder.
func user() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return "nobody" // ignored unless started by root
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Pass is what an nginx location needs to pass the upgrade on.
const Pass = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_set_header Host $http_host; "
