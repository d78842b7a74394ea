// Package early keeps the program from questioning the terminal. Importing bubbletea v1 sends ESC]11;? from an
// init function and waits up to 5 s for an answer that a serial console, a pipe to script(1) or a mute
// pseudo-terminal never gives. Telling lipgloss the background beforehand prevents it.
//
// It works because Go initialises packages that are ready in the order of their paths, and this one's sorts before
// github.com/charmbracelet/bubbletea. A test runs the program on a terminal that never answers.
package early

import (
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Dark tells whether the terminal's background is taken to be dark: by COLORFGBG, which rxvt, Konsole and others
// set ("15;0": the last field is the background's colour number), else yes.
var Dark = func() bool {
	dark := isDark(os.Getenv("COLORFGBG"))
	lipgloss.SetHasDarkBackground(dark)
	return dark
}()

func isDark(colorfgbg string) bool {
	bg := colorfgbg[strings.LastIndexByte(colorfgbg, ';')+1:]
	return bg != "7" && bg != "15"
}
