package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/wizard"
	"example.com/wsdoctor/wizard/export"
)

// Where the packages of the distributions put what a balancer reads.
const (
	usualNginx   = "/etc/nginx/nginx.conf"
	usualHAProxy = "/etc/haproxy/haproxy.cfg"
)

// planBalancer adds what a balancer of this host that is not ours has to read. What it reads already is added to and not
// replaced; where it hands these WebSockets on already, only what the linter mends without a question is changed.
func (g *guide) planBalancer(p *wizard.Plan, d wizard.Draft) error {
	running, runs := d.Found.Runs(d.Config.Balancer.Kind)
	file := d.Config.Balancer.Config
	if file == "" {
		file = running.Config
	}
	runs = runs && file == running.Config
	switch d.Config.Balancer.Kind {
	case cluster.Nginx:
		return g.planNginx(p, d, file, running, runs)
	case cluster.HAProxy:
		return g.planHAProxy(p, d, file, running, runs)
	}
	before := len(p.Files)
	if err := g.planTarget(p, string(d.Config.Balancer.Kind), d.Config, export.Options{}); err != nil {
		return err
	}
	for i := before; i < len(p.Files); i++ {
		f := &p.Files[i]
		if _, err := os.Stat(f.Path); err == nil && !f.Unchanged() {
			beside := filepath.Join(filepath.Dir(g.path), "wsdoctor-"+filepath.Base(f.Path))
			g.say(probes.T("%s is there already and is not replaced: %s is for you to take over", f.Path, beside))
			f.Path, p.Commands = beside, nil
		}
	}
	return nil
}

// handsOn returns the way by which WebSockets come through a configuration on the clients' port.
func handsOn(ways []cluster.Way, cfg cluster.Config) (cluster.Way, bool) {
	i := slices.IndexFunc(ways, func(w cluster.Way) bool {
		return slices.ContainsFunc(w.Entries, func(e cluster.Entry) bool { return e.Port == cfg.Balancer.Port() })
	})
	if i < 0 {
		return cluster.Way{}, false
	}
	return ways[i], true
}

// planNginx puts a file of its own where the configuration includes files, and an include of it where it includes none.
func (g *guide) planNginx(p *wizard.Plan, d wizard.Draft, file string, running wizard.Running, runs bool) error {
	if file == "" {
		file = usualNginx
	}
	target, _ := export.Lookup(string(cluster.Nginx))
	files, err := target.Render(d.Config, export.Options{Fragment: fileThere(file)})
	if err != nil {
		return err
	}
	ours := wizard.File{Path: files[0].Path, Content: files[0].Data, Mode: files[0].Mode}
	if !fileThere(file) {
		ours.Path = file
		p.Files = append(p.Files, ours)
	} else {
		c, err := conf.Open(file)
		if err != nil {
			return err
		}
		folder, included := includedFolder(c, file)
		ours.Path = filepath.Join(folder, "wsdoctor.conf")
		ways := slices.DeleteFunc(nginx.Ways(c, d.Config.WebSocket.Path), func(w cluster.Way) bool { return strings.HasPrefix(w.Where, ours.Path+":") })
		if w, ok := handsOn(ways, d.Config); ok {
			g.say(probes.T("%s hands these WebSockets on already; it is changed only where the linter knows a fix", w.Where))
			fixed := nginx.Fix(nginx.Lint(nginx.NewInput(c, nginx.Input{Paths: []string{d.Config.WebSocket.Path}, Cluster: &d.Config})))
			for _, x := range fixed {
				p.Files = append(p.Files, wizard.File{Path: x.File.Name, Content: x.New, Mode: 0o644})
			}
			if len(fixed) == 0 {
				return nil
			}
		} else {
			p.Files = append(p.Files, ours)
			if !included {
				with, err := withInclude(c, ours.Path)
				if err != nil {
					return err
				}
				p.Files = append(p.Files, with)
			}
		}
	}
	words := ""
	if running.Prefix != "" {
		words = " -p " + wizard.Quote(running.Prefix)
	}
	if file != usualNginx {
		words += " -c " + wizard.Quote(file)
	}
	p.Commands = append(p.Commands, wizard.Command{Run: "nginx -t" + words, Again: true, Check: true, Why: probes.T("nginx says whether it takes these files")})
	switch {
	case runs && running.Reload != "":
		p.Commands = append(p.Commands, wizard.Command{Run: running.Reload, Again: true, Why: probes.T("nginx reads its files again; tunnels that are open stay")})
	case systemdRuns():
		p.Commands = append(p.Commands, wizard.Command{Run: "systemctl reload-or-restart nginx", Again: true, Why: probes.T("nginx reads its files")})
	default:
		p.Commands = append(p.Commands, wizard.Command{Run: "nginx" + words, Undo: "nginx -s stop" + words, Why: probes.T("nginx is started")})
	}
	return nil
}

// includedFolder returns the folder whose *.conf the http block includes; where there is none, the folder of the file.
func includedFolder(c *conf.Config, file string) (folder string, included bool) {
	folder = filepath.Dir(file)
	for _, http := range conf.Find(c.Top, "http") {
		for _, inc := range http.Find("include") {
			pattern := inc.Arg(0)
			if !filepath.IsAbs(pattern) {
				pattern = filepath.Join(filepath.Dir(file), pattern)
			}
			if ok, _ := filepath.Match(filepath.Base(pattern), "wsdoctor.conf"); ok && filepath.Base(pattern) != "wsdoctor.conf" || pattern == filepath.Join(folder, "wsdoctor.conf") {
				return filepath.Dir(pattern), true
			}
		}
	}
	return folder, false
}

// withInclude adds an include at the end of the http block.
func withInclude(c *conf.Config, path string) (wizard.File, error) {
	blocks := conf.Find(c.Top, "http")
	if len(blocks) == 0 || !blocks[0].HasBlock || blocks[0].Close >= len(blocks[0].File.Src) {
		return wizard.File{}, errors.New("adding to nginx's configuration: found no http block in it, expected one")
	}
	http := blocks[0]
	var out bytes.Buffer
	out.Write(http.File.Src[:http.Close])
	if line := http.File.LineStart(http.Close); len(bytes.TrimSpace(http.File.Src[line:http.Close])) > 0 {
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "    include %s;\n%s", path, http.File.Src[http.Close:])
	return wizard.File{Path: http.File.Name, Content: out.Bytes(), Mode: 0o644}, nil
}

// What stands around our part of HAProxy's file, which has no folder for such parts.
const (
	beginOurs = "# begin: written by wsdoctor setup\n"
	endOurs   = "# end: written by wsdoctor setup\n"
)

// planHAProxy puts a frontend and a backend at the end of the file.
func (g *guide) planHAProxy(p *wizard.Plan, d wizard.Draft, file string, running wizard.Running, runs bool) error {
	if file == "" {
		file = usualHAProxy
	}
	target, _ := export.Lookup(string(cluster.HAProxy))
	files, err := target.Render(d.Config, export.Options{Fragment: fileThere(file)})
	if err != nil {
		return err
	}
	ours := wizard.File{Path: file, Content: files[0].Data, Mode: files[0].Mode}
	if fileThere(file) {
		old, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("reading what is to be added to: %w", err)
		}
		rest := withoutOurs(string(old))
		if w, ok := handsOn(haproxy.Ways(haproxy.Options{}, d.Config.WebSocket.Path, haproxy.File{Name: file, Text: rest}), d.Config); ok {
			g.say(probes.T("%s hands these WebSockets on already; `wsdoctor lint %s` says what of it could be better", w.Where, file))
			return nil
		}
		_, part, _ := strings.Cut(string(ours.Content), "\nfrontend ")
		ours.Content = []byte(strings.TrimRight(rest, "\n") + "\n\n" + beginOurs + "frontend " + part + endOurs)
	}
	p.Files = append(p.Files, ours)
	for _, s := range files[0].Steps {
		if s.Undo != "" { // certificate and key in one file
			p.Commands = append(p.Commands, wizard.Command{Run: s.Do, Undo: s.Undo})
		}
	}
	p.Commands = append(p.Commands, wizard.Command{Run: "haproxy -c -f " + wizard.Quote(file), Again: true, Check: true, Why: probes.T("HAProxy says whether it takes this file")})
	switch {
	case runs && running.Reload != "":
		p.Commands = append(p.Commands, wizard.Command{Run: running.Reload, Again: true, Why: probes.T("HAProxy reads its file again; tunnels that are open stay")})
	case systemdRuns():
		p.Commands = append(p.Commands, wizard.Command{Run: "systemctl reload-or-restart haproxy", Again: true, Why: probes.T("HAProxy reads its file")})
	default:
		g.say(probes.T("HAProxy is not started by systemd here: start it anew with -f %s once this is written", file))
	}
	return nil
}

// withoutOurs cuts our part out of a file.
func withoutOurs(text string) string {
	before, rest, begun := strings.Cut(text, beginOurs)
	_, after, ended := strings.Cut(rest, endOurs)
	if !begun || !ended {
		return text
	}
	return strings.TrimRight(before, "\n") + "\n" + after
}

func fileThere(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// systemdRuns tells whether systemd started this host (sd_booted(3)).
func systemdRuns() bool {
	info, err := os.Lstat("/run/systemd/system")
	return err == nil && info.IsDir()
}
