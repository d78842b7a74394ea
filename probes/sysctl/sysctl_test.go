package sysctl

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// rootWith returns a root that holds the given parameters.
func rootWith(t *testing.T, values map[string]string) probes.Target {
	t.Helper()
	root := t.TempDir()
	for key, v := range values {
		file := filepath.Join(root, File(key))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(v+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return probes.Target{Root: root}
}

func TestReading(t *testing.T) {
	target := rootWith(t, map[string]string{LocalPortRange: "32768\t60999", LocalReserved: "8080,9148-9150", "net.core.somaxconn": "4096", "net.core.bad": "many"})
	if err := Available(target); err != nil {
		t.Error(err)
	}
	r, p, err := Ephemeral(target)
	if err != nil || r != (Range{32768, 60999}) || p.String() != "8080,9148-9150" {
		t.Errorf("Ephemeral: %v %v %v", r, p, err)
	}
	if n, err := Int(target, "net.core.somaxconn"); n != 4096 || err != nil {
		t.Errorf("Int: %d, %v", n, err)
	}
	if n, err := Int(target, LocalPortRange); n != 32768 || err != nil {
		t.Errorf("Int of two numbers: %d, %v", n, err)
	}
	if _, err := Int(target, "net.core.bad"); err == nil || !strings.Contains(err.Error(), `found "many", expected a number`) {
		t.Errorf("Int of a word: %v", err)
	}
	if _, err := Read(target, "net.core.none"); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "reading "+target.Root) {
		t.Errorf("Read of a missing parameter: %v", err)
	}
}

func TestEphemeralErrors(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"no range":           {},
		"range of one":       {LocalPortRange: "32768", LocalReserved: ""},
		"no reserved":        {LocalPortRange: "32768 60999"},
		"reserved by a word": {LocalPortRange: "32768 60999", LocalReserved: "http"},
	} {
		if r, p, err := Ephemeral(rootWith(t, values)); err == nil {
			t.Errorf("%s: %v %v, expected an error", name, r, p)
		}
	}
}

func TestAvailableWithoutProc(t *testing.T) {
	var why *probes.Reason
	if err := Available(probes.Target{Root: t.TempDir()}); !errors.As(err, &why) || why.Status != probes.Unknown {
		t.Errorf("Available without /proc: %v, expected unknown", err)
	}
}

func TestPorts(t *testing.T) {
	p, err := ParsePorts("38889,9148-9150,38888,9149\n")
	if err != nil || p.String() != "9148-9150,38888-38889" {
		t.Fatalf("ParsePorts: %v %v", p, err)
	}
	if !p.Contains(9150) || p.Contains(9151) || p.CountIn(Range{9150, 38888}) != 2 || p.CountIn(Range{1, 2}) != 0 {
		t.Error("Contains or CountIn")
	}
	if got := p.With(39888, 9151).String(); got != "9148-9151,38888-38889,39888" {
		t.Errorf("With: %s", got)
	}
	if got := (Ports)(nil).String(); got != "" {
		t.Errorf("the empty set: %q", got)
	}
	for _, bad := range []string{"x", "1-", "5-4", "70000", "-1"} {
		if p, err := ParsePorts(bad); err == nil {
			t.Errorf("ParsePorts(%q) = %v, expected an error", bad, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "8080,9148-9150", "32768\t60999", "1-65535", ",,", "9-8", "99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ParseRange(s)
		p, err := ParsePorts(s)
		if err != nil {
			return
		}
		again, err := ParsePorts(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%q reads as %v, which reads as %v (%v)", s, p, again, err)
		}
	})
}

// The lines of Set are run for real, in a namespace of the test's own.
func TestSetRuns(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	probetest.Need(t, "sysctl")
	target := probes.Target{}
	old, err := Read(target, LocalReserved)
	if err != nil {
		t.Fatal(err)
	}
	lines := Set(LocalReserved, "38888-38889", old)
	run := func(line string) {
		t.Helper()
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	run(lines[0].String())
	if now, _ := Read(target, LocalReserved); now != "38888-38889" {
		t.Errorf("after %s: %q", lines[0], now)
	}
	run(strings.TrimPrefix(lines[1].String(), "# to take it back: "))
	if now, _ := Read(target, LocalReserved); now != old {
		t.Errorf("after %s: %q, expected %q", lines[1], now, old)
	}
	want := "echo 'net.ipv4.ip_local_reserved_ports = 38888-38889' > /etc/sysctl.d/99-wsdoctor-ip_local_reserved_ports.conf"
	if lines[2].String() != want {
		t.Errorf("to persist it: %s", lines[2])
	}
}
