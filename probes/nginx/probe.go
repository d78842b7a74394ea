package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// Seen is what the area nginx observes: the configuration and the nginx that runs.
type Seen struct {
	Config    string       `json:"config"`    // the file
	Chosen    string       `json:"chosen"`    // why this file: "settings", "running master" or "default"
	Version   string       `json:"version"`   // of nginx; "unknown"
	Files     []string     `json:"files"`     // that were read
	Servers   []SeenServer `json:"servers"`   //
	Upstreams []SeenGroup  `json:"upstreams"` //
	Running   *Running     `json:"running"`   // null: none seen on this host
	Walks     []lint.Walk  `json:"walks"`     // of the settings' path
	Source    *Input       `json:"-"`         // what the rules judge; for screens: the files with their lines
}

// SeenServer is one server block, for scripts.
type SeenServer struct {
	Title string   `json:"title"`
	Names []string `json:"names"`
	Ports []int    `json:"ports"`
	TLS   bool     `json:"tls"`
	Where string   `json:"where"`
}

// SeenGroup is one upstream, for scripts.
type SeenGroup struct {
	Name    string   `json:"name"`
	Servers []string `json:"servers"`
	Method  string   `json:"method"` // "" is round robin
	Where   string   `json:"where"`
}

// Probe is the area nginx: the configuration of the balancer that the settings name, judged by the rules.
func Probe() probes.Probe {
	return probes.New("nginx", func(ctx context.Context, t probes.Target) (Seen, error) { return observe(ctx, t, newHost(t)) }, asProbeRules())
}

// asProbeRules turns the rules of lint into those of a check.
func asProbeRules() []probes.Rule[Seen] {
	var out []probes.Rule[Seen]
	for _, r := range Rules {
		pr := probes.Rule[Seen]{ID: r.ID, Title: r.Title, Why: r.Why + " (" + r.Docs + ").", Check: func(s Seen) []probes.Finding {
			var out []probes.Finding
			for _, f := range r.run(s.Source) {
				if f.Ignored == "" {
					out = append(out, f.general())
				}
			}
			return out
		}}
		if r.Applies != nil {
			pr.Applies = func(s Seen) (probes.Status, probes.Text) { return r.Applies(s.Source) }
		}
		out = append(out, pr)
	}
	return out
}

// general is the finding as every area has it.
func (f Finding) general() probes.Finding {
	p := f.Place()
	ev := []probes.Evidence{{Where: where(p), Saw: probes.Verbatim(strings.TrimSpace(f.File.Line(p.Line)))}}
	fix := make([]probes.Text, 0, len(f.Fix)+1)
	if len(f.Fix) > 0 {
		fix = append(fix, probes.T("# at %s:", where(p)))
		fix = append(fix, f.Fix...)
	}
	subject := f.Subject
	if subject == "" {
		subject = where(p)
	}
	return probes.Finding{Severity: f.Severity, Subject: subject, Title: f.Title, Evidence: append(ev, f.Evidence...), Fix: fix}
}

// defaultConfigs are where nginx looks without -c, by distribution and by a build of one's own.
var defaultConfigs = []string{"/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/usr/local/etc/nginx/nginx.conf", "/opt/homebrew/etc/nginx/nginx.conf"}

// host is what the area asks of the machine; tests put another one in its place.
type host struct {
	readFile func(name string) ([]byte, error)
	glob     func(pattern string) ([]string, error)
	stat     func(name string) (fs.FileInfo, error)
	running  func() ([]*Running, error) // none without an error: no nginx runs
	version  func(context.Context) conf.Version
	cpus     int
}

func observe(ctx context.Context, t probes.Target, h host) (Seen, error) {
	if t.Config.Balancer.Kind != cluster.Nginx {
		return Seen{}, probes.Skip("the settings name %s as the balancer, not nginx (balancer.kind)", t.Config.Balancer.Kind)
	}
	if b := t.Config.Balancer; b.Config == "" && b.Host() != "" {
		if here := t.Place(ctx); !here.Balancer && len(here.Unsure) == 0 {
			return Seen{}, probes.Skip("the balancer %s is another host; copy its configuration here and name it in the settings (balancer.config), or run wsdoctor there", b.Host())
		}
	}
	all, err := h.running()
	if err != nil {
		all = nil // a process table that cannot be read: the file is judged all the same
	}
	file, chosen, err := choose(t.Config.Balancer.Config, all, h)
	if err != nil {
		return Seen{}, err
	}
	c, err := conf.Load(file, conf.Options{ReadFile: h.readFile, Glob: h.glob})
	switch {
	case errors.Is(err, fs.ErrPermission):
		return Seen{}, probes.CannotLook("%s is not readable for this user; run as root", file)
	case err != nil:
		return Seen{}, fmt.Errorf("looking at nginx: %w", err)
	}
	running := with(all, file)
	if running != nil {
		running.Changed = changed(c, h)
	}
	cfg := t.Config
	in := NewInput(c, Input{Version: h.version(ctx), Paths: []string{cfg.WebSocket.Path}, Cluster: &cfg, CPUs: h.cpus, Running: running,
		Local: chosen != "settings" || t.Place(ctx).Balancer})
	return seen(in, file, chosen), nil
}

// choose returns the configuration to look at: the settings' own, the one that the running master was started with, or
// the first of nginx's usual ones.
func choose(configured string, running []*Running, h host) (file, chosen string, err error) {
	if configured != "" {
		return configured, "settings", nil
	}
	if len(running) > 1 {
		var pids []string
		for _, r := range running {
			pids = append(pids, strconv.Itoa(r.PID))
		}
		return "", "", probes.CannotLook("nginx runs %d times on this host (pids %s); name the balancer's file in the settings (balancer.config)", len(running), strings.Join(pids, ", "))
	}
	if len(running) == 1 && running[0].Config != "" {
		return running[0].Config, "running master", nil
	}
	for _, f := range defaultConfigs {
		if _, err := h.stat(f); err == nil {
			return f, "default", nil
		}
	}
	return "", "", probes.CannotLook("no nginx configuration on this host; copy it here and name it in the settings (balancer.config), or run wsdoctor on the balancer's host")
}

// with returns the nginx that runs with a file; nil where none does. One that was started without -c may: it says not
// which file that is.
func with(running []*Running, file string) *Running {
	for _, r := range running {
		if r.Config == "" || filepath.Clean(r.Config) == filepath.Clean(file) {
			return r
		}
	}
	return nil
}

// changed returns when each file of a configuration was last written.
func changed(c *conf.Config, h host) map[string]time.Time {
	out := map[string]time.Time{}
	for _, f := range c.Files {
		if info, err := h.stat(f.Name); err == nil {
			out[f.Name] = info.ModTime()
		}
	}
	return out
}

func seen(in *Input, file, chosen string) Seen {
	s := Seen{Config: file, Chosen: chosen, Version: in.Version.String(), Running: in.Running, Walks: in.Walks(), Source: in}
	for _, f := range in.Conf.Files {
		s.Files = append(s.Files, f.Name)
	}
	for _, srv := range in.Model.Servers {
		x := SeenServer{Title: srv.Title(), Names: srv.Names, Ports: srv.Ports(), TLS: srv.TLS()}
		if srv.Scope.Dir != nil {
			x.Where = place(srv.Scope.Dir)
		}
		s.Servers = append(s.Servers, x)
	}
	for _, u := range in.Model.Upstreams {
		s.Upstreams = append(s.Upstreams, group(u))
	}
	return s
}

func group(u *model.Upstream) SeenGroup {
	g := SeenGroup{Name: u.Name}
	for _, b := range u.Servers {
		g.Servers = append(g.Servers, b.Dir.Arg(0))
	}
	if u.Method != nil {
		g.Method = u.Method.Name
	}
	if u.Dir != nil {
		g.Where = place(u.Dir)
	}
	return g
}

// Findings returns all findings of the observation with their places and edits, for screens.
func (s Seen) Findings() []Finding {
	return slices.DeleteFunc(Lint(s.Source), func(f Finding) bool { return f.Ignored != "" })
}
