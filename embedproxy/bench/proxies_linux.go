package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// contender is one proxy under test.
type contender struct {
	name    string
	address string
	cmd     *exec.Cmd
}

const backendAddress = "127.0.0.1:19000"

// nginxConf is tuned as an operator would for WebSocket: with the 4 KiB buffers that are the default, nginx looks
// poor from 16 KiB messages on. It begins to close waiting connections when a sixteenth of worker_connections is left,
// hence more of them than there can be descriptors.
const nginxConf = `worker_processes 1;
worker_rlimit_nofile 20000;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log warn;
daemon off;
events { worker_connections 24000; }
http {
    access_log off;
    proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;
    client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    upstream ws { ip_hash; server %[3]s; }
    server {
        listen %[2]s backlog=4096;
        location / {
            proxy_pass http://ws;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_read_timeout 3600s;
            proxy_send_timeout 3600s;
        }
    }
}
`

const haproxyConf = `global
    maxconn 9900
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    option forwardfor
frontend f
    bind %[2]s backlog 4096
    default_backend b
backend b
    balance source
    server s1 %[3]s
`

const oursConf = `version: 1
product: generic
proxy:
  listen: ["%[2]s"]
  backends: [{address: "%[3]s"}]
  active_health: {kind: "off"}
  limits: {per_ip: 0}
  admin: ""
`

// pinned runs a command on one core, in a process group of its own.
func pinned(core int, name string, args ...string) *exec.Cmd {
	cmd := exec.Command("taskset", append([]string{"-c", strconv.Itoa(core), name}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	cmd.Stderr = os.Stderr
	return cmd
}

func contenders(dir, binary string) ([]*contender, error) {
	var out []*contender
	for i, c := range []struct{ name, conf string }{{"nginx", nginxConf}, {"haproxy", haproxyConf}, {"ours", oursConf}} {
		address := "127.0.0.1:" + strconv.Itoa(19001+i)
		file := filepath.Join(dir, c.name+".conf")
		if err := os.WriteFile(file, fmt.Appendf(nil, c.conf+"\n# %[1]s\n", dir, address, backendAddress), 0o600); err != nil {
			return nil, err
		}
		var cmd *exec.Cmd
		switch c.name {
		case "nginx":
			cmd = pinned(0, "nginx", "-p", dir, "-c", file, "-e", filepath.Join(dir, "error.log"))
		case "haproxy":
			cmd = pinned(0, "haproxy", "-db", "-f", file)
		default:
			cmd = pinned(0, binary, "proxy", "--quiet", "--config", file)
		}
		if _, err := exec.LookPath(cmd.Args[3]); err != nil {
			if c.name == "ours" {
				return nil, fmt.Errorf("looking for the proxy under test: %w; `make build` makes it", err)
			}
			fmt.Fprintf(os.Stderr, "bench: without %s: %v\n", c.name, err)
			continue
		}
		out = append(out, &contender{c.name, address, cmd})
	}
	return out, nil
}

func (c *contender) start() error {
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", c.name, err)
	}
	return reachable(c.address)
}

// reachable waits until something listens.
func reachable(address string) error {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) {
			return fmt.Errorf("waiting for %s: %w", address, err)
		}
	}
}

func stop(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(3 * time.Second):
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-done
	}
}

// processes lists the process and its children, comma separated.
func (c *contender) processes() string {
	pid := strconv.Itoa(c.cmd.Process.Pid)
	out := []string{pid}
	if b, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children"); err == nil {
		out = append(out, strings.Fields(string(b))...)
	}
	return strings.Join(out, ",")
}

// cpuOf is the run time of processes so far, in seconds: of all their threads, to the nanosecond.
func cpuOf(pids string) float64 {
	total := 0.0
	for pid := range strings.SplitSeq(pids, ",") {
		tasks, _ := filepath.Glob("/proc/" + pid + "/task/*/schedstat")
		for _, t := range tasks {
			b, _ := os.ReadFile(t)
			if f := strings.Fields(string(b)); len(f) > 0 {
				ns, _ := strconv.ParseFloat(f[0], 64)
				total += ns / 1e9
			}
		}
	}
	return total
}

// memoryOf is what processes have in memory and share with nobody, in KiB.
func memoryOf(pids string) float64 {
	total := 0.0
	for pid := range strings.SplitSeq(pids, ",") {
		b, _ := os.ReadFile("/proc/" + pid + "/smaps_rollup")
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 1 && (f[0] == "Private_Clean:" || f[0] == "Private_Dirty:") {
				kb, _ := strconv.ParseFloat(f[1], 64)
				total += kb
			}
		}
	}
	return total
}
