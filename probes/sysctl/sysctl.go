// Package sysctl reads kernel parameters below a run's root and writes the lines that change them and take the
// change back. It changes nothing itself, judges nothing, and knows no other system than Linux.
package sysctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

// The parameters that decide about ports (kernel: Documentation/networking/ip-sysctl.rst).
const (
	LocalPortRange   = "net.ipv4.ip_local_port_range"        // "32768	60999": where outgoing connections take their port
	LocalReserved    = "net.ipv4.ip_local_reserved_ports"    // "8080,9148-9150": never taken by them
	UnprivilegedFrom = "net.ipv4.ip_unprivileged_port_start" // the first port that needs no privilege; since Linux 4.11
)

// DefaultUnprivilegedFrom is the first port that needs no privilege where the kernel has no parameter for it.
const DefaultUnprivilegedFrom = 1024

// Available returns nil where parameters can be read: a probes.Skip on other systems than Linux, a
// probes.CannotLook where /proc is missing. A Root of the run's own is always looked at.
func Available(t probes.Target) error {
	if runtime.GOOS != "linux" && (t.Root == "" || t.Root == "/") {
		return probes.Skip("kernel parameters are read on Linux only, this is %s", runtime.GOOS)
	}
	if _, err := os.Stat(t.Path("/proc/sys")); err != nil {
		return probes.CannotLook("%s cannot be read: is /proc mounted?", t.Path("/proc/sys"))
	}
	return nil
}

// File returns the absolute path of a parameter, such as /proc/sys/net/core/somaxconn.
func File(key string) string { return "/proc/sys/" + strings.ReplaceAll(key, ".", "/") }

// Read returns the value of a parameter without the blanks around it. The error names the file, and is an
// fs.ErrNotExist where this kernel lacks the parameter.
func Read(t probes.Target, key string) (string, error) {
	raw, err := os.ReadFile(t.Path(File(key)))
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return "", fmt.Errorf("reading %s: %w", t.Path(File(key)), err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// Int reads a parameter that is one number, or the first of several.
func Int(t probes.Target, key string) (int, error) {
	s, err := Read(t, key)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(s, "\t", " "), " ")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("reading %s: found %q, expected a number", t.Path(File(key)), s)
	}
	return n, nil
}

// Set returns the lines that give a parameter a value now and after a reboot, each with the line that takes it back.
// old is the value it has. Each parameter gets a file of its own, so that the lines of two findings do not undo each
// other; its name sorts behind 99-sysctl.conf, by which Debian reads /etc/sysctl.conf.
func Set(key, value, old string) []probes.Text {
	file := "/etc/sysctl.d/99-wsdoctor-" + filepath.Ext(key)[1:] + ".conf"
	return []probes.Text{
		probes.Verbatim(command(key, value)),
		probes.T("# to take it back: %s", command(key, old)),
		probes.Verbatim(fmt.Sprintf("echo '%s = %s' > %s", key, value, file)),
		probes.T("# to take it back: %s", "rm "+file),
	}
}

func command(key, value string) string {
	if strings.ContainsAny(value, " \t") {
		value = "'" + value + "'"
	}
	return "sysctl -w " + key + "=" + value
}
