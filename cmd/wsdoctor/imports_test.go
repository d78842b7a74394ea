package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/wsdoctor/"

// layers says which packages each folder may use, and why not more. The first row that matches counts; a trailing
// /... covers the folders below, one * stands for one folder.
var layers = []struct {
	pkg    string
	own    string // of ours
	others string // third-party modules; "*": any but those that banned names
	reason string
}{
	{"probes/cluster", "", "github.com/goccy/go-yaml", "the settings lie below everything and know nobody"},
	{"probes/probetest", "", "", "tests of every area use it"},
	{"probes/probetest/embedded", "embedproxy probes/cluster", "", "tests of every area meet our own proxy as they meet others'"},
	{"probes", "probes/cluster", "", "the words must not depend on an area, a terminal or a network library"},
	{"probes/report", "probes", "github.com/clipperhouse/displaywidth", "a format renders a report and looks at nothing else"},
	{"probes/sysctl", "probes", "", "several areas read and set kernel parameters"},
	{"probes/procfs", "probes", "", "several areas look for a running program"},
	{"probes/lint", "probes", "", "a format of lint writes findings of any area and looks at nothing else"},
	{"probes/lang", "probes", "", "words know nothing of what they are said about"},
	{"probes/diagnosis", "probes probes/cluster probes/* probes/balancer/*", "", "it combines what the areas observed"},
	{"probes/catalog", "probes probes/...", "", "it is the one place that knows every area"},
	{"probes/balancer", "probes probes/cluster probes/handshake probes/standin", "*", "it compares handshakes and lends a backend"},
	{"probes/balancer/backend", "probes probes/cluster probes/handshake probes/standin probes/ports/sockdiag", "", "it tells backends apart, by the kernel's table too, and tests nothing"},
	{"probes/balancer/pause", "", "", "a wait needs a clock and nothing else"},
	{"probes/balancer/...", "probes probes/cluster probes/handshake probes/wsclient probes/standin probes/balancer/backend probes/balancer/pause", "*", "each active test stands by itself, on connections that it holds"},
	{"probes/wsclient", "probes probes/handshake probes/standin", "", "it is a handshake that goes on"},
	{"probes/*", "probes probes/cluster probes/sysctl probes/procfs probes/lint", "*", "an area that knew another could not be run without it"},
	{"probes/nginx/model", "probes probes/nginx/conf", "", "the effective configuration is what was read, and nothing else"},
	{"probes/ports/bench", "probes/ports/sockdiag", "*", "it measures the reader against its rivals"},
	{"probes/...", "probes probes/cluster probes/sysctl", "*", "what belongs to one area alone"},
	{"embedproxy/balance", "", "", "a policy is arithmetic over what it is told"},
	{"embedproxy/head", "", "", "reading a request head needs bytes and nothing else"},
	{"embedproxy/tunnel", "", "golang.org/x/sys", "bytes are moved without knowing HTTP, policies or settings"},
	{"embedproxy/proxyproto", "", "", "reading a header needs bytes and nothing else"},
	{"embedproxy/h2connect", "", "", "it must be initialised before net/http is"},
	{"embedproxy/health", "", "github.com/coder/websocket", "a check asks one address and reports to whoever started it"},
	{"embedproxy/bench", "", "golang.org/x/sys", "what is measured is the command, from outside"},
	{"embedproxy", "embedproxy/... probes/cluster", "*", "a library for the command, the screens and the wizard alike"},
	{"wizard/export", "probes probes/cluster probes/*", "", "it writes text for other programs; what those are like only its tests know"},
	{"wizard/finedb/hsqldb", "", "", "a reader of files that knows no settings"},
	{"wizard/finedb/hsqldbtest", "probes/probetest", "github.com/jackc/pgx", "tests run HSQLDB itself through it"},
	{"wizard/finedb", "probes probes/cluster probes/portconfig wizard/finedb/hsqldb", "*", "it reads rows and asks the rules which of them hold ports; nobody is asked for anything"},
	{"wizard", "probes probes/... wizard/finedb", "github.com/goccy/go-yaml", "it asks and writes, on the areas' own rules; the proxy and the screens are started by cmd"},
	{"tui/early", "", "github.com/charmbracelet/lipgloss", "it must be initialised before bubbletea is"},
	{"tui/...", "tui/... probes probes/... wizard/... embedproxy", "*", "screens show what the others return; only cmd starts them"},
	{"cmd/...", "...", "*", "it ties everything together"},
}

// banned names libraries that belong to one top-level folder.
var banned = []struct{ lib, except, reason string }{
	{"github.com/charmbracelet/", "tui", "only the screens may know a terminal library: the rest runs in scripts and services"},
	{"github.com/spf13/cobra", "cmd", "flags are read in one place"},
	{"github.com/jackc/", "wizard/finedb", "a database is spoken to in one place, which only reads"},
	{"github.com/go-sql-driver/", "wizard/finedb", "a database is spoken to in one place, which only reads"},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		self := strings.TrimPrefix(p.ImportPath, module)
		i := slices.IndexFunc(layers, func(l struct{ pkg, own, others, reason string }) bool { return matches(l.pkg, self) })
		if i < 0 {
			t.Errorf("%s is in no row of layers", self)
			continue
		}
		row := layers[i]
		for _, imp := range p.Imports {
			if own, ok := strings.CutPrefix(imp, module); ok {
				if !slices.ContainsFunc(strings.Fields(row.own), func(a string) bool { return matches(a, own) }) && !strings.HasPrefix(own, self+"/") {
					t.Errorf("%s may not import %s: %s", self, own, row.reason)
				}
				continue
			}
			if host, _, _ := strings.Cut(imp, "/"); !strings.Contains(host, ".") {
				continue // the standard library
			}
			if row.others != "*" && (row.others == "" || !strings.HasPrefix(imp, row.others)) {
				t.Errorf("%s may not import %s: %s", self, imp, row.reason)
			}
			for _, b := range banned {
				if strings.HasPrefix(imp, b.lib) && !strings.HasPrefix(self, b.except) {
					t.Errorf("%s may not import %s: %s", self, imp, b.reason)
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("looked at %d packages, expected the whole module", seen)
	}
}

func matches(pattern, path string) bool {
	if pattern == "..." {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, below := strings.CutPrefix(path, base+"/")
		return below && !strings.Contains(rest, "/")
	}
	return pattern == path
}
