package probetest

import "syscall"

var newNetns = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
