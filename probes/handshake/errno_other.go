//go:build !windows

package handshake

import "syscall"

const (
	errnoRefused     = syscall.ECONNREFUSED
	errnoReset       = syscall.ECONNRESET
	errnoAborted     = syscall.EPIPE
	errnoHostUnreach = syscall.EHOSTUNREACH
	errnoNetUnreach  = syscall.ENETUNREACH
	errnoDenied      = syscall.EACCES
	errnoTimedOut    = syscall.ETIMEDOUT
)
