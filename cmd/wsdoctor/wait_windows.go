package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// runInPlace runs the command and ends with its exit code: Windows has no exec.
func runInPlace(path string, command []string) error {
	cmd := exec.Command(path, command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return exitError(exit.ExitCode())
	}
	return fmt.Errorf("starting %s: %w", command[0], err)
}
