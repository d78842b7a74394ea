package demo

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// canFreeze: Windows has no signal that stops a process.
const canFreeze = false

func freeze(_ *os.Process, on bool) error {
	if on {
		return errors.New("freezing a node: this system cannot stop a process")
	}
	return nil
}

func ownGroup(*exec.Cmd) {}

// clearReuse has nothing to take back: Go sets no SO_REUSEADDR here, because on Windows it takes ports away from others.
func clearReuse(string, string, syscall.RawConn) error { return nil }
