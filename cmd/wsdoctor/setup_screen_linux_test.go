package main

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// titled waits for the step with this title, which is drawn bold.
func (s *screen) titled(title string) {
	s.t.Helper()
	s.see("\x1b[1m" + title + "\x1b[0m")
}

// onScreen answers a step on the screen of the wizard.
func (s *screen) onScreen(title, answer string) {
	s.t.Helper()
	s.titled(title)
	if answer == "cluster" {
		answer = "2"
	}
	s.press(answer)
	s.press("\r")
}

// screenTitles are the steps of firstTime as their titles.
var screenTitles = []string{
	"what is there already", "product", "single server or cluster", "nodes", "balancer", "where the balancer runs", "address of the balancer", "WebSocket ports",
	"forwarding ports", "path", "stickiness", "heartbeat", "idle limit", "TLS", "clients", "launch",
}

// By keys only, on a terminal of 80x24, from an empty directory to a 101 through the launched proxy; and the connection
// drops at every step.
func TestSetupOnAScreen(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	firstTimeServices(t)
	for _, drops := range []bool{false, true} {
		dir := t.TempDir()
		s, cmd, hangUp := startOn(t, dir, "xterm", "setup")
		for i, q := range firstTime {
			answer := q.answer
			if q.step == "launch" {
				answer = "1"
			}
			s.onScreen(screenTitles[i], answer)
			if !drops {
				continue
			}
			if i+1 < len(firstTime) {
				s.titled(screenTitles[i+1])
			} else {
				s.see("[yes]: ")
			}
			hangUp()
			s, cmd, hangUp = startOn(t, dir, "xterm", "setup")
		}
		s.proven()
		if drops {
			s.press("\x03")
		} else {
			s.see("enter opens its screen: ")
			s.press("\r")
			s.see("proxy on ")
			s.press("q")
			s.see("drains 0 tunnels within 60.0 s: y leaves, k at once, esc stays")
			s.press("y")
		}
		s.see("the proxy has ended")
		s.ends(cmd)
		cfg, err := cluster.Load(filepath.Join(dir, "wsdoctor.yaml"))
		if err != nil || len(cfg.Nodes) != 2 || cfg.Nodes[1].Name != "b" || cfg.Proxy.Policy != "cookie" || cfg.Clients != 500 {
			t.Errorf("%v %+v", err, cfg)
		}
		if _, err := os.Stat(filepath.Join(dir, ".wsdoctor.yaml.setup")); err == nil {
			t.Error("the kept answers are still there")
		}
	}
}
