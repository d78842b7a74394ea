// Package screens holds the views of the program, one a file, and what they share with the frame around them: State,
// which they read, and the messages with which they ask for things. A screen decides what is shown and which keys
// there are. It runs no check, reads no file and writes none outside a command, and it does not draw the header.
package screens

import (
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/tui/theme"
	tea "github.com/charmbracelet/bubbletea"
)

// All lists the screens in the order of their tabs.
var All = []Entry{
	{"1", "Checks", newChecks},
	{"2", "Ports", newPorts},
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

// Chosen ends the first-time choice.
type Chosen struct {
	Config   cluster.Config
	Settings string // the file they were written to; "" for none
}

// SetUp asks the frame to leave for the wizard.
type SetUp struct{}

// ask returns a command that sends the frame a request.
func ask(request tea.Msg) tea.Cmd { return func() tea.Msg { return request } }
