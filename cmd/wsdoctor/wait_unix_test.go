//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestWaitRunsTheCommandInItsPlace runs itself in a process of its own, which the command then replaces.
func TestWaitRunsTheCommandInItsPlace(t *testing.T) {
	const marker = "WSDOCTOR_TEST_WAIT_PORT"
	if port := os.Getenv(marker); port != "" {
		code, _, stderr := runPorts(t, t.Context(), "wait", port, "--", "sh", "-c", "echo in place of $PPID; exit 7")
		t.Fatalf("the command did not replace the process: exit %d, %s", code, stderr)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), marker+"="+unused(t))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 || !strings.Contains(string(out), "in place of") {
		t.Errorf("got error %v and %q, want exit code 7 of the command", err, out)
	}
}
