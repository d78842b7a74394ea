package nginx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
)

// Probe is the area nginx: the configuration of the balancer that the settings name, judged by the rules.
func Probe() probes.Probe {
	return probes.New("nginx", func(ctx context.Context, t probes.Target) (Seen, error) { return observe(ctx, t, newHost(t)) }, asProbeRules())
}

// asProbeRules turns the rules of lint into those of a check.
func asProbeRules() []probes.Rule[Seen] {
	var out []probes.Rule[Seen]
	for _, r := range Rules {
		pr := probes.Rule[Seen]{ID: r.ID, Title: r.Title, Why: r.Why, Docs: r.Docs, Check: func(s Seen) []probes.Finding {
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
	builtIn  func(ctx context.Context, pid int) string // the file that a running nginx reads without -c; "": not known
	real     func(name string) string                  // without symbolic links
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
	for _, r := range all {
		if r.Config == "" {
			r.Config = h.builtIn(ctx, r.PID)
		}
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
	running := with(all, file, h)
	if running != nil {
		running.Changed = changed(c, h)
	}
	cfg := t.Config
	in := NewInput(c, Input{Version: h.version(ctx), Paths: []string{cfg.WebSocket.Path}, Cluster: &cfg, CPUs: h.cpus, Running: running, Others: others(all, running),
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

// with returns the nginx that runs with a file; nil where none does. One that was started without -c may: where its
// build does not say which file that is, it is taken for the one that is looked at.
func with(running []*Running, file string, h host) *Running {
	for _, r := range running {
		if r.Config == "" || h.real(r.Config) == h.real(file) {
			return r
		}
	}
	return nil
}

// others returns the nginx that run, but for one.
func others(running []*Running, one *Running) []*Running {
	return slices.DeleteFunc(slices.Clone(running), func(r *Running) bool { return r == one })
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
