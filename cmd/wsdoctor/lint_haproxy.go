package main

import (
	"context"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/lint"
)

// haproxyFolders are where this host's HAProxy keeps its files.
var haproxyFolders = []string{"/etc/haproxy/", "/usr/local/etc/haproxy/"}

// lintHAProxy judges the sources that are HAProxy's, all together as one configuration.
func (a *app) lintHAProxy(ctx context.Context, f lintFlags, sources []source, doc *lint.Document) error {
	if len(sources) == 0 {
		return nil
	}
	if f.fix {
		return usagef("--fix knows nginx files only, and %s is an HAProxy configuration: without --fix, each finding has the lines to paste", sources[0].name)
	}
	options := haproxy.Options{Version: haproxy.ParseVersion(f.proxyVersion)}
	if f.proxyVersion != "" && !options.Version.Known() {
		return usagef("--haproxy-version: found %q, expected a version such as 2.6.12", f.proxyVersion)
	}
	var files []haproxy.File
	for _, s := range sources {
		if s.stdin != nil {
			files = append(files, haproxy.File{Name: s.name, Text: string(s.stdin)})
			continue
		}
		read, err := haproxy.Load([]string{s.name}, nil)
		if err != nil {
			return usageError{err}
		}
		if !options.Version.Known() && within(s.name, haproxyFolders) {
			options.Version = haproxy.Installed(ctx)
		}
		files = append(files, read...)
	}
	aims, err := a.lintAims(f)
	if err != nil {
		return err
	}
	var found []haproxy.Problem
	for _, aim := range aims {
		found = append(found, haproxy.Lint(options, aim, files...)...)
		if f.trace {
			doc.Walks = append(doc.Walks, haproxy.Walks(options, aim, files...)...)
		}
	}
	doc.Findings = append(doc.Findings, haproxy.Print(files, found)...)
	doc.Rules = append(doc.Rules, haproxy.Rules()...)
	return nil
}

// lintAims is what is to come through HAProxy: one aim for each path that was named, else that of the settings.
func (a *app) lintAims(f lintFlags) ([]haproxy.Aim, error) {
	cfg, path, err := a.settings()
	if err != nil {
		return nil, err
	}
	var aim haproxy.Aim
	if path != "" && cfg.Balancer.Kind == cluster.HAProxy {
		aim = haproxy.AimOf(cfg)
	}
	if len(f.paths) == 0 {
		return []haproxy.Aim{aim}, nil
	}
	var out []haproxy.Aim
	for _, p := range f.paths {
		out = append(out, aim.On(p))
	}
	return out, nil
}
