package nginx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// backupSuffix is added to the name of a file that Apply changes. No usual include pattern (*.conf) matches it.
const backupSuffix = ".wsdoctor.bak"

// testTimeout bounds `nginx -t`, which resolves the names of upstreams and may wait for a resolver.
const testTimeout = 30 * time.Second

// Command runs nginx with arguments and returns what it printed.
type Command func(ctx context.Context, args ...string) ([]byte, error)

// Nginx is the Command of the nginx in PATH.
func Nginx(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	path, err := exec.LookPath("nginx")
	if err != nil {
		// An ordinary user's PATH lacks the folders of system programs.
		path = "/usr/sbin/nginx"
	}
	return exec.CommandContext(ctx, path, args...).CombinedOutput()
}

// Applied says what Apply did.
type Applied struct {
	Files   []string // that were written
	Backups []string // the files as they were before
	Output  string   // of nginx -t
}

// Apply makes a backup of each file, writes it, and asks nginx whether it takes the configuration; where it does not,
// every file is put back and the error holds what nginx said. main is the configuration to test; "" is nginx's own.
func Apply(ctx context.Context, fixed []Fixed, main string, nginx Command) (done Applied, err error) {
	args := testArgs("-t", main)
	if out, err := nginx(ctx, "-v"); err != nil {
		return done, fmt.Errorf("asking nginx for its version: %w: %s: nothing was changed", err, strings.TrimSpace(string(out)))
	}
	var undo []func() error
	back := func(cause error) error {
		for _, u := range undo {
			cause = errors.Join(cause, u())
		}
		return cause
	}
	for _, x := range fixed {
		path, err := filepath.EvalSymlinks(x.File.Name)
		if err != nil {
			return done, back(fmt.Errorf("writing %s: %w", x.File.Name, err))
		}
		info, err := os.Stat(path)
		if err != nil {
			return done, back(fmt.Errorf("writing %s: %w", path, err))
		}
		mode := info.Mode().Perm()
		if err := os.WriteFile(path+backupSuffix, x.File.Src, mode); err != nil {
			return done, back(fmt.Errorf("making a backup of %s: %w", path, err))
		}
		undo = append(undo, func() error { return os.WriteFile(path, x.File.Src, mode) })
		if err := os.WriteFile(path, x.New, mode); err != nil {
			return done, back(fmt.Errorf("writing %s: %w", path, err))
		}
		done.Files = append(done.Files, path)
		done.Backups = append(done.Backups, path+backupSuffix)
	}
	out, err := nginx(ctx, args...)
	done.Output = strings.TrimSpace(string(out))
	if err != nil {
		return done, back(fmt.Errorf("testing the new configuration: %w: %s: the files are as they were", err, done.Output))
	}
	return done, nil
}

func testArgs(first, main string) []string {
	if main == "" {
		return []string{first}
	}
	return []string{first, "-c", main}
}

// Reload tells the running nginx to read its files again.
func Reload(ctx context.Context, main string, nginx Command) error {
	args := []string{"-s", "reload"}
	if main != "" {
		args = append(args, "-c", main)
	}
	if out, err := nginx(ctx, args...); err != nil {
		return fmt.Errorf("reloading nginx: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
