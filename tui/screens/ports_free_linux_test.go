package screens

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	"example.com/wsdoctor/probes/probetest"
	tea "github.com/charmbracelet/bubbletea"
)

// startHolder starts a program that holds a port.
func startHolder(t *testing.T, address string, env ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), holdEnv+"="+address), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "holds") {
		t.Fatalf("it said %q, %v", line, err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill(); <-ended })
}

// onPorts is the screen over what stands on a real port.
func onPorts(t *testing.T, port int) *screen {
	t.Helper()
	seen, err := ports.Observe(t.Context(), probes.Target{}, ports.Options{Ports: []int{port}})
	if err != nil {
		t.Fatal(err)
	}
	d := onScreen(t, newPorts, State{Width: 100, Height: 30, Areas: []Area{{Name: portsArea}}}.Finished(probes.Report{Observed: map[string]any{portsArea: seen}}))
	d.send(RunFinished{Areas: []string{portsArea}, At: seen.At})
	return d
}

func TestFreeingAPort(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	startHolder(t, "127.0.0.1:38888")
	d := onPorts(t, 38888)
	d.press("F")
	d.shows("End what holds port 38888: ", "It is sent TERM", "y does")
	d.press("n", "F", "y")
	d.shows("port 38888 is free: it was bound on trial after")
	if len(d.asked) == 0 {
		t.Error("the ports are not looked at again")
	}

	startHolder(t, "127.0.0.1:38889", holdEnv+"_STUBBORN=1")
	d = onPorts(t, 38889)
	p := d.s.(portsScreen)
	p.grace = 300 * time.Millisecond
	d.s = p
	d.press("F", "y")
	d.shows("has not ended within 300 ms. Send KILL?")
	d.press("y")
	d.shows("port 38889 is free")
}

func TestWaitingForAPort(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	d := onPorts(t, 38888)
	if keyNamed(d, "F").Off.IsZero() {
		t.Error("a free port can be freed")
	}
	d.press("w")
	d.shows("port 38888 is free: it was bound on trial after")
	d.press("esc")
	if strings.Contains(view(d.s, d.st), "on trial after") {
		t.Error("esc does not let go of it")
	}
}

func TestPortsSortedAndFiltered(t *testing.T) {
	st := waitingFor(70*time.Second, 0, 90*time.Second)
	d := onScreen(t, newPorts, st)
	d.press("o", "o")
	d.shows("3 ports, by state")
	d.press("/")
	d.typed("38889", tea.KeyEnter)
	d.shows("1 port: \"38889\"", "38889")
	if strings.Contains(view(d.s, st), "38888  ") {
		t.Error("what does not match is shown")
	}
	d.press("/")
	d.typed("xx", tea.KeyEnter)
	d.shows("nothing matches")
	for _, name := range []string{"w", "F", "enter"} {
		if keyNamed(d, name).Off.IsZero() {
			t.Errorf("%s can be pressed without a port", name)
		}
	}
	d.press("/")
	d.send(tea.KeyMsg{Type: tea.KeyEsc})
	d.shows("3 ports")
	// A supervisor that starts it again is named.
	p := d.s.(portsScreen)
	p.work.task = &task{wake: make(chan struct{}, 1), stop: func() {}}
	p.work.task.ended = true
	d.s = p
	d.send(told{p.work.task, portHeld{port: 38888, others: []ports.Process{{PID: 7, Name: "java"}}}})
	d.shows("port 38888 is held again, by java (7): a supervisor has started it")
	unit := ports.Port{Port: 38888, Listeners: []ports.Listener{{Processes: []ports.Process{{PID: 7, Name: "java", Unit: "tomcat.service"}}}}}
	d.s = p.freeing(unit, processes(unit))
	d.shows("systemd may start it again: systemctl stop tomcat.service")
}
