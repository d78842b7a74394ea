package handshake

import (
	"os/exec"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

func command(t *testing.T, args string) string {
	t.Helper()
	fields := strings.Fields(args)
	out, err := exec.Command(probetest.Need(t, fields[0]), fields[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestRefusedByTheNetwork has the kernel answer a connect with each of its words.
func TestRefusedByTheNetwork(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	command(t, "ip route add unreachable 10.1.0.0/16")
	command(t, "ip route add prohibit 10.2.0.0/16")
	for url, want := range map[string]Kind{
		"ws://10.1.0.1:38888/": Unreachable, // EHOSTUNREACH
		"ws://10.9.0.1:38888/": Unreachable, // ENETUNREACH: no route at all
		"ws://10.2.0.1:38888/": Denied,      // EACCES
		"ws://127.0.0.1:1/":    Refused,
	} {
		if tr := dialFake(t, url); tr.Cause.Kind != want || tr.Cause.Phase != Connecting {
			t.Errorf("%s: got %s: %s, expected %s", url, tr.Cause.Kind, tr.Cause.Text, want)
		}
	}
}

// TestLeavesNoTimeWait: a socket in TIME_WAIT on the service's port would keep a server without SO_REUSEADDR from
// starting for a minute, which no check may bring about.
func TestLeavesNoTimeWait(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	s, err := standin.Listen(t.Context(), "127.0.0.1:38888", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/again"} {
		if tr := dialFake(t, "ws://127.0.0.1:38888"+path); tr.Cause.Kind != None {
			t.Fatal(tr.Cause.Text)
		}
	}
	refuses := serve(t, answer("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
	if tr := dialFake(t, "ws://"+refuses+"/"); tr.Cause.Kind != NotFound {
		t.Fatal(tr.Cause.Text)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := command(t, "ss -Htan state time-wait"); strings.TrimSpace(out) != "" {
		t.Errorf("left behind:\n%s", out)
	}
}
