package haproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// root writes files below a folder that stands for /.
func root(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// target is FineReport with HAProxy on this host, below a root of the test's own.
func target(dir string) probes.Target {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Balancer = cluster.Balancer{Kind: cluster.HAProxy, URL: "ws://127.0.0.1:38889"}
	return probes.Target{Config: cfg, Root: dir, Local: func() ([]netip.Addr, error) { return nil, nil }}
}

func unknownVersion(context.Context, probes.Target, process) Version { return Version{} }

func TestWhichFile(t *testing.T) {
	one := usual + front + "backend app\n  server node1 127.0.0.1:38888 check\n"
	running := map[string]string{
		"proc/1/comm": "init\n", "proc/1/cmdline": "init\x00",
		"proc/70/comm": "haproxy\n", "proc/70/cmdline": "haproxy\x00-Ws\x00-f\x00/opt/a.cfg\x00-f\x00/opt/conf.d\x00-p\x00/run/x.pid\x00-sf\x0012\x00", "proc/70/environ": "A=b\x00",
		"opt/a.cfg": usual, "opt/conf.d/20-b.cfg": "backend app\n  server node1 127.0.0.1:38888 check\n", "opt/conf.d/10-f.cfg": front, "opt/conf.d/.x.cfg": "x\n", "opt/conf.d/readme": "x\n", "opt/conf.d/d.cfg/x": "x",
		"etc/haproxy/haproxy.cfg": one, "etc/other.cfg": one,
	}
	for _, tc := range []struct {
		name   string
		files  map[string]string
		change func(*probes.Target)
		want   string // from and files, or the status and part of the reason
	}{
		{"default", map[string]string{"etc/haproxy/haproxy.cfg": one}, nil, "default [/etc/haproxy/haproxy.cfg]"},
		{"running", running, nil, "pid 70 [/opt/a.cfg /opt/conf.d/10-f.cfg /opt/conf.d/20-b.cfg]"},
		{"settings win", running, func(t *probes.Target) { t.Config.Balancer.Config = "/etc/other.cfg" }, "balancer.config [/etc/other.cfg]"},
		{"another kind", running, func(t *probes.Target) { t.Config.Balancer.Kind = cluster.Nginx }, `skipped balancer.kind is "nginx"`},
		{"none here", nil, nil, "skipped no /etc/haproxy/haproxy.cfg here"},
		{"on another host", map[string]string{"etc/haproxy/haproxy.cfg": one}, func(t *probes.Target) { t.Config.Balancer.URL = "ws://192.0.2.7:38889" }, "skipped the balancer runs on another host"},
		{"named and not there", nil, func(t *probes.Target) { t.Config.Balancer.Config = "/etc/other.cfg" }, "unknown reading /etc/other.cfg: no such file"},
		{"a folder without files", map[string]string{"etc/conf.d/readme": "x"}, func(t *probes.Target) { t.Config.Balancer.Config = "/etc/conf.d" }, "unknown no .cfg file in /etc/conf.d"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tg := target(root(t, tc.files))
			if tc.change != nil {
				tc.change(&tg)
			}
			o, err := observe(t.Context(), tg, unknownVersion)
			got := fmt.Sprintf("%s %v", o.From, o.Files)
			var why *probes.Reason
			if errors.As(err, &why) {
				got = fmt.Sprintf("%s %s", why.Status, why.Text)
			} else if err != nil {
				got = "unknown " + err.Error()
			}
			if !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, expected %q", got, tc.want)
			}
			if err == nil {
				for _, p := range o.model.routes {
					if p.ends != toBackend || !p.entry {
						t.Errorf("route %+v", p)
					}
				}
			}
		})
	}
}

func TestConfigFiles(t *testing.T) {
	for args, want := range map[string]string{
		"-f a.cfg -f /b.cfg":        "[/w/a.cfg /b.cfg]",
		"-C /c -f a.cfg":            "[/c/a.cfg]",
		"-C d -- a.cfg b.cfg":       "[/w/d/a.cfg /w/d/b.cfg]",
		"-Ws -p /run/x -sf 3 4":     "[]",
		"-f":                        "[]",
		"-W -f /x.cfg -- /y -f /z ": "[/x.cfg /y -f /z]",
	} {
		got := fmt.Sprint(configFiles(strings.Fields(args), "/w"))
		if args == "-W -f /x.cfg -- /y -f /z " {
			want = "[/x.cfg /y /w/-f /z]" // behind "--" everything is a file
		}
		if got != want {
			t.Errorf("%s: got %s, expected %s", args, got, want)
		}
	}
	if got := configFiles([]string{"-f", "a.cfg"}, ""); len(got) != 0 {
		t.Errorf("a relative name without a folder: %v", got)
	}
}

func TestLoadIsBounded(t *testing.T) {
	dir := root(t, map[string]string{"big.cfg": strings.Repeat("#", maxBytes+1), "ok.cfg": "global\n"})
	if _, err := Load([]string{filepath.Join(dir, "big.cfg")}, nil); err == nil || !strings.Contains(err.Error(), "larger than 16 MB") {
		t.Errorf("got %v", err)
	}
	if _, err := Load([]string{os.DevNull}, nil); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("got %v", err)
	}
	if _, err := Load([]string{filepath.Join(dir, "no.cfg")}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	many := map[string]string{}
	for i := range maxFiles + 1 {
		many[strconv.Itoa(i)+".cfg"] = ""
	}
	if _, err := Load([]string{root(t, many)}, nil); err == nil || !strings.Contains(err.Error(), "more than 1000 files") {
		t.Errorf("got %v", err)
	}
	if files, err := Load([]string{filepath.Join(dir, "ok.cfg")}, nil); err != nil || len(files) != 1 || files[0].Text != "global\n" {
		t.Errorf("got %v, %v", files, err)
	}
}

// TestRunningHAProxy finds a real process, its file, its environment and its version.
func TestRunningHAProxy(t *testing.T) {
	if !probetest.InNetns(t) { // where no other test's HAProxy runs
		return
	}
	ln := probetest.Listen(t)
	_, port, _ := net4(ln.Addr().String())
	s := probetest.HAProxy(t, "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  timeout tunnel 1h\nfrontend f\n  bind fd@3\n  default_backend b\nbackend b\n  server s 127.0.0.1:38888 check\n", ln)
	tg := target("")
	tg.Config.Balancer.URL = "ws://127.0.0.1:" + port
	file := filepath.Join(s.Dir, "haproxy.cfg")
	o, err := Observe(t.Context(), tg)
	if err != nil || !strings.HasPrefix(o.From, "pid ") || !o.Version.Known() {
		t.Fatalf("%+v, %v", o, err)
	}
	if len(o.Files) != 1 || o.Files[0] != file {
		t.Errorf("files %v, expected %s", o.Files, file)
	}
	if len(o.Routes) != 1 || o.Routes[0].Backend != "b" || !o.Routes[0].Certain {
		t.Errorf("routes %+v", o.Routes)
	}
	tg.Config.Balancer.Config = file
	r := probes.Run(t.Context(), tg, []probes.Probe{Probe()}, probes.Options{}, nil)
	for _, res := range r.Results {
		if res.Status == probes.Failed || res.Status == probes.Warned {
			t.Errorf("%s: %v", res.ID, res.Findings)
		}
	}
	seen, _ := probes.Observed[Observation](r)
	raw, err := json.Marshal(seen)
	if err != nil || !strings.Contains(string(raw), `"tunnel":3600`) || !strings.Contains(string(raw), `"version":"`+seen.Version.String()) {
		t.Errorf("%s, %v", raw, err)
	}
}

// net4 splits host and port.
func net4(addr string) (host, port string, ok bool) { return strings.Cut(addr, ":") }

// TestUnknownIsSaid checks that what cannot be told is neither fine nor wrong.
func TestUnknownIsSaid(t *testing.T) {
	for _, tc := range []struct{ id, text string }{
		{"timeout-tunnel", strings.Replace(usual, "tunnel 1h", `tunnel "${TUNNEL}"`, 1) + front + two},
		{"timeout-tunnel", usual + front + two + ".if feature(OPENSSL)\n  timeout tunnel 1s\n.endif\n"},
		{"bind-port", usual + strings.Replace(front, ":38889", `":${PORT}"`, 1) + two},
		{"stickiness", usual + front + strings.Replace(two, "balance source", `balance "${ALGORITHM}"`, 1)},
		{"maxconn", "global\n  maxconn \"${MAX}\"\n" + usual + front + two},
		{"path-not-routed", usual + "frontend ws\n  bind :38889\n  use_backend bk_%[req.hdr(host)]\n"},
		{"mode-tcp", strings.Replace(usual, "mode http", `mode "${MODE}"`, 1) + front + two},
	} {
		t.Run(tc.id, func(t *testing.T) {
			o := Options{}
			seen := observed(newModel(Parse(o, File{"haproxy.cfg", tc.text}), o, reportAim()))
			for _, r := range rules {
				p := r.probe()
				if status, why := p.Applies(seen); r.id == tc.id && (status != probes.Unknown || why.IsZero() || len(p.Check(seen)) > 0) {
					t.Errorf("%s: %s %q %v", p.ID, status, why, p.Check(seen))
				}
			}
		})
	}
}
