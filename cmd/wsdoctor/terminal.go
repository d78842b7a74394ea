package main

import "runtime"

// color tells whether to colour what goes to a stream that is, or is not, a terminal.
func (a *app) color(tty bool) bool { return tty && !a.noColor && a.env("TERM") != "dumb" }

// ascii tells whether what is shown has to do without UTF-8.
func (a *app) ascii() bool { return asciiOnly(runtime.GOOS, a.env) }
