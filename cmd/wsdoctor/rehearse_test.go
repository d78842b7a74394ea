//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestRehearseProxy: what clients of our own proxy go through when it is reloaded, handed over and drained.
func TestRehearseProxy(t *testing.T) {
	for _, tc := range []struct {
		name, signal, drain string
		watch               string
		code                int
		says                string
		codes               int // of the Close frames; 0: nobody was dropped
	}{
		{"reload", "-HUP", "1s", "2s", 0, "none of 8 tunnels was dropped", 0},
		{"handed over", "-USR2", "1s", "40s", 0, "8 with a Close frame (1012", 1012},
		{"drained", "-TERM", "1s", "6s", 1, "nobody was back", 1001},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "wsdoctor.yaml")
			writeProxySettings(t, file, echoNode(t, "a"), tc.drain)
			address := ownAddress()
			p := startProgram(t, "--config", file, "--listen", address)
			p.await(t, "serving")
			code, stdout, stderr := command(t.Context(), "balancer", "ws://"+address+"/", "--rehearse", "8", "--rehearse-for", tc.watch, "--yes", "-f", "json",
				"--", "kill", tc.signal, strconv.Itoa(p.cmd.Process.Pid))
			if tc.signal == "-USR2" {
				successor := int(p.await(t, "handed over")["successor"].(float64))
				syscall.Kill(successor, syscall.SIGTERM)
				p.ends(t)
			}
			var got struct {
				Rehearsal struct {
					Observed struct {
						Outages []struct {
							Code int
							Back bool
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != tc.code || !strings.Contains(stdout, tc.says) || !strings.Contains(stderr, "  kill "+tc.signal) {
				t.Fatalf("exit code %d, expected %d, %v\n%s%s", code, tc.code, err, stdout, stderr)
			}
			outages := got.Rehearsal.Observed.Outages
			if (len(outages) == 8) != (tc.codes != 0) {
				t.Errorf("got %+v", outages)
			}
			for _, o := range outages {
				if o.Code != tc.codes || o.Back != (tc.code == 0) {
					t.Errorf("got %+v", o)
				}
			}
		})
	}
}

func TestRehearseCalls(t *testing.T) {
	url := twoNodes(t, "", "1h")
	for _, tc := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"by hand", []string{url, "--rehearse", "4", "--rehearse-for", "1s"}, 0, "restart: none of 4 tunnels was dropped", "reload or stop something now"},
		{"the shares", []string{twoNodes(t, "", "1h"), "--rehearse", "4", "--rehearse-for", "1s", "--yes", "--", "true"}, 0, "2 clients before, 2 after", "running true"},
		{"the command fails", []string{url, "--rehearse", "4", "--rehearse-for", "1s", "--yes", "--", "false"}, 1, "exit status 1", "  false"},
		{"nobody to ask", []string{url, "--rehearse", "4", "--", "echo", "a b"}, 2, "", "echo 'a b'"},
		{"no such command", []string{url, "--rehearse", "4", "--yes", "--", "no-such-command"}, 2, "", "executable file not found"},
		{"a command alone", []string{url, "--", "true"}, 2, "", "--rehearse 20 -- true"},
		{"too many", []string{url, "--rehearse", "5000"}, 2, "", "expected 1 to 1000"},
		{"too short", []string{url, "--rehearse", "4", "--rehearse-for", "1ms"}, 2, "", "1s or more"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := command(t.Context(), append([]string{"balancer"}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, expected %d\n%s%s", code, tc.code, stdout, stderr)
			}
		})
	}
}

// TestRehearseAsks: on a terminal the command is run after a yes, and only then.
func TestRehearseAsks(t *testing.T) {
	url := twoNodes(t, "", "1h")
	for _, tc := range []struct {
		answer, see string
		ran         bool
		code        int
	}{
		{"y\r", "restart: none of 2 tunnels", true, 0},
		{"\r", "nothing was done", false, 2},
	} {
		mark := filepath.Join(t.TempDir(), "mark")
		s, code := operate(t, "xterm", "balancer", url, "--rehearse", "2", "--rehearse-for", "1s", "--", "touch", mark)
		s.see("touch " + mark)
		s.see("run it? [y/N] ")
		s.press(tc.answer)
		s.see(tc.see)
		exits(t, code, tc.code)
		if _, err := os.Stat(mark); (err == nil) != tc.ran {
			t.Errorf("%q: %v", tc.answer, err)
		}
	}
}
