package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/standin"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// service is a stand-in that a test starts and stops on one address, which nobody else takes meanwhile: it is a
// loopback address of this process's own.
type service struct {
	t       *testing.T
	address string
	server  *standin.Server
}

func newService(t *testing.T) *service {
	pid := os.Getpid()
	s := &service{t: t, address: fmt.Sprintf("127.%d.%d.%d:38888", 64+pid>>16&63, pid>>8&255, pid&255|1)}
	t.Cleanup(s.stop)
	return s
}

func (s *service) start() {
	s.t.Helper()
	var err error
	if s.server, err = standin.Listen(s.t.Context(), s.address, standin.Options{}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *service) stop() {
	if s.server != nil {
		s.server.Close()
		s.server = nil
	}
}

// settings are those of the service alone.
func (s *service) settings() string {
	host, port, _ := net.SplitHostPort(s.address)
	return fmt.Sprintf("version: 1\nproduct: generic\nnodes: [{name: one, host: %s}]\nwebsocket: {ports: [%s], path: /}\nbalancer: {kind: other}\n", host, port)
}

// lines reads JSON lines as a process writes them.
type lines struct {
	t    *testing.T
	scan *bufio.Scanner
}

// until waits for a change of a check. A run that meets the very moment at which a service stops may see its upgrade
// fail first; anything else is a change that there was not.
func (l lines) until(kind, id string) map[string]any {
	l.t.Helper()
	for l.scan.Scan() {
		var v map[string]any
		if err := json.Unmarshal(l.scan.Bytes(), &v); err != nil {
			l.t.Fatalf("%v: %s", err, l.scan.Text())
		}
		if v["change"] == kind && v["id"] == id {
			return v
		}
		if v["id"] != "handshake/upgrade" && v["id"] != "handshake/ping" {
			l.t.Errorf("found %s, expected %s %s", l.scan.Text(), kind, id)
		}
	}
	l.t.Fatalf("no further line: %v", l.scan.Err())
	return nil
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// afterRuns waits until a watch has finished so many runs.
func afterRuns(t *testing.T, url string, least float64) map[string]float64 {
	t.Helper()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
		code, text := get(t, url+"/metrics")
		if code == http.StatusServiceUnavailable {
			continue
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		values := map[string]float64{}
		for name, f := range families {
			for _, m := range f.GetMetric() {
				key := name
				for _, l := range m.GetLabel() {
					if l.GetName() != "url" {
						key += " " + l.GetValue()
					}
				}
				values[key] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		if values["wsdoctor_watch_runs_total"] >= least {
			return values
		}
	}
	t.Fatalf("not %v runs within a minute", least)
	return nil
}

// A watch says what went and what came, and nothing in between; it serves metrics and ends with 130 on Ctrl-C.
func TestWatch(t *testing.T) {
	s := newService(t)
	s.start()
	cmd := wsdoctor(t, "--check", "--watch", "1s", "--metrics", "0", "--format", "json", "--only", "handshake", "--config", settingsFile(t, s.settings()))
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	first, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSuffix(strings.Fields(first)[1], "/metrics")
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("serves on %q, expected loopback", url)
	}

	well := afterRuns(t, url, 2)
	for name, want := range map[string]float64{
		"probe_success": 1, "wsdoctor_url_up node one": 1, "probe_http_status_code node one": 101, "wsdoctor_watch_standing error": 0,
		"wsdoctor_check_status handshake handshake/connect ok": 1, "wsdoctor_status ok": 1,
	} {
		if got, ok := well[name]; !ok || got != want {
			t.Errorf("while all is well, %s is %v (there: %v), expected %v", name, got, ok, want)
		}
	}
	if well["probe_duration_seconds"] <= 0 || well["probe_http_duration_seconds connect node one"] <= 0 {
		t.Errorf("durations of nothing: %v", well)
	}
	if code, text := get(t, url+"/healthz"); code != http.StatusOK || !strings.HasPrefix(text, "ok") {
		t.Errorf("/healthz: %d %q", code, text)
	}

	out := lines{t, bufio.NewScanner(stdout)}
	s.stop()
	line := out.until("new", "handshake/connect")
	if line["level"] != "error" || !strings.Contains(fmt.Sprint(line["title"]), s.address) {
		t.Errorf("the service has stopped: %v", line)
	}
	down := afterRuns(t, url, well["wsdoctor_watch_runs_total"]+2)
	if down["probe_success"] != 0 || down["wsdoctor_url_up node one"] != 0 || down["wsdoctor_watch_standing error"] != 1 || down["wsdoctor_watch_changes_total new"] < 1 {
		t.Errorf("while the service is down: %v", down)
	}
	s.start()
	out.until("gone", "handshake/connect")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for out.scan.Scan() {
		t.Errorf("another line: %s", out.scan.Text())
	}
	if code := exitCode(t, cmd.Wait()); code != probes.ExitInterrupted {
		t.Errorf("exit code %d, expected %d", code, probes.ExitInterrupted)
	}
}

// Ctrl-C in the middle of a watch's run, which an answer that never comes keeps going, ends it as well.
func TestWatchInterruptedInARun(t *testing.T) {
	host, port, _ := net.SplitHostPort(silentServer(t))
	text := fmt.Sprintf("version: 1\nproduct: generic\nnodes: [{name: one, host: %s}]\nwebsocket: {ports: [%s], path: /}\nbalancer: {kind: other}\n", host, port)
	cmd := wsdoctor(t, "--check", "--watch", "1h", "--metrics", "0", "--only", "handshake", "--config", settingsFile(t, text))
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stderr).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
	if code := exitCode(t, cmd.Wait()); code != probes.ExitInterrupted || out.Len() > 0 {
		t.Errorf("exit code %d, stdout %q; expected %d and nothing", code, out.String(), probes.ExitInterrupted)
	}
}

// A baseline holds what is accepted: against it only what is new is said, and counts.
func TestBaseline(t *testing.T) {
	s := newService(t)
	config := settingsFile(t, s.settings())
	base := filepath.Join(t.TempDir(), "baseline.json")
	call := func(args ...string) (int, string) {
		t.Helper()
		code, stdout, stderr := command(t.Context(), append([]string{"--check", "--only", "handshake", "--config", config}, args...)...)
		if stderr != "" {
			t.Errorf("%v: stderr %q", args, stderr)
		}
		return code, stdout
	}
	if code, out := call("--save-baseline", base); code != probes.ExitFindings || !strings.Contains(out, "handshake/connect") {
		t.Errorf("exit code %d, expected the report of a service that is down\n%s", code, out)
	}
	if code, out := call("--baseline", base); code != probes.ExitOK || out != "" {
		t.Errorf("exit code %d, %q; expected nothing new", code, out)
	}
	s.start()
	code, out := call("--baseline", base, "--save-baseline", base)
	if code != probes.ExitOK || !strings.HasPrefix(out, "ok ") || !strings.Contains(out, "gone after ") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit code %d, %q; expected that it is gone", code, out)
	}
	s.stop()
	code, out = call("--baseline", base)
	if code != probes.ExitFindings || !strings.HasPrefix(out, "x ") || !strings.Contains(out, " new: handshake/connect: ws://"+s.address+"/: one: nothing listens on "+s.address) {
		t.Errorf("exit code %d, %q; expected one new error", code, out)
	}
	code, out = call("--baseline", base, "--format", "json")
	var line map[string]any
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != probes.ExitFindings || line["schema"] != "wsdoctor/change/v1" || line["change"] != "new" {
		t.Errorf("exit code %d, %v, %q", code, err, out)
	}
}

// The address that is taken is named, and how to do without.
func TestWatchAddressTaken(t *testing.T) {
	taken := silentServer(t)
	code, _, stderr := command(t.Context(), "--check", "--watch", "1s", "--metrics", taken, "--product", "generic")
	if code != probes.ExitUsage || !strings.Contains(stderr, "listening on "+taken+": address already in use") || !strings.Contains(stderr, "--metrics none") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// What a watch prints reaches a pipe that is gone: it ends.
func TestWatchBrokenPipe(t *testing.T) {
	s := newService(t) // down
	cmd := wsdoctor(t, "--check", "--watch", "1s", "--metrics", "none", "--only", "handshake", "--config", settingsFile(t, s.settings()))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	cmd.Stdout = w
	err = cmd.Run()
	w.Close()
	if _, ok := err.(*exec.ExitError); !ok {
		t.Errorf("%v, expected an end for want of a reader", err)
	}
}
