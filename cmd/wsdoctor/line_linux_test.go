package main

import (
	"bytes"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

func TestSlowLine(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	if slowLine(tty) || slowLine(&bytes.Buffer{}) {
		t.Error("a pseudo-terminal, or no terminal, is slow")
	}
	for speed, want := range map[uint32]bool{unix.B300: true, unix.B9600: true, unix.B19200: true, unix.B38400: false, unix.B115200: false, unix.B0: false} {
		mode, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		mode.Cflag = mode.Cflag&^unix.CBAUD | speed
		if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, mode); err != nil {
			t.Fatal(err)
		}
		if got := slowLine(tty); got != want {
			t.Errorf("%#o: got %v", speed, got)
		}
	}
}
