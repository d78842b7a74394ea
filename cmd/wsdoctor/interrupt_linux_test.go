package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports/sockdiag"
	"github.com/coder/websocket"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// upgradesOnly is a service whose WebSockets are fine, and whose other answers never come.
func upgradesOnly(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			<-r.Context().Done()
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			if _, _, err := c.Read(r.Context()); err != nil {
				return
			}
		}
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return "ws" + strings.TrimPrefix(s.URL, "http")
}

// TestInterruptActive: Ctrl-C in any phase of the active tests and of the probe ends it with 130 and leaves nothing
// behind: no socket, no child, no other terminal.
func TestInterruptActive(t *testing.T) {
	url := upgradesOnly(t)
	mark := filepath.Join(t.TempDir(), "started")
	child := []string{"--", "sh", "-c", "echo $$ > " + mark + "; exec sleep 3600"}
	for _, tc := range []struct {
		name, shows string // on the terminal, before it is interrupted
		args        []string
	}{
		{"probe, connecting", "", []string{"probe", "ws://" + silentServer(t), "-x", "hello"}},
		{"probe, waiting", "101 Switching", []string{"probe", url, "-x", "hello", "-w", "-1"}},
		{"probe, pings", "101 Switching", []string{"probe", url, "--ping", "1000"}},
		{"probe, a dialogue", "ready", []string{"probe", url}},
		{"stickiness", "stickiness: one client, without cookies, 3 of", []string{"balancer", url, "--stickiness", "1000"}},
		{"distribution", "distribution: 5 of", []string{"balancer", url, "--distribution", "10000"}},
		{"Socket.IO", "Socket.IO: polling", []string{"balancer", url + "/socket.io/", "--event", "x"}},
		{"idle limit", "idle limit: ", []string{"balancer", url, "--idle", "60s"}},
		{"capacity, on the way up", "capacity: 100 of", []string{"balancer", url, "--capacity", "15000"}},
		{"rehearsal, the question", "[y/N]", append([]string{"balancer", url, "--rehearse", "5"}, child...)},
		{"rehearsal, by hand", "the tunnels are held", []string{"balancer", url, "--rehearse", "5"}},
		{"rehearsal, a command", "running sh", append([]string{"balancer", url, "--rehearse", "5", "--yes"}, child...)},
		{"rehearsal, a command, and a signal for wsdoctor alone", "running sh", append([]string{"balancer", url, "--rehearse", "5", "--yes"}, child...)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			os.Remove(mark)
			cmd := wsdoctor(t, tc.args...)
			tty, terminal, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer tty.Close()
			defer terminal.Close()
			before, err := term.GetState(int(terminal.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal, terminal, terminal
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { cmd.Process.Kill() })
			s := watch(t, tty)
			s.see(tc.shows)
			commanded := tc.shows == "running sh"
			if commanded {
				eventually(t, "the command's start", func() bool { raw, _ := os.ReadFile(mark); return bytes.HasSuffix(raw, []byte("\n")) })
			}
			if tc.shows == "" { // it says nothing before it is connected
				eventually(t, "a connection", func() bool { return len(connections(t, tc.args[1])) > 0 })
			}
			if strings.HasSuffix(tc.name, "alone") {
				err = cmd.Process.Signal(os.Interrupt)
			} else {
				_, err = tty.Write([]byte{3})
			}
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-ended:
				if code := exitCode(t, err); code != probes.ExitInterrupted {
					t.Errorf("exit code %d, expected %d\n%s", code, probes.ExitInterrupted, s.text())
				}
			case <-time.After(patience):
				t.Fatalf("it does not leave\n%s", s.text())
			}
			if after, err := term.GetState(int(terminal.Fd())); err != nil || *after != *before {
				t.Errorf("the terminal is not as it was before: %v", err)
			}
			if commanded {
				raw, _ := os.ReadFile(mark)
				pid, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
				eventually(t, "the end of the command", func() bool { return syscall.Kill(pid, 0) != nil })
			}
			eventually(t, "the end of every connection", func() bool { return len(connections(t, tc.args[1])) == 0 })
		})
	}
}

// connections lists those to the host and port of a URL, but for what the kernel keeps by itself (TIME_WAIT).
func connections(t *testing.T, url string) []string {
	t.Helper()
	host, _, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	_, text, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(text)
	type found struct{ list []string }
	seen, err := sockdiag.Read(t.Context(), sockdiag.Query{States: sockdiag.Connected}, func(f *found, s *sockdiag.Socket) {
		if s.Remote.Port() == uint16(port) && s.State != sockdiag.TimeWait && !s.Timed {
			f.list = append(f.list, s.Local.String()+" "+s.State.String())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen.list
}

// eventually waits until ok says so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("this never came: %s", what)
		}
	}
}
