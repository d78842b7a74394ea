package handshake

import "syscall"

// Errors of Winsock (winsock2.h); the POSIX names of package syscall are other numbers on Windows.
const (
	errnoRefused     = syscall.Errno(10061)
	errnoReset       = syscall.Errno(10054)
	errnoAborted     = syscall.Errno(10053)
	errnoHostUnreach = syscall.Errno(10065)
	errnoNetUnreach  = syscall.Errno(10051)
	errnoDenied      = syscall.Errno(10013)
	errnoTimedOut    = syscall.Errno(10060)
)
