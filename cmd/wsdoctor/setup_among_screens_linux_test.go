package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/tui/tuitest"
)

// The wizard beside the other screens: its answers outlive the terminal, and its end leads to the review.
func TestSetupAmongTheScreens(t *testing.T) {
	t.Parallel()
	if !probetest.InNetns(t) {
		return
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "wsdoctor.yaml")
	settings := "version: 1\nproduct: generic\nnodes: [{host: 127.0.0.1}]\nwebsocket: {ports: [18888], forwarding_ports: [18889], path: /}\nbalancer: {kind: embedded, url: 'ws://127.0.0.1:18889/'}\n"
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := fmt.Sprintf("%s=1 '%s' --config '%s' --only portconfig", asMain, self, file)
	tm := tuitest.InTmux(t, run, 80, 24)
	checked(tm)
	tm.Press(screenKey(t, "Set-up"))
	tm.Shows("From nothing to a set-up", "⏎ begin")
	tm.Press("Enter")
	tm.Shows("step 1 of ", ": what is there already ─", "esc pause")
	tm.Press("Enter")
	tm.Shows(": product ─")
	tm.Press("Enter")
	tm.Shows(": single server or cluster ─")
	tm.Press("2", "Enter")
	tm.Shows(": nodes ─")
	tm.Press("Escape")
	tm.Shows("⏎ answer")
	tm.Press(screenKey(t, "Ports"), screenKey(t, "Set-up"))
	tm.Shows(": nodes ─")
	tm.Do("run-shell", "kill -HUP $(pgrep -P #{pane_pid})") // what a terminal that is closed sends
	tm.Restored()

	tm.Press("clear; GORACE=exitcode=0 "+run, "Enter")
	checked(tm)
	tm.Press(screenKey(t, "Set-up"), "Enter")
	tm.Shows("going on where the last session was", ": nodes ─", "single server or cluster  cluster")
	tm.Press("127.0.0.2", ",127.0.0.3", "Enter")
	for _, title := range []string{"balancer", "where the balancer runs", "address of the balancer", "WebSocket ports", "forwarding ports", "path", "stickiness", "heartbeat", "idle limit", "TLS", "clients", "launch"} {
		tm.Shows(": " + title + " ─")
		tm.Press("Enter")
	}
	tm.Shows("Every step has its answer.", "single server or cluster  cluster")
	tm.Press("Enter")
	tm.Shows("after a look at this host? [yes]:")
	tm.Press("C-c")
	tm.Restored()
}
