package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard"
	"example.com/wsdoctor/wizard/export"
)

// Where a service of systemd finds the program and its settings: with ProtectHome it sees nobody's home.
const (
	serviceProgram  = "/usr/local/bin/wsdoctor"
	serviceSettings = "/etc/wsdoctor/wsdoctor.yaml"
)

// plan puts together what would be changed: the settings, and what the balancer of this host reads.
func (g *guide) plan(d wizard.Draft) (wizard.Plan, error) {
	settings, err := wizard.SettingsFile(g.path, d.Config)
	if err != nil {
		return wizard.Plan{}, err
	}
	p := wizard.Plan{Files: []wizard.File{settings}}
	switch kind := d.Config.Balancer.Kind; {
	case d.Launch == wizard.LaunchService:
		err = g.planService(&p, d.Config)
	case d.Here && !d.None && (kind == cluster.Nginx || kind == cluster.HAProxy || kind == cluster.Caddy):
		err = g.planBalancer(&p, d)
	}
	return p, err
}

// planService adds the units of the embedded proxy, and puts the program and the settings where a service reads them.
func (g *guide) planService(p *wizard.Plan, cfg cluster.Config) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if !strings.HasPrefix(program, "/usr/") && !strings.HasPrefix(program, "/opt/") {
		if _, err := os.Stat(serviceProgram); err != nil {
			p.Commands = append(p.Commands, wizard.Command{
				Run: "install -m 0755 '" + strings.ReplaceAll(program, "'", `'\''`) + "' " + serviceProgram, Undo: "rm -f " + serviceProgram,
				Why: probes.T("a service cannot read the program where it is"),
			})
		}
		program = serviceProgram
	}
	settings := g.path
	if !strings.HasPrefix(settings, "/etc/") {
		file, err := wizard.SettingsFile(serviceSettings, cfg)
		if err != nil {
			return err
		}
		p.Files, settings = append(p.Files, file), serviceSettings
	}
	return g.planTarget(p, "systemd", cfg, export.Options{Program: program, Settings: settings})
}

// planTarget adds what a target of export writes on this host.
func (g *guide) planTarget(p *wizard.Plan, name string, cfg cluster.Config, o export.Options) error {
	target, ok := export.Lookup(name)
	if !ok {
		return fmt.Errorf("exporting %s: there is no such target", name)
	}
	files, err := target.Render(cfg, o)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !filepath.IsAbs(f.Path) {
			continue // it is only to be read
		}
		p.Files = append(p.Files, wizard.File{Path: f.Path, Content: f.Data, Mode: f.Mode})
		for _, s := range f.Steps {
			p.Commands = append(p.Commands, wizard.Command{Run: s.Do, Undo: s.Undo, Again: s.Again})
		}
	}
	return nil
}
