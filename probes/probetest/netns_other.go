//go:build !linux

package probetest

import "syscall"

var newNetns *syscall.SysProcAttr
