package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/conf"
	"github.com/spf13/cobra"
)

// lintFlags are the flags of lint.
type lintFlags struct {
	paths         []string
	nginxVersion  string
	proxyVersion  string
	format        string
	failOn        string
	fix, apply    bool
	reload, trace bool
}

func lintCommand(a *app) *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint FILE…",
		Short: "find what breaks WebSockets in an nginx or HAProxy configuration, whole or a fragment",
		Long: `lint reads an nginx configuration as nginx does, with its includes, and says what breaks WebSocket connections:
the line, the reason and what to paste. FILE may be a whole nginx.conf, a fragment (server, location, bare directives), a
folder, the output of nginx -T, or - for standard input.

A file that begins with a section of HAProxy (global, defaults, frontend, …) is read as HAProxy reads it; several of them
are one configuration, as several -f are to haproxy. --fix knows nginx files only.

A comment "# wsdoctor:ignore ID reason" on the line of a finding or the line above silences it.`,
		Example: `  wsdoctor lint /etc/nginx/nginx.conf
  wsdoctor lint --path /socket.io/ --trace site.conf
  wsdoctor lint --fix nginx.conf | patch -p0
  nginx -T 2>/dev/null | wsdoctor lint -
  wsdoctor lint /etc/haproxy/haproxy.cfg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("lint needs at least one file; - is standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.lint(cmd.Context(), f, args) },
	}
	fl := cmd.Flags()
	fl.StringArrayVar(&f.paths, "path", nil, "a WebSocket `path` (repeatable); default: those of the settings, else inferred")
	fl.StringVar(&f.nginxVersion, "nginx-version", "", "`version` of nginx that is to run the file; default: this host's, for files of this host's nginx")
	fl.StringVar(&f.proxyVersion, "haproxy-version", "", "`version` of HAProxy that is to run the file; default: this host's, for files of this host's HAProxy")
	fl.StringVarP(&f.format, "format", "f", lint.Formats[0].Name, lint.FormatNames())
	fl.StringVar(&f.failOn, "fail-on", "error", "lowest severity for exit code 1: error, warning or info")
	fl.BoolVar(&f.fix, "fix", false, "print a unified diff that mends errors and warnings")
	fl.BoolVar(&f.apply, "apply", false, "with --fix: write the files, keep backups, test with nginx -t, and put them back if it fails")
	fl.BoolVar(&f.reload, "reload", false, "with --apply: reload nginx afterwards")
	fl.BoolVar(&f.trace, "trace", false, "print what happens to a request for each path")
	return cmd
}

// fewerCollections lets the heap grow further between two collections, which took a third of the time of reading some
// hundred files; above lintHeap they come as often as without it. It returns what takes that back.
func fewerCollections() func() {
	percent, limit := debug.SetGCPercent(800), debug.SetMemoryLimit(lintHeap)
	if limit < lintHeap { // GOMEMLIMIT says less
		debug.SetMemoryLimit(limit)
	}
	return func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }
}

// lintHeap is far above what a real configuration takes, and below what a small host has.
const lintHeap = 256 << 20

func (a *app) lint(ctx context.Context, f lintFlags, names []string) error {
	failOn, ok := map[string]probes.Severity{"error": probes.Error, "warning": probes.Warning, "info": probes.Info}[f.failOn]
	format, known := lint.Lookup(f.format)
	switch {
	case !ok:
		return usagef("--fail-on: found %q, expected error, warning or info", f.failOn)
	case !known:
		return usagef("--format: found %q, expected %s", f.format, lint.FormatNames())
	case f.apply && !f.fix:
		return usagef("--apply needs --fix")
	case f.reload && !f.apply:
		return usagef("--reload needs --fix --apply")
	}
	for _, p := range f.paths {
		if !strings.HasPrefix(p, "/") {
			return usagef("--path: found %q, expected a path that begins with /", p)
		}
	}
	sources, err := a.sources(names)
	if err != nil {
		return err
	}
	defer fewerCollections()()
	doc := lint.Document{Version: version, Translate: a.translate()}
	proxies, err := a.lintNginx(ctx, f, sources, &doc)
	if err != nil {
		return err
	}
	if err := a.lintHAProxy(ctx, f, proxies, &doc); err != nil {
		return err
	}
	if !f.fix || f.apply { // else standard output is the diff and nothing else
		if err := format.Write(a.stdout, doc); err != nil {
			return err
		}
	}
	if lint.Count(doc.Findings).AtLeast(failOn) > 0 {
		return exitError(probes.ExitFindings)
	}
	return nil
}

// source is something to lint.
type source struct {
	name    string
	stdin   []byte // of "-"
	haproxy bool
}

// stdinName is what findings call standard input.
const stdinName = "<stdin>"

// sources finds out what each name stands for; - may be there once.
func (a *app) sources(names []string) ([]source, error) {
	var out []source
	for _, name := range names {
		s := source{name: name}
		var err error
		switch {
		case name == "-" && slices.ContainsFunc(out, func(o source) bool { return o.stdin != nil }):
			return nil, usagef("standard input (-) can be read once, found it twice")
		case name == "-":
			if s.stdin, err = io.ReadAll(io.LimitReader(a.stdin, conf.MaxFile+1)); err != nil {
				return nil, usageError{fmt.Errorf("reading standard input: %w", err)}
			}
			s.stdin = append([]byte{}, s.stdin...) // nothing was read, and yet it was asked
			s.name, s.haproxy = stdinName, haproxy.Looks(string(s.stdin))
		default:
			if s.haproxy, err = looksHAProxy(name); err != nil {
				return nil, usageError{err}
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// sniffed is how much of a file is looked at to tell whose it is: comments at the head of a file can be long.
const sniffed = 64 << 10

// looksHAProxy tells whether a file, or a folder with .cfg files and no .conf file, is HAProxy's. A pipe is taken for
// nginx's: it can be read once.
func looksHAProxy(name string) (bool, error) {
	info, err := os.Stat(name)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", name, bare(err))
	}
	if info.IsDir() {
		ours, _ := filepath.Glob(filepath.Join(name, "*.conf")) // the pattern is right, but for a strange name of the folder
		theirs, _ := filepath.Glob(filepath.Join(name, "*.cfg"))
		return len(ours) == 0 && len(theirs) > 0, nil
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", name, bare(err))
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, sniffed))
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", name, bare(err))
	}
	return haproxy.Looks(string(head)), nil
}

// bare drops the path that an fs error repeats.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// within tells whether a file lies in one of the folders, as named.
func within(file string, folders []string) bool {
	abs, err := filepath.Abs(file)
	return err == nil && slices.ContainsFunc(folders, func(dir string) bool { return strings.HasPrefix(abs, dir) })
}
