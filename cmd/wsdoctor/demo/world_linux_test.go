package demo

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
	"go.uber.org/goleak"
)

// asNode makes the test binary one node.
const asNode = "WSDOCTOR_DEMO_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		if err := Node(context.Background(), os.Stdin, os.Stdout, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// started is a world without a fault.
func started(t *testing.T) *World {
	t.Helper()
	t.Setenv(asNode, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), Options{Dir: t.TempDir(), Node: []string{self}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// toggle changes the fault whose title contains text.
func toggle(t *testing.T, w *World, text string) Fault {
	t.Helper()
	for _, f := range w.Faults() {
		if strings.Contains(f.Title.String(), text) {
			if err := f.Toggle(t.Context()); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("no fault is called %q", text)
	return Fault{}
}

// answers tells whether a node answers a plain request; a connection that is taken and says nothing is none.
func answers(t *testing.T, address string, patience time.Duration) bool {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// until waits for a condition.
func until(t *testing.T, what string, good func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !good(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s", what)
		}
	}
}

// Each fault does what it says, and is gone when it is taken back.
func TestFaults(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	w := started(t)
	first, second := w.nodes[0].address, w.nodes[1].address
	until(t, "clients on every node", func() bool {
		for _, b := range w.Proxy().Snapshot(0).Backends {
			if b.Open == 0 || b.Down == 0 {
				return false
			}
		}
		return true
	})

	toggle(t, w, "is killed")
	if answers(t, first, 10*time.Second) {
		t.Error("a killed node answers")
	}
	toggle(t, w, "is killed")
	if !answers(t, first, 10*time.Second) {
		t.Error("it does not come back")
	}

	toggle(t, w, "is frozen")
	// A stop signal takes each thread of the process as it comes to it.
	until(t, "the node to stop", func() bool { return !answers(t, second, 500*time.Millisecond) })
	toggle(t, w, "is frozen")
	if !answers(t, second, 10*time.Second) {
		t.Error("it does not go on")
	}

	waiting := toggle(t, w, "TIME_WAIT")
	if answers(t, first, 10*time.Second) || !waiting.On() {
		t.Error("a node whose port is in TIME_WAIT answers")
	}
	if l, err := (&net.ListenConfig{Control: clearReuse}).Listen(t.Context(), "tcp", first); err == nil {
		l.Close()
		t.Error("its port can be bound without SO_REUSEADDR")
	}
	toggle(t, w, "TIME_WAIT")
	if !answers(t, first, 10*time.Second) || waiting.On() {
		t.Error("it does not come back with SO_REUSEADDR")
	}

	toggle(t, w, "stickiness")
	cfg, err := cluster.Load(w.File())
	if err != nil || cfg.Proxy.Policy != "round-robin" || w.Proxy().Snapshot(0).Policy != "round-robin" || !w.Deep() {
		t.Errorf("%v %+v", err, cfg.Proxy)
	}
	toggle(t, w, "stickiness")
	if got := w.Proxy().Snapshot(0).Policy; got != "ip-hash" || w.Deep() {
		t.Errorf("the policy is %s", got)
	}
}

// A node whose demo has gone ends by itself, frozen or not.
func TestNodesEndWithTheDemo(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	w := started(t)
	n := w.nodes[2]
	n.stdin.Close()
	<-n.gone
}
