package netfilter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"example.com/wsdoctor/probes/probetest"
)

func system(p string) string { return p }

// TestReadNeedsCapability gives up CAP_NET_ADMIN in one thread, as a user without root lacks it.
func TestReadNeedsCapability(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	got := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		err := unix.Capget(&hdr, &data[0])
		if err == nil {
			data[0].Effective &^= 1 << unix.CAP_NET_ADMIN
			err = unix.Capset(&hdr, &data[0])
		}
		if err == nil {
			_, err = Read(context.WithoutCancel(t.Context()), system)
		}
		got <- err
	}()
	if err := <-got; !errors.Is(err, os.ErrPermission) {
		t.Errorf("without CAP_NET_ADMIN: %v, expected a lack of permission", err)
	}
}

// TestReadLoadsNothing makes sure that looking does not load the tables of iptables-legacy.
func TestReadLoadsNothing(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	rs, err := Read(t.Context(), system)
	if err != nil || len(rs.Tables) > 0 {
		t.Errorf("%+v %v, expected no rules", rs, err)
	}
	for _, name := range []string{"/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"} {
		if b, err := os.ReadFile(name); err == nil && len(b) > 0 {
			t.Errorf("%s: %q, expected nothing loaded", name, b)
		}
	}
}

// TestReadLegacyWithoutProgram has tables loaded and nothing that prints them.
func TestReadLegacyWithoutProgram(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "proc/net"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/net/ip_tables_names"), []byte("filter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := save(t.Context(), []string{"no-such-iptables-save"})
	if err == nil || !strings.Contains(err.Error(), "is not installed") {
		t.Errorf("%v", err)
	}
}

func TestModulePossible(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		full := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := func(p string) string { return filepath.Join(root, p) }
	expect := func(want bool, when string) {
		t.Helper()
		if got := modulePossible(path); got != want {
			t.Errorf("%s: %v, expected %v", when, got, want)
		}
	}
	expect(true, "nothing is known")
	write("proc/modules", "veth 32768 0 - Live 0x0\n")
	write("proc/sys/kernel/osrelease", "6.1.0\n")
	write("lib/modules/6.1.0/modules.builtin", "kernel/net/core/x.ko\n")
	expect(false, "neither loaded nor built in")
	write("lib/modules/6.1.0/modules.builtin", "kernel/net/netfilter/nf_tables.ko\n")
	expect(true, "built in")
	write("lib/modules/6.1.0/modules.builtin", "")
	write("proc/modules", "veth 32768 0 - Live 0x0\nnf_tables 311296 12 - Live 0x0\n")
	expect(true, "loaded")
}

// TestCost prints what looking costs; it does not judge.
func TestCost(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	nft := probetest.Need(t, "nft")
	var b strings.Builder
	b.WriteString("table inet big { set banned { type ipv4_addr; elements = { 192.0.2.1")
	for i := range 2000 {
		fmt.Fprintf(&b, ", 198.18.%d.%d", i/250, i%250)
	}
	b.WriteString(" } }\n chain input { type filter hook input priority 0; policy drop; ip saddr @banned drop\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "tcp dport %d accept\n", 10000+i)
	}
	b.WriteString("}\n}\n")
	measure := func(name string) {
		p := Packet{Src: at("10.77.0.2"), Dst: at("10.77.0.1"), Port: 38888, In: recordedLinks[0]}
		const times = 20
		var rs Ruleset
		begun := time.Now()
		for range times {
			var err error
			if rs, err = Read(t.Context(), system); err != nil {
				t.Fatal(err)
			}
		}
		read := time.Since(begun) / times
		begun = time.Now()
		for range times {
			Evaluate(rs, recordedLinks, p)
		}
		t.Logf("%s: reading %v, one packet %v", name, read, time.Since(begun)/times)
	}
	measure("no rules")
	sh(t, nftCases[1].rules, nft+" -f -")
	measure("a usual host")
	sh(t, b.String(), nft+" -f -")
	measure("1,000 rules and a set of 2,000")
}
