package main

import (
	"context"
	"fmt"
	"path/filepath"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
)

// lintNginx judges the sources that are nginx's, each by itself, and returns the others.
func (a *app) lintNginx(ctx context.Context, f lintFlags, sources []source, doc *lint.Document) (rest []source, err error) {
	given, err := a.lintInput(f)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		if s.haproxy {
			rest = append(rest, s)
			continue
		}
		c, err := readConf(s)
		if err != nil {
			return nil, usageError{err}
		}
		own := given
		if own.Version, err = nginxVersion(ctx, f, s.name); err != nil {
			return nil, err
		}
		in := nginx.NewInput(c, own)
		findings := nginx.Lint(in)
		if f.fix {
			if findings, err = a.lintFix(ctx, f, in, findings); err != nil {
				return nil, err
			}
		}
		for _, x := range findings {
			doc.Findings = append(doc.Findings, x.Print())
		}
		if f.trace {
			doc.Walks = append(doc.Walks, in.Walks()...)
		}
	}
	if len(rest) < len(sources) {
		for _, r := range nginx.Rules {
			doc.Rules = append(doc.Rules, r.Print())
		}
	}
	return rest, nil
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
func readConf(s source) (*conf.Config, error) {
	if s.stdin != nil {
		return conf.Parse(s.name, s.stdin, conf.Options{})
	}
	return conf.Open(s.name)
}

// nginxFolders are where this host's nginx keeps its files, by distribution and by a build of one's own.
var nginxFolders = []string{"/etc/nginx/", "/usr/local/nginx/", "/usr/local/etc/nginx/", "/opt/homebrew/etc/nginx/", "/usr/local/openresty/nginx/"}

// nginxVersion is the version that was named, else this host's for a file of this host's nginx; zero: unknown.
func nginxVersion(ctx context.Context, f lintFlags, file string) (conf.Version, error) {
	if f.nginxVersion != "" {
		v, err := conf.ParseVersion(f.nginxVersion)
		if err != nil {
			return v, usagef("--nginx-version: %w", err)
		}
		return v, nil
	}
	if within(file, nginxFolders) {
		if out, err := nginx.Nginx(ctx, "-v"); err == nil {
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
	if in.Conf.Dump || in.Conf.Main.Name == stdinName {
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
		fmt.Fprintln(a.stderr, a.voice().say("wrote %s; to take it back: mv %s %s", name, done.Backups[i], name))
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
