//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// runInPlace replaces this process by the command, so that whoever started wsdoctor (a shell, systemd) waits for it,
// signals it and sees its exit code. It returns only where that fails.
func runInPlace(path string, command []string) error {
	return fmt.Errorf("starting %s: %w", command[0], syscall.Exec(path, command, os.Environ()))
}
