package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
)

// result is the part of the JSON report that scenarios judge.
type result struct {
	Status string
	Causes []struct {
		ID, Title string
		Explains  []string
		Fix       []string
	}
	Checks []struct {
		ID, Status, Reason string
		ExplainedBy        string `json:"explained_by"`
		Findings           []struct {
			Severity, Subject, Title string
			Evidence                 []struct{ Where, Saw string }
		}
	}
}

// errors lists the checks with a finding of severity error.
func (r result) errors() []string {
	var out []string
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if f.Severity == "error" && !slices.Contains(out, c.ID) {
				out = append(out, c.ID)
			}
		}
	}
	return out
}

// text is all that the report says, for a search.
func (r result) text() string {
	var b strings.Builder
	for _, c := range r.Causes {
		fmt.Fprintln(&b, c.ID, c.Title, strings.Join(c.Fix, "\n"))
	}
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			fmt.Fprintln(&b, " ", c.ID, c.Status, f.Severity, f.Subject, f.Title, c.ExplainedBy)
			for _, e := range f.Evidence {
				fmt.Fprintln(&b, "    ", e.Where, e.Saw)
			}
		}
	}
	return b.String()
}

// command runs wsdoctor in memory.
func command(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &err, env: func(string) string { return "" }}
	code = a.main(ctx, args)
	return code, out.String(), err.String()
}

// check runs `wsdoctor --check --format json` with the given settings.
func check(t *testing.T, settings string, args ...string) (int, result) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(args, "--rows"); i >= 0 {
		args = slices.Clone(args)
		text := args[i+1]
		args[i+1] = filepath.Join(t.TempDir(), "fine_conf_entity")
		if err := os.WriteFile(args[i+1], []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := command(t.Context(), append([]string{"--check", "--format", "json", "--config", file}, args...)...)
	var r result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("the report is no JSON: %v\n%s\n%s", err, stdout, stderr)
	}
	if stderr != "" {
		t.Errorf("stderr: %s", stderr)
	}
	return code, r
}

// held keeps a listener on a port for a server to inherit.
func held(t *testing.T, address string) *net.TCPListener {
	t.Helper()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.(*net.TCPListener)
}

// services are the two that stand behind nginx: one of our own, and one that we did not write.
var services = map[string]func(t *testing.T, address string){
	"ws": func(t *testing.T, address string) {
		host, port, _ := net.SplitHostPort(address)
		probetest.NodeServer(t, fmt.Sprintf(`const { WebSocketServer } = require('ws');
const s = new WebSocketServer({ host: %q, port: %s }, () => console.log('up'));
s.on('connection', c => c.on('message', (m, binary) => c.send(m, { binary })));`, host, port))
	},
	"standin": func(t *testing.T, address string) {
		host, port, _ := net.SplitHostPort(address)
		n, _ := strconv.Atoi(port)
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe()
		a := &app{stdin: strings.NewReader(""), stdout: w, stderr: io.Discard, env: func(string) string { return "" }}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			a.main(ctx, []string{"standin", net.JoinHostPort(host, strconv.Itoa(n))})
			w.Close()
		}()
		lines := bufio.NewReader(r)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		drained := make(chan struct{})
		go func() { defer close(drained); _, _ = io.Copy(io.Discard, lines) }()
		t.Cleanup(func() { cancel(); <-ended; <-drained })
	},
}
