package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// balancerRuns starts a balancer of this host until the test ends, and waits until it listens at an address.
func balancerRuns(t *testing.T, address, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(probetest.Need(t, program), args...)
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); <-ended }) // the master takes its workers with it
	for late := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%s does not listen\n%s", program, log.String())
		}
	}
}

// tree is every file below a folder, in which another program may be at work.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && (!e.Type().IsRegular() || strings.HasSuffix(path, ".pid")) {
			return nil
		}
		var raw []byte
		if err == nil {
			raw, err = os.ReadFile(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was taken away meanwhile
		}
		out[path] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameTree(t *testing.T, before, after map[string]string) {
	t.Helper()
	for path, text := range before {
		if after[path] != text {
			t.Errorf("%s is\n%s\nand was\n%s", path, after[path], text)
		}
	}
	for path := range after {
		if _, was := before[path]; !was {
			t.Errorf("%s is left behind", path)
		}
	}
}

// otherSite asks the site that the balancer had before.
func otherSite(t *testing.T) {
	t.Helper()
	resp, err := http.Get("http://127.0.0.1:18080/")
	if err != nil {
		t.Errorf("the other site: %v", err)
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Errorf("the other site answers %d", resp.StatusCode)
	}
}

// gone waits until nothing listens at an address any more: a reload returns before the old workers let go.
func gone(t *testing.T, address string) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		c.Close()
		if time.Now().After(late) {
			t.Fatalf("%s is still listened on", address)
		}
	}
}

// forBalancer are the answers of a single service behind the balancer that runs; service is its port.
func (s *screen) forBalancer(node, service string) {
	s.t.Helper()
	for _, q := range [][2]string{
		{"existing [-]", ""}, {"product", "5"}, {"deployment", "1"}, {"nodes", node}, {"balancer", ""}, {"place", ""}, {"host", "127.0.0.1"},
		{"config", ""}, {"ports", service}, {"forwarding", "18889"}, {"path", "/ws"}, {"heartbeat", "20s"}, {"idle", "1h"}, {"tls", ""}, {"clients", ""},
	} {
		s.see("\r\n" + q[0])
		s.press(q[1] + "\r")
	}
}

// writes says yes to the files and to a number of commands.
func (s *screen) writes(commands int) {
	s.t.Helper()
	s.see("after a look at this host? [yes]: ")
	s.press("y\r")
	for range commands {
		for {
			// The checks may have something to say first: a node that cannot be resolved.
			if s.seeWhich("run it? [yes]: ", "write nevertheless? [yes]: ") == 0 {
				break
			}
			s.press("y\r")
		}
		s.press("y\r")
	}
}

// mends answers a step anew after a failure.
func (s *screen) mends(step, answer string) {
	s.t.Helper()
	s.see(fmt.Sprintf("change the answer to %q? [yes]: ", step))
	s.press("y\r")
	s.see("\r\n" + step + " [")
	s.press(answer + "\r")
}

// takenBack runs setup --undo.
func takenBack(t *testing.T, dir string) {
	t.Helper()
	cmd := wsdoctor(t, "setup", "--undo", "--yes")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// An nginx that runs is given a file of its own and reloaded, and the proof comes through it. What it does not take, and
// what does not come through, leads to the step that can mend it. The way back leaves every byte as it was.
func TestSetupWritesNginx(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	serviceOn(t, "127.0.0.2:18888")
	etc, dir := t.TempDir(), t.TempDir()
	conf := filepath.Join(etc, "nginx.conf")
	text := "user root;\nworker_processes 1;\npid " + etc + "/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n  server {\n    listen 18080;\n    return 204;\n  }\n}\n"
	if err := os.WriteFile(conf, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	before := tree(t, etc)
	balancerRuns(t, "127.0.0.1:18080", "nginx", "-c", conf, "-g", "daemon off;")

	s, cmd, _ := startOn(t, dir, "dumb", "setup")
	s.see("nginx runs here")
	s.forBalancer("no-such-host.invalid", "18887")
	s.see("+    include " + etc + "/wsdoctor.conf;")
	s.writes(1)
	s.see("host not found")
	s.see("put the files back as they were? [yes]: ")
	s.press("\r")
	s.see("as it was: " + conf)
	for end := time.Now().Add(patience); !maps.Equal(before, tree(t, etc)) && time.Now().Before(end); { // one file after the other
		time.Sleep(5 * time.Millisecond)
	}
	sameTree(t, before, tree(t, etc))
	s.mends("nodes", "127.0.0.2")

	s.writes(2)
	s.see("502")
	s.see("nothing listens at ws://127.0.0.2:18887")
	s.mends("ports", "18888")

	s.see("-    server 127.0.0.2:18887")
	s.see("+    server 127.0.0.2:18888")
	s.writes(2)
	s.see("101 Switching Protocols")
	s.see("proven")
	s.see("setup --undo")
	s.ends(cmd)
	c, hello := dialProxy(t, "127.0.0.1:18889")
	if c.CloseNow(); !strings.Contains(hello, "the service") {
		t.Errorf("the client got %s", hello)
	}
	otherSite(t)

	takenBack(t, dir)
	sameTree(t, before, tree(t, etc))
	sameTree(t, nil, tree(t, dir))
	if info, err := os.Stat(conf); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", err, info.Mode())
	}
	gone(t, "127.0.0.1:18889")
	otherSite(t)
}

// The same with HAProxy, whose file is added to.
func TestSetupWritesHAProxy(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	serviceOn(t, "127.0.0.2:18888")
	etc, dir := t.TempDir(), t.TempDir()
	conf := filepath.Join(etc, "haproxy.cfg")
	text := "defaults\n  mode http\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\nfrontend other\n  bind 127.0.0.1:18080\n  http-request return status 204\n"
	if err := os.WriteFile(conf, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	before := tree(t, etc)
	balancerRuns(t, "127.0.0.1:18080", "haproxy", "-W", "-db", "-f", conf)

	s, cmd, _ := startOn(t, dir, "dumb", "setup")
	s.see("HAProxy runs here")
	s.forBalancer("127.0.0.2", "18888")
	s.see("+frontend wsdoctor")
	s.writes(2)
	s.see("101 Switching Protocols")
	s.see("proven")
	s.ends(cmd)
	c, hello := dialProxy(t, "127.0.0.1:18889")
	if c.CloseNow(); !strings.Contains(hello, "the service") {
		t.Errorf("the client got %s", hello)
	}
	otherSite(t)

	takenBack(t, dir)
	sameTree(t, before, tree(t, etc))
	gone(t, "127.0.0.1:18889")
	otherSite(t)
}
