package screens

import (
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
	drawn "example.com/wsdoctor/tui/golden"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/tuitest"
	"github.com/charmbracelet/x/ansi"
)

// data is what the recorded screens have in Latin letters that is no word of a language: names of programs, commands,
// keys, ids of checks, what was found in files and what peers sent.
const data = `` // TODO

// inOtherWords draws a screen in a language of other letters, in which none of ours may be left that is no data, and in
// Chinese, where a character takes two cells.
func inOtherWords(t *testing.T, name string, s Screen, st State) {
	t.Helper()
	st.Width, st.Height = 250, 70
	view := ansi.Strip(themed(t, s, theme.New(theme.Options{Translate: tuitest.Strange})).View(st))
	if words := tuitest.Untranslated(view, data); len(words) > 0 {
		t.Errorf("%s: %q went through no translation:\n%s", name, words, view)
	}
	chinese := themed(t, s, theme.New(theme.Options{Translate: lang.Translate("zh")}))
	for _, size := range sizes {
		st.Width, st.Height = size.w, size.h
		view := chinese.View(st)
		drawn.Fits(t, fmt.Sprintf("%s at %dx%d in Chinese", name, size.w, size.h), view+strings.Repeat("\n", max(size.h-strings.Count(view, "\n")-1, 0)), size.w, size.h)
	}
}
