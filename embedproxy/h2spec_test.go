package embedproxy

import (
	"context"
	"encoding/xml"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.com/wsdoctor/probes/probetest"
)

// h2deviations are the cases of h2spec that net/http's HTTP/2 server is known to fail, each with the reason why that
// is no fault for a proxy.
var h2deviations = map[string]string{
	"http2/4.2: Sends a large size HEADERS frame that exceeds the SETTINGS_MAX_FRAME_SIZE":                          "h2spec sends 20 kB and expects the default of 16 KiB; the server has announced 1 MiB, so the frame is not too large",
	"http2/6.5.3: Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE":                                            "a SETTINGS frame that holds one setting twice ends the connection: no client sends it, floods do",
	"http2/8.1.2.2: Sends a HEADERS frame that contains the connection-specific header field":                       "it is answered with 400, which RFC 9113 section 8.1.1 allows before the stream is closed",
	"http2/8.1.2.2: Sends a HEADERS frame that contains the TE header field with any value other than \"trailers\"": "the same",
}

// TestH2Spec has h2spec ask the TLS listener what RFC 7540 and RFC 7541 demand of a server.
func TestH2Spec(t *testing.T) {
	t.Parallel() // it waits for answers that must not come
	program := filepath.Join(t.TempDir(), "h2spec")
	build := exec.Command(probetest.Need(t, "go"), "build", "-o", program, "github.com/summerwind/h2spec/cmd/h2spec")
	build.Dir = filepath.Join("testdata", "h2spec")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building h2spec: %v\n%s", err, out)
	}
	n := startNode(t, "n1")
	cfg := settings(n)
	withTLS(t, &cfg, 1)
	p := start(t, cfg, Options{})
	passed, failed := h2spec(t, program, p.at(), 2)
	if unknown(failed) { // on a busy machine two seconds may not be enough
		passed, failed = h2spec(t, program, p.at(), 20)
	}
	for name, what := range failed {
		if reason, ok := h2deviations[name]; ok {
			t.Logf("known: %s: %s", name, reason)
		} else {
			t.Errorf("%s: %s", name, what)
		}
	}
	if passed < 140 {
		t.Errorf("%d cases passed, expected at least 140", passed)
	}
}

func unknown(failed map[string]string) bool {
	for name := range failed {
		if h2deviations[name] == "" {
			return true
		}
	}
	return false
}

// h2spec runs every case against a server and returns how many passed, and what the others said.
func h2spec(t *testing.T, program, address string, timeout int) (passed int, failed map[string]string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	_, port, _ := net.SplitHostPort(address)
	report := filepath.Join(t.TempDir(), "report.xml")
	out, _ := exec.CommandContext(ctx, program, "--tls", "--insecure", "--host", "127.0.0.1", "--port", port,
		"--timeout", strconv.Itoa(timeout), "--junit-report", report).CombinedOutput()
	b, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("h2spec wrote no report: %v\n%s", err, out)
	}
	var suites struct {
		Suites []struct {
			Cases []struct {
				Package string  `xml:"package,attr"`
				Name    string  `xml:"classname,attr"`
				Failure *string `xml:"failure"`
				Error   *string `xml:"error"`
				Skipped *string `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b, &suites); err != nil {
		t.Fatal(err)
	}
	failed = map[string]string{}
	for _, s := range suites.Suites {
		for _, c := range s.Cases {
			name := c.Package + ": " + c.Name
			switch {
			case c.Failure != nil:
				failed[name] = *c.Failure
			case c.Error != nil:
				failed[name] = *c.Error
			case c.Skipped == nil:
				passed++
			}
		}
	}
	return passed, failed
}
