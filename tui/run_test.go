package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
)

// paper is an output on which a test can wait for a text.
type paper struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	wants map[string]chan struct{}
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.buf.Write(b)
	for text, ch := range p.wants {
		if strings.Contains(p.buf.String(), text) {
			close(ch)
			delete(p.wants, text)
		}
	}
	return n, err
}

// seen returns a channel that is closed when text has been written.
func (p *paper) seen(text string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan struct{})
	if strings.Contains(p.buf.String(), text) {
		close(ch)
		return ch
	}
	if p.wants == nil {
		p.wants = map[string]chan struct{}{}
	}
	p.wants[text] = ch
	return ch
}

// The model in bubbletea's own loop: the run's events arrive, the view follows, q ends it.
func TestTheRealLoop(t *testing.T) {
	out := &paper{}
	o := madeUpOptions()
	o.Output = out
	ctx, cancel := context.WithCancel(t.Context())
	work := &work{ctx: ctx}
	p := tea.NewProgram(newApp(o, work, theme.New(theme.Options{})), tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(out), tea.WithoutSignalHandler())
	ended := make(chan tea.Model)
	go func() {
		m, err := p.Run()
		if err != nil {
			t.Error(err)
		}
		ended <- m
	}()
	p.Send(tea.WindowSizeMsg{Width: 80, Height: 24})
	<-out.seen("nginx passes no Upgrade header")
	p.Send(key(keyOf(t, "Ports")))
	<-out.seen("port 38888")
	p.Send(key("q"))
	last := (<-ended).(app)
	cancel()
	work.wait()
	if last.st.Busy() || len(last.st.Report.Results) != 12 {
		t.Errorf("ended with %d results", len(last.st.Report.Results))
	}
}

func runIn(t *testing.T, ctx context.Context, o Options, typed string) error {
	t.Helper()
	in, typing := io.Pipe()
	defer typing.Close() // what bubbletea still reads ends with the input
	o.Input = in
	if o.Output == nil {
		o.Output = io.Discard
	}
	go io.WriteString(typing, typed)
	return Run(ctx, o)
}

func TestRunEnds(t *testing.T) {
	if err := runIn(t, t.Context(), madeUpOptions(), "q"); err != nil {
		t.Errorf("q: %v", err)
	}
	if err := runIn(t, t.Context(), madeUpOptions(), "\x03"); !errors.Is(err, context.Canceled) {
		t.Errorf("ctrl+c: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := runIn(t, ctx, madeUpOptions(), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a signal: %v", err)
	}
	o := madeUpOptions()
	o.SettingsPath, o.Choose = "", true
	if err := runIn(t, t.Context(), o, "q"); err != nil {
		t.Errorf("q at the choice: %v", err)
	}
}

// Leaving cancels what runs, and waits until it has ended.
func TestLeavingEndsTheRun(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	o := madeUpOptions()
	o.Probes = []probes.Probe{probes.New("slow", func(ctx context.Context, _ probes.Target) (int, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return 0, ctx.Err()
	}, []probes.Rule[int]{{ID: "slow/one", Title: "it answers", Check: func(int) []probes.Finding { return nil }}})}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	if err := runIn(t, ctx, o, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-ended:
	default:
		t.Error("the program has ended before its run")
	}
}

func TestLeavingTheLastScreenBehind(t *testing.T) {
	out := &paper{}
	o := madeUpOptions()
	o.Output = out
	if err := runIn(t, t.Context(), o, "Q"); err != nil {
		t.Error(err)
	}
	// There is no terminal that tells a size here; the screen itself is looked at in tmux.
	if !strings.HasSuffix(out.buf.String(), "\n") {
		t.Errorf("wrote %q", out.buf.String())
	}
	o.Output = broken{}
	if err := runIn(t, t.Context(), o, "Q"); !errors.Is(err, errBroken) {
		t.Errorf("on a broken terminal: %v", err)
	}
}

var errBroken = errors.New("input/output error")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// A fault of the program is told from all other ends, because it has an exit code of its own.
func TestAFaultIsToldApart(t *testing.T) {
	o := madeUpOptions()
	o.RunOptions.Diagnose = func(*probes.Report) { panic("made up") }
	if err := runIn(t, t.Context(), o, ""); !errors.Is(err, ErrFault) || !strings.Contains(err.Error(), "made up") {
		t.Errorf("got %v", err)
	}
}
