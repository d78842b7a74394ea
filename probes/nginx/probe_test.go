package nginx

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/procfs"
)

// healthy is a configuration for a cluster of the FineReport family with nothing to say against it.
const healthy = `worker_processes 2;
worker_rlimit_nofile 16384;
worker_shutdown_timeout 1h;
error_log /var/log/nginx/error.log info;
events {
    worker_connections 8192;
}
http {
    map $http_upgrade $connection_upgrade {
        default upgrade;
        ''      close;
    }
    upstream websocket {
        ip_hash;
        server 192.168.6.171:38888 max_fails=3;
        server 192.168.6.172:38888 max_fails=3;
    }
    server {
        listen 38889;
        location / {
            proxy_pass http://websocket;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_read_timeout 400s;
        }
    }
}
`

// settings are those of healthy.
func settings() cluster.Config {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "node2", Host: "192.168.6.172"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://192.168.6.181:38889/", Config: "/etc/nginx/nginx.conf"}
	return cfg
}

// machine is a made-up host with the given files.
func machine(files map[string]string, running ...*Running) host {
	return host{
		readFile: func(name string) ([]byte, error) {
			if s, ok := files[name]; ok {
				return []byte(s), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
		glob: func(string) ([]string, error) { return nil, nil },
		stat: func(name string) (fs.FileInfo, error) {
			if _, ok := files[name]; ok {
				return changedAt{written}, nil
			}
			return nil, fs.ErrNotExist
		},
		running: func() ([]*Running, error) { return running, nil },
		version: func(context.Context) conf.Version { return conf.Version{Major: 1, Minor: 22, Patch: 1} },
		builtIn: func(context.Context, int) string { return "" },
		real:    filepath.Clean,
		cpus:    4,
	}
}

// written is when the files of a machine were last changed.
var written = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type changedAt struct{ at time.Time }

func (c changedAt) Name() string       { return "" }
func (c changedAt) Size() int64        { return 0 }
func (c changedAt) Mode() fs.FileMode  { return 0o644 }
func (c changedAt) ModTime() time.Time { return c.at }
func (c changedAt) IsDir() bool        { return false }
func (c changedAt) Sys() any           { return nil }

// check runs the area on a machine and returns what was found, by ID.
func check(t *testing.T, cfg cluster.Config, h host) map[string]probes.Result {
	t.Helper()
	p := probes.New("nginx", func(ctx context.Context, target probes.Target) (Seen, error) { return observe(ctx, target, h) }, asProbeRules())
	target := probes.Target{Config: cfg, Local: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("192.168.6.181")}, nil }}
	rep := probes.Run(t.Context(), target, []probes.Probe{p}, probes.Options{}, nil)
	out := map[string]probes.Result{}
	for _, r := range rep.Results {
		out[r.ID] = r
	}
	if seen, ok := probes.Observed[Seen](rep); ok {
		if _, err := json.Marshal(seen); err != nil {
			t.Errorf("the observation does not marshal: %v", err)
		}
	}
	return out
}

func TestHealthy(t *testing.T) {
	run := &Running{PID: 1, Config: "/etc/nginx/nginx.conf", Loaded: written.Add(time.Hour), OpenFiles: 16384}
	results := check(t, settings(), machine(map[string]string{"/etc/nginx/nginx.conf": healthy}, run))
	if len(results) != len(Rules) {
		t.Errorf("%d results, expected %d", len(results), len(Rules))
	}
	for id, r := range results {
		if want := map[bool]probes.Status{false: probes.OK, true: probes.Skipped}[id == "nginx/answer"]; r.Status != want {
			t.Errorf("%s is %s: %v %v", id, r.Status, r.Reason, r.Findings)
		}
	}
}

func TestCrossChecks(t *testing.T) {
	for _, c := range []struct {
		name, id, subject string
		change            func(*cluster.Config, *string, *Running)
		status            probes.Status
	}{
		{"another port is listened on", "nginx/listen-port", "38889", func(_ *cluster.Config, s *string, _ *Running) { *s = strings.Replace(*s, "38889", "8080", 1) }, probes.Failed},
		{"another port is handed on to", "nginx/upstream-port", "8075", func(_ *cluster.Config, s *string, _ *Running) {
			*s = strings.Replace(*s, "171:38888", "171:8075", 1)
		}, probes.Failed},
		{"the heartbeat comes too late", "nginx/read-timeout", "", func(cfg *cluster.Config, _ *string, _ *Running) { cfg.Heartbeat = time.Hour }, probes.Failed},
		{"too many clients", "nginx/worker-connections", "", func(cfg *cluster.Config, _ *string, _ *Running) { cfg.Clients = 100_000 }, probes.Failed},
		{"too few files", "nginx/open-files", "", func(_ *cluster.Config, s *string, r *Running) {
			*s, r.OpenFiles = strings.Replace(*s, "worker_rlimit_nofile 16384;\n", "", 1), 1024
		}, probes.Warned},
		{"changed since", "nginx/not-reloaded", "", func(_ *cluster.Config, _ *string, r *Running) { r.Loaded = written.Add(-time.Hour) }, probes.Warned},
		{"not seen when it was read", "nginx/not-reloaded", "", func(_ *cluster.Config, _ *string, r *Running) { r.Loaded = time.Time{} }, probes.Unknown},
		{"another configuration runs", "nginx/not-reloaded", "", func(_ *cluster.Config, _ *string, r *Running) { r.Config = "/opt/nginx.conf" }, probes.Skipped},
		{"another configuration runs, and that is what is wrong", "nginx/running-file", "1", func(_ *cluster.Config, _ *string, r *Running) { r.Config = "/opt/nginx.conf" }, probes.Warned},
		{"its default configuration runs", "nginx/running-file", "", func(_ *cluster.Config, _ *string, r *Running) { r.Config = "" }, probes.OK},
		{"no stickiness", "nginx/stickiness", "", func(_ *cluster.Config, s *string, _ *Running) { *s = strings.Replace(*s, "ip_hash;", "", 1) }, probes.Warned},
		{"an include is gone", "nginx/syntax", "", func(cfg *cluster.Config, s *string, _ *Running) {
			*s = strings.Replace(*s, "    server {", "    include gone.conf;\n    server {", 1)
		}, probes.Failed},
		{"does not load", "nginx/syntax", "", func(_ *cluster.Config, s *string, _ *Running) { *s = strings.Replace(*s, "38889;", "38889", 1) + "}" }, probes.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, text := settings(), healthy
			run := &Running{PID: 1, Config: "/etc/nginx/nginx.conf", Loaded: written.Add(time.Hour), OpenFiles: 16384}
			c.change(&cfg, &text, run)
			r := check(t, cfg, machine(map[string]string{"/etc/nginx/nginx.conf": text}, run))[c.id]
			if r.Status != c.status {
				t.Errorf("%s is %s, expected %s: %v", c.id, r.Status, c.status, r.Findings)
			}
			if c.subject != "" && (len(r.Findings) == 0 || r.Findings[0].Subject != c.subject) {
				t.Errorf("the findings are %v, expected one about %s", r.Findings, c.subject)
			}
			for _, f := range r.Findings {
				if len(f.Evidence) == 0 || len(f.Fix) == 0 {
					t.Errorf("%s has no evidence or no fix: %+v", c.id, f)
				}
			}
		})
	}
}

func TestWhichFile(t *testing.T) {
	files := map[string]string{"/etc/nginx/nginx.conf": healthy, "/opt/own.conf": healthy}
	none := settings()
	none.Balancer.Config = ""
	other := none
	other.Balancer.Kind = cluster.HAProxy
	away := none
	away.Balancer.URL = "ws://10.9.9.9:38889/"
	gone := settings()
	gone.Balancer.Config = "/gone.conf"
	for _, c := range []struct {
		name   string
		cfg    cluster.Config
		h      host
		file   string // of Seen; "" where an error is expected
		chosen string
		status probes.Status
	}{
		{"of the settings", settings(), machine(files), "/etc/nginx/nginx.conf", "settings", probes.OK},
		{"of the master", none, machine(files, &Running{Config: "/opt/own.conf"}), "/opt/own.conf", "running master", probes.OK},
		{"of one of two masters", settings(), machine(files, &Running{Config: "/opt/own.conf"}, &Running{Config: "/etc/nginx/nginx.conf"}), "/etc/nginx/nginx.conf", "settings", probes.OK},
		{"two masters", none, machine(files, &Running{PID: 1, Config: "/opt/own.conf"}, &Running{PID: 2}), "", "", probes.Unknown},
		{"the default", none, machine(files), "/etc/nginx/nginx.conf", "default", probes.OK},
		{"none", none, machine(nil), "", "", probes.Unknown},
		{"another balancer", other, machine(files), "", "", probes.Skipped},
		{"another host", away, machine(files), "", "", probes.Skipped},
		{"not there", gone, machine(files), "", "", probes.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := probes.Target{Config: c.cfg, Local: func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("192.168.6.181")}, nil }}
			s, err := observe(t.Context(), target, c.h)
			if s.Config != c.file || s.Chosen != c.chosen || (err != nil) != (c.file == "") {
				t.Errorf("found %q (%s), %v", s.Config, s.Chosen, err)
			}
			var why *probes.Reason
			if errors.As(err, &why) && why.Status != c.status {
				t.Errorf("the reason is %v, expected %v", why.Status, c.status)
			}
		})
	}
}

func TestMaster(t *testing.T) {
	boot := time.Unix(1_700_000_000, 0)
	limits := "Limit                     Soft Limit           Hard Limit           Units\nMax open files            4096                 8192                 files\n"
	if got := openFilesOf(limits); got != 4096 {
		t.Errorf("found %d open files, expected 4096", got)
	}
	process := func(pid, parent int, title string, started time.Time) procfs.Process {
		return procfs.Process{PID: pid, Parent: parent, Name: "nginx", Args: []string{title}, Started: started}
	}
	all := []procfs.Process{
		process(10, 1, "nginx: master process /usr/sbin/nginx -p /opt/ngx -c conf/own.conf -g daemon off;", boot),
		process(11, 10, "nginx: worker process is shutting down", boot.Add(time.Second)),
		process(13, 10, "nginx: worker process", boot.Add(90*time.Second)),
		process(12, 10, "nginx: worker process", boot.Add(time.Minute)),
		process(14, 99, "nginx: worker process", boot),
	}
	files := func(pid int) int { return map[int]int{10: 1024, 12: 4096, 13: 4096}[pid] }
	found := masters(all, files)
	if len(found) != 1 {
		t.Fatalf("found %d masters, expected 1", len(found))
	}
	r := found[0]
	if r.PID != 10 || filepath.ToSlash(r.Config) != "/opt/ngx/conf/own.conf" || !r.Loaded.Equal(boot.Add(time.Minute)) || r.OpenFiles != 4096 || !slices.Equal(r.Workers, []int{13, 12}) {
		t.Errorf("found %+v", r)
	}
	if got := masters(all[1:], files); got != nil {
		t.Errorf("without a master: %+v", got)
	}
}
