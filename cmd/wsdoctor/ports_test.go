package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
)

// runPorts runs one command line in memory, without a settings file.
func runPorts(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, env: func(string) string { return "" }}
	code = a.main(ctx, args)
	return code, out.String(), errs.String()
}

// listener holds a port of this host for the test.
func listener(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return fmt.Sprint(netip.MustParseAddrPort(ln.Addr().String()).Port())
}

// unused returns a port of this host that was free a moment ago.
func unused(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return fmt.Sprint(netip.MustParseAddrPort(ln.Addr().String()).Port())
}

func TestBadCalls(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"wait"}, "expected one or more"},
		{[]string{"wait", "70000"}, `"70000", expected a port from 1 to 65535`},
		{[]string{"wait", "0"}, `"0", expected a port from 1 to 65535`},
		{[]string{"wait", "http"}, `"http", expected a port`},
		{[]string{"wait", "--", "true"}, "expected one or more"},
		{[]string{"wait", "40000", "--", "no-such-command-of-this-name"}, `finding the command "no-such-command-of-this-name"`},
		{[]string{"wait", "--no-such-flag", "1"}, "no-such-flag"},
		{[]string{"ports", "-1"}, "-1"},
		{[]string{"ports", "65536"}, `"65536", expected a port from 1 to 65535`},
		{[]string{"ports", "-f", "xml"}, `"xml", expected text or json`},
		{[]string{"ports", "--config", "no-such-file"}, "no-such-file"},
	} {
		code, stdout, stderr := runPorts(t, t.Context(), c.args...)
		if code != probes.ExitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q; want exit 2 and %q", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestPortsTable(t *testing.T) {
	port := listener(t)
	code, stdout, stderr := runPorts(t, t.Context(), "ports", port)
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, stderr %q", code, stderr)
	}
	lines := strings.Split(stdout, "\n")
	if len(lines) < 2 || !strings.HasPrefix(lines[0], "PORT") || !strings.HasPrefix(lines[1], port) || !strings.Contains(lines[1], "held") || !strings.Contains(lines[1], "127.0.0.1") {
		t.Errorf("got\n%s", stdout)
	}
}

func TestPortsJSON(t *testing.T) {
	port := listener(t)
	code, stdout, _ := runPorts(t, t.Context(), "ports", "-f", "json", port)
	var got struct {
		Schema string `json:"schema"`
		Ports  []struct {
			Port  int    `json:"port"`
			State string `json:"state"`
		} `json:"ports"`
		Findings []json.RawMessage `json:"findings"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
		t.Fatalf("exit %d: %v\n%s", code, err, stdout)
	}
	if got.Schema != "wsdoctor/ports/v1" || len(got.Ports) != 1 || fmt.Sprint(got.Ports[0].Port) != port || got.Ports[0].State != "held" || got.Findings == nil {
		t.Errorf("got %s", stdout)
	}
}

func TestPortsOfTheSettings(t *testing.T) {
	_, stdout, _ := runPorts(t, t.Context(), "ports", "--product", "finebi")
	for _, want := range []string{"48888", "49888", "48889"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%s is missing in\n%s", want, stdout)
		}
	}
}

func TestWaitOnAFreePort(t *testing.T) {
	code, stdout, stderr := runPorts(t, t.Context(), "wait", unused(t))
	if code != 0 || stdout != "" || stderr != "" {
		t.Errorf("exit %d, stdout %q, stderr %q; want exit 0 and silence", code, stdout, stderr)
	}
}

func TestWaitTimesOut(t *testing.T) {
	port := listener(t)
	code, stdout, stderr := runPorts(t, t.Context(), "wait", port, "--timeout", "50ms")
	want := "port " + port + " cannot be bound after 50ms: held by"
	if code != probes.ExitFindings || stdout != "" || !strings.Contains(stderr, want) {
		t.Errorf("exit %d, stdout %q, stderr %q; want exit 1 and %q", code, stdout, stderr, want)
	}
	if n := strings.Count(stderr, "waiting for port "+port); n != 1 {
		t.Errorf("the holder is named %d times while waiting, want once: %q", n, stderr)
	}
}

func TestWaitInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := runPorts(t, ctx, "wait", listener(t)); code != probes.ExitInterrupted {
		t.Errorf("exit %d, stderr %q; want 130", code, stderr)
	}
}

func TestCountdown(t *testing.T) {
	got := countdown([]ports.Port{
		{Port: 38888, State: ports.Waiting, May: ports.May{In: probes.Seconds(41200 * time.Millisecond)}},
		{Port: 38889, State: ports.Waiting},
		{Port: 39888, State: ports.Held},
	})
	if want := "38888 in 41 s, 38889 in a moment, 39888 held"; got.String() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
