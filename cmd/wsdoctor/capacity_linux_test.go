package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/standin"
)

// holdable is a stand-in for capacity tests.
func holdable(t *testing.T) string {
	t.Helper()
	s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return "ws://" + s.Addr().String() + "/"
}

// TestCapacityMemory: a tenth of what `make bench-capacity` holds takes at most what is left of 200 MB for a tenth.
func TestCapacityMemory(t *testing.T) {
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector needs many times the memory")
	}
	const tunnels, bar = 1500, 200 << 10 // KiB, for ten times as many
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	most := func(args ...string) (kib int, out string) {
		cmd := wsdoctor(t, args...)
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = &b, &b
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatalf("%v\n%s", err, b.String())
				}
				return kib, b.String()
			case <-time.After(10 * time.Millisecond):
				raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // gone with the process
				if m := peak.FindSubmatch(raw); m != nil {
					kib, _ = strconv.Atoi(string(m[1]))
				}
			}
		}
	}
	url := holdable(t)
	few, _ := most("balancer", url, "--capacity", "10")
	many, out := most("balancer", url, "--capacity", strconv.Itoa(tunnels))
	if !strings.Contains(out, fmt.Sprintf("%d tunnels were held at once, none was refused", tunnels)) {
		t.Fatal(out)
	}
	t.Logf("peak %d KiB with 10 tunnels, %d KiB with %d", few, many, tunnels)
	if many > few+(bar-few)/10 {
		t.Errorf("%d tunnels take %d KiB beside the %d KiB of 10, expected %d KiB at most", tunnels, many-few, few, (bar-few)/10)
	}
}

// TestCapacityOwnLimit: with few open files it is the tester that cannot go on, and it says so instead of blaming the
// balancer.
func TestCapacityOwnLimit(t *testing.T) {
	url := holdable(t)
	says := regexp.MustCompile(`\d+ tunnels were held without a refusal, and more cannot be tried from here: this process may open 25[56] files \(ulimit -n\)`)
	for _, limit := range []string{"ulimit -n 256", "ulimit -S -n 100; ulimit -H -n 256"} { // Go raises the soft limit, to one below
		inner := wsdoctor(t, "balancer", url, "--capacity", "1000")
		cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", limit + `; exec "$@"`, "sh"}, inner.Args...)...)
		cmd.Env, cmd.Dir = inner.Env, inner.Dir
		out, err := cmd.CombinedOutput()
		if code := exitCode(t, err); code != 0 || !says.Match(out) ||
			strings.Contains(string(out), "refused:") || strings.Contains(string(out), "error:") {
			t.Errorf("%s: exit code %d\n%s", limit, code, out)
		}
	}
}
