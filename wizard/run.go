package wizard

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// runTimeout bounds a command: the slowest, a reload of a firewall, takes seconds.
const runTimeout = time.Minute

// Shell is the Runner of this host's shell.
func Shell(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.WaitDelay = time.Second // a child of it that keeps the output open
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}
