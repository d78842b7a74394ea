package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// slowLine tells whether out is a terminal behind a serial line of 19,200 baud or less. A pseudo-terminal has 38,400
// unless sshd has set it to what the client's own terminal has (RFC 4254, section 8).
func slowLine(out io.Writer) bool {
	f, is := out.(*os.File)
	if !is {
		return false
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return false
	}
	speed := t.Cflag & unix.CBAUD // B0 means that nobody is there
	return speed != unix.B0 && speed <= unix.B19200
}
