package netfilter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// saveTimeout bounds one run of iptables-legacy-save, which prints ten thousand rules in well under a second.
const saveTimeout = 3 * time.Second

// legacyFamilies says where the kernel lists the tables of iptables-legacy that are loaded, and which programs print
// their rules. The second one is iptables-legacy itself on systems that have no other; its first line tells.
var legacyFamilies = []struct {
	family, names string
	programs      []string
}{
	{FamilyIP, "/proc/net/ip_tables_names", []string{"iptables-legacy-save", "iptables-save"}},
	{FamilyIP6, "/proc/net/ip6_tables_names", []string{"ip6tables-legacy-save", "ip6tables-save"}},
}

// readLegacy prints the rules of iptables-legacy where tables are loaded. It never asks otherwise: iptables-legacy
// itself loads a table to look at it.
func readLegacy(ctx context.Context, path func(string) string) (tables []Table, unread []string, err error) {
	for _, f := range legacyFamilies {
		names, err := os.ReadFile(path(f.names))
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return nil, nil, err
		case len(strings.Fields(string(names))) == 0:
			continue
		}
		text, err := save(ctx, f.programs)
		if err == nil {
			var got []Table
			if got, err = ParseSave(text, f.family); err == nil {
				tables = append(tables, got...)
				continue
			}
		}
		unread = append(unread, fmt.Sprintf("tables of iptables-legacy are loaded (%s) and could not be read: %v",
			strings.Join(strings.Fields(string(names)), ", "), err))
	}
	return tables, unread, nil
}

// save runs the first of programs that prints the rules of iptables-legacy.
func save(ctx context.Context, programs []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	err := fmt.Errorf("%s is not installed", programs[0])
	for _, p := range programs {
		full, found := lookProgram(p)
		if !found {
			continue
		}
		out, runErr := exec.CommandContext(ctx, full).Output()
		switch first, _, _ := strings.Cut(string(out), "\n"); {
		case runErr != nil:
			err = fmt.Errorf("running %s: %w", p, runErr)
		case strings.Contains(first, "nf_tables"): // prints what nf_tables holds
		default:
			return out, nil
		}
	}
	return nil, err
}

// lookProgram looks also where root's programs stand, which a PATH without them would miss.
func lookProgram(name string) (string, bool) {
	for _, n := range []string{name, "/usr/sbin/" + name, "/sbin/" + name} {
		if full, err := exec.LookPath(n); err == nil {
			return full, true
		}
	}
	return "", false
}
