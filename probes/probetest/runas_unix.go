//go:build unix

package probetest

import (
	"os/exec"
	"syscall"
)

// runAs lets cmd run as another user.
func runAs(cmd *exec.Cmd, uid int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
}
