package idle

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/probetest/embedded"
	"example.com/wsdoctor/probes/standin"
)

// relay is a hop that treats its connections as act says; act runs for each, and both sides are closed behind it.
func relay(t *testing.T, to string, act func(client, server net.Conn)) string {
	t.Helper()
	ln := probetest.Listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				s, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer s.Close()
				act(c, s)
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return ln.Addr().String()
}

// forgets passes bytes on as long as one comes within limit, and then swallows everything without a word.
func forgets(limit time.Duration) func(client, server net.Conn) {
	return func(client, server net.Conn) {
		var mu sync.Mutex
		last := time.Now()
		pass := func(dst, src net.Conn) {
			buf := make([]byte, 4096)
			for {
				n, err := src.Read(buf)
				if err != nil {
					dst.Close()
					src.Close()
					return
				}
				mu.Lock()
				forgotten := time.Since(last) > limit
				if !forgotten {
					last = time.Now()
				}
				mu.Unlock()
				if !forgotten {
					dst.Write(buf[:n])
				}
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { pass(client, server) })
		wg.Go(func() { pass(server, client) })
		wg.Wait()
	}
}

// looked is how far the test looks for limits: that of each balancer is found in one run of at most 1.3 times as long.
const looked = 20 * time.Second

// TestLimits finds limits of 3, 7 and 20 s of real balancers in one run each, within 10 %. The runs are side by side.
func TestLimits(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	mute := probetest.NodeServer(t, probetest.WSServer) // which cannot be asked to talk
	nginx := func(to, directives string) string {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf("server { listen %s; location / { proxy_pass http://%s; %s %s } }", ln.Addr(), to, probetest.Pass, directives), ln)
		return ln.Addr().String()
	}
	haproxy := func(tunnel time.Duration) string {
		ln := probetest.Listen(t)
		probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel "+tunnel.String()+
			"\nfrontend f\n  bind fd@3\n  default_backend b\nbackend b\n  server n1 "+node.Addr().String()+"\n", ln)
		return ln.Addr().String()
	}
	own := func(idle, lifetime time.Duration) string {
		return embedded.Start(t, func(c *cluster.Config) { c.Proxy.Timeouts.Idle, c.Proxy.Timeouts.Lifetime = idle, lifetime }, node.Addr().String()).Addresses()[0]
	}
	type testCase struct {
		name    string
		address string
		max     time.Duration
		kind    Kind
		limit   time.Duration
		who     string
		talk    bool // the server can be asked to talk
	}
	cases := []testCase{
		{"a maximum lifetime", own(0, 3*time.Second), 4 * time.Second, Lifetime, 3 * time.Second, "lifetime", true},
		{"a NAT that forgets", relay(t, node.Addr().String(), forgets(2*time.Second)), 4 * time.Second, Drop, 2 * time.Second, "NAT", true},
		{"nginx, longer than it is looked for", nginx(node.Addr().String(), "proxy_read_timeout 30s;"), 2 * time.Second, NoLimit, 0, "", true},
		{"nginx, a backend that does not talk", nginx(mute, "proxy_read_timeout 2s;"), 5 * time.Second, Limit, 2 * time.Second, "nginx", false},
	}
	for _, limit := range []time.Duration{3 * time.Second, 7 * time.Second, 20 * time.Second} {
		cases = append(cases, // run in the reverse order
			testCase{"nginx, " + limit.String(), nginx(node.Addr().String(), fmt.Sprintf("proxy_read_timeout %s;", limit)), looked, Limit, limit, "nginx", true},
			testCase{"HAProxy, " + limit.String(), haproxy(limit), looked, Limit, limit, "HAProxy", true},
			testCase{"our own proxy, " + limit.String(), own(limit, 0), looked, Limit, limit, "timeouts.idle", true})
	}
	slices.Reverse(cases)
	// All wait most of the time, so they are run together whatever the number of processors is; what each does at its
	// beginning, when it opens its sockets, is not to disturb the others.
	var wg sync.WaitGroup
	for i, tc := range cases {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * time.Second)
			onceOf(t, tc.name, func() error {
				o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + tc.address + "/"}, Max: tc.max,
					Direct: []handshake.Request{{URL: "ws://" + node.Addr().String() + "/"}}})
				if err != nil {
					return err
				}
				v := Judge(o)
				off := v.Limit.Duration() - tc.limit
				most := tc.max * 13 / 10
				if tc.max < looked {
					most += time.Second // the farewells, which are not in proportion
				}
				if tc.kind == Drop {
					most += pongWait // a tunnel that is dropped without a word takes the time that its pong has
				}
				switch {
				case v.Kind != tc.kind || max(off, -off) > tc.limit/10 || !strings.Contains(v.Who.String(), tc.who):
					return fmt.Errorf("got %s, %s ± %s: %s (%s)\n%+v", v.Kind, v.Limit, v.Plus, v.Text, v.Who, o.Sockets)
				case o.Took.Duration() > most:
					return fmt.Errorf("took %s, expected %s at most", o.Took, most)
				case v.Kind == Limit && (!v.ClientTalkHelps || v.Heartbeat <= 0 || v.Heartbeat > v.Limit/2):
					return fmt.Errorf("got %+v", v)
				case v.Kind == Limit && (tc.talk != (v.ServerTalkHelps != nil) || tc.talk && !*v.ServerTalkHelps):
					return fmt.Errorf("the server's talk: %+v", o.of(ServerOnly))
				}
				t.Logf("%s: %s ± %s in %s", tc.name, v.Limit, v.Plus, o.Took)
				return nil
			})
		})
	}
	wg.Wait()
}

// TestServiceEnds: it is the service that ends silent tunnels, with and without the balancer.
func TestServiceEnds(t *testing.T) {
	addr := probetest.NodeServer(t, `const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => console.log('127.0.0.1:' + s.address().port));
s.on('connection', c => {
	let timer = setTimeout(() => c.close(4000, 'idle'), 1500);
	c.on('ping', () => timer.refresh()); c.on('pong', () => timer.refresh()); c.on('close', () => clearTimeout(timer));
});`)
	ln := probetest.Listen(t)
	probetest.Nginx(t, fmt.Sprintf("server { listen %s; location / { proxy_pass http://%s; %s } }", ln.Addr(), addr, probetest.Pass), ln)
	onceOf(t, "a service that ends", func() error {
		o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, Max: 3 * time.Second,
			Direct: []handshake.Request{{URL: "ws://" + addr + "/"}}})
		if v := Judge(o); err != nil || v.Kind != Service || v.How != handshake.ByCloseFrame || !strings.Contains(v.Text.String(), "code 4000") {
			return fmt.Errorf("got %s: %s (%s), %v", v.Kind, v.Text, v.Who, err)
		}
		return nil
	})
}

// onceOf wants try to succeed once in five times: what is measured is time, and on a machine that stalls for as long
// as the limits of these servers it says nothing.
func onceOf(t *testing.T, name string, try func() error) {
	for left := 4; ; left-- {
		err := try()
		if err == nil {
			return
		}
		if left == 0 {
			t.Errorf("%s: %v", name, err)
			return
		}
		t.Logf("%s, again: %v", name, err)
	}
}

func TestNothingThere(t *testing.T) {
	o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + probetest.ClosedPort(t)}, Max: time.Second})
	if v := Judge(o); err != nil || v.Kind != Unknown {
		t.Errorf("got %s: %s, %v", v.Kind, v.Text, err)
	}
}
