package tui

import (
	"io"
	"os"
	"sync"

	"github.com/aymanbagabas/go-osc52/v2"
)

// Clipboard says what stands between the program and the terminal whose clipboard is meant.
type Clipboard int

// The ways to a clipboard, all by the escape sequence OSC 52 (xterm's control sequences), which reaches the
// operator's own machine through SSH.
const (
	Direct        Clipboard = iota
	ThroughTmux             // by tmux's own clipboard and by its passthrough, whichever is switched on
	ThroughScreen           // wrapped for GNU screen, which passes it on
)

// copyTo writes text to the terminal's clipboard.
func (c Clipboard) copyTo(w io.Writer, text string) error {
	seq := osc52.New(text)
	out := seq.String()
	switch c {
	case ThroughTmux:
		// tmux takes the plain sequence where set-clipboard is on, and the wrapped one where allow-passthrough is.
		out += seq.Tmux().String()
	case ThroughScreen:
		out = seq.Screen().String()
	}
	_, err := io.WriteString(w, out)
	return err
}

// output is where frames and clipboard sequences go. They come from two goroutines, and neither may split the other's.
type output struct {
	mu sync.Mutex
	w  io.Writer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(b)
}

// shared returns w, or standard output where it is nil, for use by several goroutines. A file stays what it is: its
// writes are not split anyway, and bubbletea asks it for the size of the terminal.
func shared(w io.Writer) io.Writer {
	switch w := w.(type) {
	case nil:
		return os.Stdout
	case *os.File:
		return w
	}
	return &output{w: w}
}
