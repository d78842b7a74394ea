//go:build unix

package demo

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// canFreeze: a process can be stopped from outside.
const canFreeze = true

// freeze stops a process as a long pause of its runtime would: the kernel goes on accepting for it, and nothing answers.
func freeze(p *os.Process, on bool) error {
	sig := syscall.SIGCONT
	if on {
		sig = syscall.SIGSTOP
	}
	if err := p.Signal(sig); err != nil {
		return fmt.Errorf("freezing a node: %w", err)
	}
	return nil
}

// ownGroup keeps the terminal's Ctrl-C and Ctrl-Z from the node. If the demo is killed while a node is frozen, the
// kernel wakes the orphaned group with SIGHUP and SIGCONT, so that it does not stay.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// clearReuse takes back the SO_REUSEADDR that Go sets on every listening socket, so that the kernel refuses a port with
// connections of the last server in TIME_WAIT.
func clearReuse(_, _ string, c syscall.RawConn) (err error) {
	cerr := c.Control(func(fd uintptr) {
		err = os.NewSyscallError("setsockopt SO_REUSEADDR", syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 0))
	})
	if cerr != nil {
		return cerr
	}
	return err
}
