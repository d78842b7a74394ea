// Package theme holds how the screens look: styles, marks and the way texts become printable. The sixteen ANSI
// colours are used as foregrounds only, so that the terminal's own theme decides what they look like and light and
// dark backgrounds both work; what a colour says is always said by a mark or a word too.
//
// It asks the terminal and the environment nothing: the caller says what the terminal can do.
package theme

import (
	"io"

	"example.com/wsdoctor/probes"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Options say what the terminal can do. The zero value is a UTF-8 terminal with 16 colours.
type Options struct {
	ASCII   bool // only characters below 0x80
	NoColor bool // no colours; bold, faint and reverse are still used (https://no-color.org)

	// Translate, if not nil, turns an English format into the operator's language.
	Translate func(format string) string
}

// Theme is what every screen draws with.
type Theme struct {
	Marks Marks

	Plain    lipgloss.Style // what is read
	Strong   lipgloss.Style // headings
	Selected lipgloss.Style // the selected line, the pane that keys go to
	Faint    lipgloss.Style // what can be skipped in reading
	Accent   lipgloss.Style // the cursor, keys, the bar beside a fix
	Tab      lipgloss.Style // the screen that is shown
	OK       lipgloss.Style
	Warn     lipgloss.Style
	Fail     lipgloss.Style
	Unknown  lipgloss.Style

	ascii     bool
	translate func(string) string
}

// The colours, as numbers of the ANSI palette. Blue (4) is left out: many palettes make it unreadable on black.
const (
	red     = lipgloss.ANSIColor(1)
	green   = lipgloss.ANSIColor(2)
	yellow  = lipgloss.ANSIColor(3)
	magenta = lipgloss.ANSIColor(5)
	cyan    = lipgloss.ANSIColor(6)
)

// New makes the look for a terminal.
func New(o Options) Theme {
	// A renderer of our own with everything settled beforehand: lipgloss's default one would ask the terminal for its
	// background colour and wait for an answer.
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	colour := func(c lipgloss.ANSIColor) lipgloss.Style {
		if o.NoColor {
			return r.NewStyle()
		}
		return r.NewStyle().Foreground(c)
	}
	t := Theme{
		Marks:     unicodeMarks,
		Plain:     r.NewStyle(),
		Strong:    r.NewStyle().Bold(true),
		Selected:  colour(cyan).Bold(true),
		Faint:     r.NewStyle().Faint(true),
		Accent:    colour(cyan),
		Tab:       colour(cyan).Bold(true).Reverse(true),
		OK:        colour(green),
		Warn:      colour(yellow),
		Fail:      colour(red).Bold(true),
		Unknown:   colour(magenta),
		ascii:     o.ASCII,
		translate: o.Translate,
	}
	if o.ASCII {
		t.Marks = asciiMarks
	}
	return t
}

// ASCII tells whether only characters below 0x80 are drawn.
func (t Theme) ASCII() bool { return t.ascii }

// Status returns the mark of a status and its style.
func (t Theme) Status(s probes.Status) (string, lipgloss.Style) {
	switch s {
	case probes.OK:
		return t.Marks.OK, t.OK
	case probes.Warned:
		return t.Marks.Warned, t.Warn
	case probes.Failed:
		return t.Marks.Failed, t.Fail
	case probes.Skipped:
		return t.Marks.Skipped, t.Faint
	}
	return t.Marks.Unknown, t.Unknown
}

// Word returns the style of words that say a status beside its mark. Only a failure's are coloured: yellow text is
// hard to read on a light background, a yellow mark beside plain text is not missed.
func (t Theme) Word(s probes.Status) lipgloss.Style {
	switch s {
	case probes.Failed:
		return t.Fail
	case probes.Skipped:
		return t.Faint
	}
	return t.Plain
}

// Severity returns the mark of a finding and its style.
func (t Theme) Severity(s probes.Severity) (string, lipgloss.Style) {
	switch s {
	case probes.Error:
		return t.Status(probes.Failed)
	case probes.Warning:
		return t.Status(probes.Warned)
	}
	return t.Marks.Info, t.Accent
}
