// Package screens holds the views of the program, one a file, and what they share with the frame around them: State,
// which they read, and the messages with which they ask for things. A screen decides what is shown and which keys
// there are. It runs no check, reads no file and writes none outside a command, and it does not draw the header.
package screens

import (
	"context"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/wizard"
	tea "github.com/charmbracelet/bubbletea"
)

// All lists the screens in the order of their tabs.
var All = []Entry{
	{"1", "Overview", newOverview},
	{"2", ChecksScreen, newChecks},
	{"3", "Ports", newPorts},
	{"4", "Probe", newProbe},
	{"5", "Balancer", newBalancer},
	{"6", ConfigScreen, newConfig},
	{"7", "Proxy", newProxy},
	{"8", "Set-up", newSetup},
}

// Entry is one line of All.
type Entry struct {
	Key   string // that shows the screen
	Title string // on its tab
	New   func(Deps) Screen
}

// Screen is one view below the header. It is a value: Update returns the changed one.
type Screen interface {
	// Update takes every message but keys; while there is a Prompt, it takes those too.
	Update(State, tea.Msg) (Screen, tea.Cmd)
	// View draws State.Height lines of at most State.Width cells, from its arguments alone.
	View(State) string
	// Keys lists what can be pressed now.
	Keys(State) []Key
	// Prompt is what stands in place of the help line while keys are text; empty while they are keys.
	Prompt() string
}

// Key is one thing that can be pressed. The help line, the overlay of `?` and what a key does all come from it.
type Key struct {
	Names []string    // as bubbletea calls them
	Label string      // as the operator reads them
	Hint  probes.Text // a word or two for the help line; empty: only in the overlay
	Help  probes.Text // what it does
	Off   probes.Text // why it does nothing now; empty: it does
	Do    func() (Screen, tea.Cmd)
}

// Deps is what a screen is made with.
type Deps struct {
	Theme theme.Theme

	// After returns a command that waits and then makes a message of the time it has become; it gives up when the
	// program is left.
	After func(time.Duration, func(now time.Time) tea.Msg) tea.Cmd
	// Do returns a command for work with the outside, which the program waits for when it is left.
	Do func(func() tea.Msg) tea.Cmd
	// Work is Do for work that can be cut short: its context is done when the program is left.
	Work func(func(context.Context) tea.Msg) tea.Cmd

	Attached *Attached // a proxy that this program runs; nil: none

	Slow bool // the terminal is at the end of a slow line: what changes every second is drawn less often

	// Session opens the wizard, with what can be found out about this host; nil: there is nothing to set up.
	Session func(context.Context) (*wizard.Session, error)

	SettingsPath string // where the first-time choice writes the settings
}

// RunFinished is sent to every screen when a run has ended; State holds its results.
type RunFinished struct {
	Areas []string // that were run
	At    time.Time
}

// Rerun asks the frame to run areas again, and what they need.
type Rerun struct {
	Areas []string // nil: all
	Quiet bool     // nobody asked for it, so that nothing is said when it has ended
}

// SaveReport asks the frame to write the report to a file.
type SaveReport struct{}

// Copy asks the frame to put lines on the terminal's clipboard.
type Copy struct {
	Lines []string
}

// Show asks the frame to show another screen, and to hand every screen a message.
type Show struct {
	Screen string // its title in All
	Msg    tea.Msg
}

// Check is the id of a check; the screen that lists them selects it.
type Check string

// ChecksScreen is the title of the screen that goes to a Check.
const ChecksScreen = "Checks"

// Place is a line of a configuration file; the screen that shows such files goes there.
type Place struct {
	File  string
	Line  int
	Check string // whose finding is shown first; "": any
}

// Clickable is a screen with rows that a click selects; on the selected one it opens what there is to open. x and y
// count from the upper left corner of the view.
type Clickable interface {
	Clicked(st State, x, y int) Screen
}

// ByHand is a screen that knows the commands that do by hand what it shows; the key ! lists them.
type ByHand interface {
	Commands(State) []string
}

// Leaves is a screen on which something runs that ends with the program. Leaving says what becomes of it; empty: there
// is nothing. EndNow ends it without ado.
type Leaves interface {
	Leaving(State) probes.Text
}

// EndNow tells every screen to end at once what would take its time when the program is left.
type EndNow struct{}

// Explained is a screen that explains itself, or what is selected on it; the key x shows it, a paragraph each.
type Explained interface {
	Explain(State) []probes.Text
}

// Chosen ends the first-time choice.
type Chosen struct {
	Config   cluster.Config
	Settings string // the file they were written to; "" for none
}

// SetUp asks the frame to leave for the wizard.
type SetUp struct{}

// everySlow is how often something changes by itself on a slow line.
const everySlow = 5 * time.Second

// pace is how often something that changes every so often is drawn.
func (d Deps) pace(every time.Duration) time.Duration {
	if d.Slow {
		return max(every, everySlow)
	}
	return every
}

// ask returns a command that sends the frame a request.
func ask(request tea.Msg) tea.Cmd { return func() tea.Msg { return request } }
