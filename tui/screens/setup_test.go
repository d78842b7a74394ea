package screens

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// onSetup is the set-up screen of a host of which nothing is known, with the answers kept in a folder.
func onSetup(t *testing.T, settings string) *screen {
	t.Helper()
	d := (&clock{}).deps()
	d.Session = func(context.Context) (*wizard.Session, error) {
		return wizard.New(wizard.Found{Hostname: "node1", Notes: []probes.Text{probes.T("found: %s", "nginx")}}, wizard.StoreFor(settings))
	}
	return &screen{t: t, s: newSetup(d), st: State{Width: 80, Height: 20}}
}

func TestSetupIsAsRecorded(t *testing.T) {
	d := onSetup(t, filepath.Join(t.TempDir(), "wsdoctor.yaml"))
	inEveryLook(t, "setup", d.s, d.st)
	d.press("enter")
	golden(t, "setup-existing", d.s, d.st)
	d.send(tea.KeyMsg{Type: tea.KeyEnter})
	golden(t, "setup-product", d.s, d.st)
	for range 2 {
		d.send(tea.KeyMsg{Type: tea.KeyEnter})
	}
	d.typed("10.0.0.1, 10.0.0.1", tea.KeyEnter)
	golden(t, "setup-refused", d.s, d.st)
}

// Keys are answers only while they are asked for; what was answered is there for the next session.
func TestSetupIsPausedAndGoneOnWith(t *testing.T) {
	settings := filepath.Join(t.TempDir(), "wsdoctor.yaml")
	d := onSetup(t, settings)
	if d.s.Prompt() != "" {
		t.Error("keys are an answer before it has begun")
	}
	d.press("enter")
	d.shows("step 1 of", ": what is there already", "found: nginx")
	d.send(tea.KeyMsg{Type: tea.KeyEnter})
	d.shows("which WebSocket service is it?")
	d.typed("5", tea.KeyEnter)
	d.shows(": single server or cluster")
	d.send(tea.KeyMsg{Type: tea.KeyEsc})
	if d.s.Prompt() != "" {
		t.Error("keys are still an answer")
	}
	d.press("left")
	d.shows(": product")
	d.press("u")
	d.shows(": single server or cluster")

	d = onSetup(t, settings)
	d.press("enter")
	d.shows("going on where the last session was", ": single server or cluster")
	for range 30 {
		if d.s.Prompt() == "" {
			break
		}
		if d.send(tea.KeyMsg{Type: tea.KeyEnter}); d.s.(setupScreen).steps.Title().String() == "" {
			t.Fatal("it has no title")
		}
	}
	d.shows("Every step has its answer", "generic")
	d.press("enter")
	if len(d.asked) != 1 || d.asked[0] != (SetUp{}) {
		t.Errorf("asked for %v", d.asked)
	}
	d.press("left")
	d.press("enter")
	if d.s.Prompt() == "" {
		t.Errorf("the last step is not asked again:\n%s", d.s.View(d.st))
	}
}

func TestSetupThatCannotBegin(t *testing.T) {
	d := onSetup(t, "")
	s := d.s.(setupScreen)
	s.d.Session = func(context.Context) (*wizard.Session, error) { return nil, errors.New("reading the answers: no") }
	d.s = s
	d.press("enter")
	d.shows("reading the answers: no")
	s.d.Session = nil
	d.s = s
	d.shows("keeps its own settings")
	if keyNamed(d, "enter").Off.IsZero() {
		t.Error("it can begin")
	}
}
