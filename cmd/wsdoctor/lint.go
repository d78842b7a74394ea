package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"github.com/spf13/cobra"
)

// lintFlags are the flags of lint.
type lintFlags struct {
	paths         []string
	version       string
	format        string
	failOn        string
	fix, apply    bool
	reload, trace bool
}

func lintCommand(a *app) *cobra.Command {
	var f lintFlags
	cmd := &cobra.Command{
		Use:   "lint FILE…",
		Short: "find what breaks WebSockets in an nginx configuration, whole or a fragment",
		Long: `lint reads an nginx configuration as nginx does, with its includes, and says what breaks WebSocket connections:
the line, the reason and what to paste. FILE may be a whole nginx.conf, a fragment (server, location, bare directives), a
folder, the output of nginx -T, or - for standard input.

A comment "# wsdoctor:ignore ID reason" on the line of a finding or the line above silences it.`,
		Example: `  wsdoctor lint /etc/nginx/nginx.conf
  wsdoctor lint --path /socket.io/ --trace site.conf
  wsdoctor lint --fix nginx.conf | patch -p0
  nginx -T 2>/dev/null | wsdoctor lint -`,
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
	fl.StringVar(&f.version, "nginx-version", "", "`version` of nginx that is to run the file; default: this host's, for files of this host's nginx")
	fl.StringVarP(&f.format, "format", "f", "text", "text, json or sarif")
	fl.StringVar(&f.failOn, "fail-on", "error", "lowest severity for exit code 1: error, warning or info")
	fl.BoolVar(&f.fix, "fix", false, "print a unified diff that mends errors and warnings")
	fl.BoolVar(&f.apply, "apply", false, "with --fix: write the files, keep backups, test with nginx -t, and put them back if it fails")
	fl.BoolVar(&f.reload, "reload", false, "with --apply: reload nginx afterwards")
	fl.BoolVar(&f.trace, "trace", false, "print what happens to a request for each path")
	return cmd
}

func (a *app) lint(ctx context.Context, f lintFlags, files []string) error {
	failOn, ok := map[string]probes.Severity{"error": probes.Error, "warning": probes.Warning, "info": probes.Info}[f.failOn]
	switch {
	case !ok:
		return usagef("--fail-on: found %q, expected error, warning or info", f.failOn)
	case f.format != "text" && f.format != "json" && f.format != "sarif":
		return usagef("--format: found %q, expected text, json or sarif", f.format)
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
	given, err := a.lintInput(f)
	if err != nil {
		return err
	}
	var all []nginx.Finding
	var walks []nginx.Walk
	for _, name := range files {
		c, err := a.readConf(name)
		if err != nil {
			return usageError{err}
		}
		own := given
		if own.Version, err = a.nginxVersion(ctx, f, name); err != nil {
			return err
		}
		in := nginx.NewInput(c, own)
		findings := nginx.Lint(in)
		if f.fix {
			if findings, err = a.lintFix(ctx, f, in, findings); err != nil {
				return err
			}
		}
		all = append(all, findings...)
		if f.trace {
			walks = append(walks, in.Walks()...)
		}
	}
	if err := a.lintPrint(f, all, walks); err != nil {
		return err
	}
	if nginx.Count(all).AtLeast(failOn) > 0 {
		return exitError(probes.ExitFindings)
	}
	return nil
}

// lintInput is what is known besides the file: the named paths, and the settings where there is a file of them.
func (a *app) lintInput(f lintFlags) (nginx.Input, error) {
	given := nginx.Input{Paths: f.paths}
	cfg, path, err := a.settings()
	if err != nil {
		return given, err
	}
	if path != "" && cfg.Balancer.Kind == cluster.Nginx {
		given.Cluster = &cfg
		if len(given.Paths) == 0 {
			given.Paths = []string{cfg.WebSocket.Path}
		}
	}
	return given, nil
}

// readConf reads a file, a folder or standard input.
func (a *app) readConf(name string) (*conf.Config, error) {
	if name == "-" {
		src, err := io.ReadAll(io.LimitReader(a.stdin, conf.MaxFile+1))
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return conf.Parse("<stdin>", src, conf.Options{})
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		main := filepath.Join(name, "nginx.conf")
		if _, err := os.Stat(main); errors.Is(err, fs.ErrNotExist) {
			return conf.LoadFolder(name)
		}
		name = main
	}
	return conf.Load(name, conf.Options{})
}

// ownFolders are where this host's nginx keeps its files, by distribution and by a build of one's own.
var ownFolders = []string{"/etc/nginx/", "/usr/local/nginx/", "/usr/local/etc/nginx/", "/opt/homebrew/etc/nginx/", "/usr/local/openresty/nginx/"}

// nginxVersion is the version that was named, else this host's for a file of this host's nginx; zero: unknown.
func (a *app) nginxVersion(ctx context.Context, f lintFlags, file string) (conf.Version, error) {
	if f.version != "" {
		v, err := conf.ParseVersion(f.version)
		if err != nil {
			return v, usagef("--nginx-version: %w", err)
		}
		return v, nil
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return conf.Version{}, nil
	}
	for _, dir := range ownFolders {
		if strings.HasPrefix(abs, dir) {
			out, err := nginx.Nginx(ctx, "-v")
			if err != nil {
				break
			}
			v, _ := conf.ParseVersion(string(out)) // a version that cannot be read is an unknown one
			return v, nil
		}
	}
	return conf.Version{}, nil
}

// lintFix prints the diff of what the findings would change, or applies it; it returns the findings that count for the
// exit code.
func (a *app) lintFix(ctx context.Context, f lintFlags, in *nginx.Input, findings []nginx.Finding) ([]nginx.Finding, error) {
	fixed := nginx.Fix(findings)
	if !f.apply {
		for _, x := range fixed {
			fmt.Fprint(a.stdout, x.Diff())
		}
		return findings, nil
	}
	if in.Conf.Dump || in.Conf.Main.Name == "<stdin>" {
		return nil, usagef("--apply needs the files themselves, not standard input or the output of nginx -T")
	}
	if len(fixed) == 0 {
		return findings, nil
	}
	main := ""
	if in.Conf.Level == conf.Main {
		abs, err := filepath.Abs(in.Conf.Main.Name)
		if err != nil {
			return nil, fmt.Errorf("finding %s: %w", in.Conf.Main.Name, err)
		}
		main = abs
	}
	done, err := nginx.Apply(ctx, fixed, main, nginx.Nginx)
	if err != nil {
		return nil, err
	}
	for i, name := range done.Files {
		fmt.Fprintf(a.stderr, "wrote %s; to take it back: mv %s %s\n", name, done.Backups[i], name)
	}
	if f.reload {
		if err := nginx.Reload(ctx, main, nginx.Nginx); err != nil {
			return nil, err
		}
	}
	c, err := conf.Load(in.Conf.Main.Name, conf.Options{})
	if err != nil {
		return nil, err
	}
	return nginx.Lint(nginx.NewInput(c, nginx.Input{Version: in.Version, Paths: in.Paths, Cluster: in.Cluster})), nil
}

func (a *app) lintPrint(f lintFlags, findings []nginx.Finding, walks []nginx.Walk) error {
	switch {
	case f.fix && !f.apply:
		return nil // standard output is the diff and nothing else
	case f.format == "json":
		return nginx.WriteJSON(a.stdout, findings, walks)
	case f.format == "sarif":
		return nginx.WriteSARIF(a.stdout, findings, version)
	}
	if err := nginx.WriteTrace(a.stdout, walks); err != nil {
		return err
	}
	return nginx.WriteText(a.stdout, findings)
}
