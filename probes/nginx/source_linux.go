package nginx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"example.com/wsdoctor/probes"
)

// findMasters looks through /proc for every nginx that runs on the network of this process.
func findMasters(t probes.Target) ([]*Running, error) {
	root := t.Path("/")
	dirs, err := filepath.Glob(filepath.Join(root, "proc", "[0-9]*"))
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	stat, err := os.ReadFile(filepath.Join(root, "proc", "stat"))
	if err != nil {
		return nil, fmt.Errorf("reading the time of boot: %w", err)
	}
	boot := bootTime(stat)
	var all []process
	for _, dir := range dirs {
		// A process may end at any moment: what cannot be read is left out.
		title, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || !bytes.HasPrefix(title, []byte("nginx: ")) {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		p := process{title: string(bytes.TrimRight(bytes.ReplaceAll(title, []byte{0}, []byte{' '}), " "))}
		if p.pid, err = strconv.Atoi(filepath.Base(dir)); err != nil {
			continue
		}
		if !t.SharesNetwork(p.pid) {
			continue
		}
		var ticks int64
		if p.parent, ticks, err = parseStat(raw); err != nil {
			continue
		}
		if !boot.IsZero() {
			p.started = boot.Add(time.Duration(ticks) * time.Second / ticksPerSecond)
		}
		limits, err := os.ReadFile(filepath.Join(dir, "limits"))
		if err == nil {
			p.limits = string(limits)
		}
		all = append(all, p)
	}
	return masters(all), nil
}
