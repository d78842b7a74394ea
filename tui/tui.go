// Package tui is the terminal interface: it runs the areas it is given and shows what they find. It holds the frame
// (header, tabs, help) and the loop; the views are in screens. It knows no output format, reads no environment and
// decides nothing about a check.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	"example.com/wsdoctor/probes"
	_ "example.com/wsdoctor/tui/early" // before bubbletea, whose init would question the terminal
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// framesPerSecond is how often bubbletea looks whether there is something to draw, and the only thing that wakes an
// idle program: 0.7 % of a core at 40, 0.5 % at 20 (make bench-screens). What a key shows waits for the next one, 25 ms
// at most.
const framesPerSecond = 40

// slowFrames is the same on a slow line, where what changes within so long is sent once.
const slowFrames = 4

// ErrFault is the error of Run after a fault of the program itself.
var ErrFault = errors.New("a fault of wsdoctor itself")

// ErrSetUp is the error of Run where the operator left for the guided set-up: at the first-time choice, or with an answer
// to every step of it.
var ErrSetUp = errors.New("the guided set-up was chosen")

// Options of Run.
type Options struct {
	Target     probes.Target
	Probes     []probes.Probe
	RunOptions probes.Options // Diagnose included; Selected limits what is shown and run

	// SaveReport writes r to a file and returns its path. Nil: a report cannot be saved.
	SaveReport func(r probes.Report) (path string, err error)
	// SaveScreen writes the text of a screen of that name to a file and returns its path. Nil: it cannot be saved.
	SaveScreen func(name, text string) (path string, err error)

	// SettingsPath is the settings file that was read; with Choose, where the first-time choice may write one; ""
	// means none.
	SettingsPath string
	// Globals are the flags with which a command typed by hand meets the same settings, such as --config FILE; "" where
	// it needs none.
	Globals string
	// Begin is the title of the screen that is shown first; "" is the first of all.
	Begin string
	// Choose shows the first-time choice before anything is checked. It begins at Target.Config.Product.
	Choose bool

	// Attached is a proxy of this program that the screens show; nil: there is none.
	Attached *screens.Attached
	// Session opens the wizard; nil: there is nothing to set up.
	Session func(context.Context) (*wizard.Session, error)
	// Faults are what can be made wrong on request, for a demonstration.
	Faults []Fault
	// Note is said at the beginning, until a key is pressed.
	Note probes.Text

	Input  io.Reader // nil means the terminal
	Output io.Writer // nil means standard output

	ASCII     bool      // draw with characters below 0x80 only
	NoColor   bool      // no colours; bold and reverse are still used
	Clipboard Clipboard // how the terminal's clipboard is reached
	// Translate, if not nil, turns an English format into the operator's language.
	Translate func(format string) string
	SlowLine  bool // the terminal is at the end of a serial line of few baud: less is sent, and less often
	NoMouse   bool // the terminal keeps the mouse for itself until the operator asks otherwise
}

// Run shows the checks until the operator leaves or ctx is done. However it ends, the terminal is as it was before,
// a run that goes on is cancelled and has ended. The error wraps context.Canceled after ctrl+c and when ctx was
// cancelled, and ErrFault after a panic.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	work := &work{ctx: ctx}
	defer work.wait()
	defer cancel()

	m := newApp(o, work, theme.New(theme.Options{ASCII: o.ASCII, NoColor: o.NoColor, Translate: o.Translate}))
	frames := framesPerSecond
	if o.SlowLine {
		frames = slowFrames
	}
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithAltScreen(), tea.WithFPS(frames), tea.WithoutSignalHandler(), tea.WithOutput(m.out)}
	if !o.NoMouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	last, err := tea.NewProgram(m, options...).Run()
	switch a, _ := last.(app); {
	case a.fault != nil:
		return fmt.Errorf("%w: %v\n%s", ErrFault, a.fault.reason, a.fault.stack)
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("%w: %w", ErrFault, err)
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("drawing on the terminal: %w", err)
	case a.interrupted:
		return context.Canceled
	case a.setUp:
		return ErrSetUp
	case a.stay:
		if _, err := fmt.Fprintln(m.out, a.page()); err != nil {
			return fmt.Errorf("leaving the last screen behind: %w", err)
		}
	}
	return nil
}
