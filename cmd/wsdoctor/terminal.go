package main

import (
	"runtime"

	"example.com/wsdoctor/probes/lang"
)

// color tells whether to colour what goes to a stream that is, or is not, a terminal.
func (a *app) color(tty bool) bool { return tty && !a.noColor && a.env("TERM") != "dumb" }

// ascii tells whether what is shown has to do without UTF-8. Languages other than English
// have only UTF-8, so whoever asks for one by name has a terminal that shows it.
func (a *app) ascii() bool {
	return asciiOnly(runtime.GOOS, a.env) && lang.Translate(a.lang.tag) == nil
}
