//go:build !linux

package main

import "io"

// slowLine tells whether out is a terminal behind a slow serial line; only Linux is asked.
func slowLine(io.Writer) bool { return false }
