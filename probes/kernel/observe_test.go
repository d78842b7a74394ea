package kernel

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// procRoot is a made-up /proc: a service (pid 100) on 38888 and 38889, an nginx master (200) and two workers (201, 202)
// on 40000, all in the recorded tables.
func procRoot(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a made-up /proc needs symbolic links and file names with brackets")
	}
	root := t.TempDir()
	files := map[string]string{
		"sys/net/core/somaxconn":               "4096",
		"sys/net/ipv4/ip_local_port_range":     "32768\t60999",
		"sys/net/ipv4/ip_local_reserved_ports": "",
		"sys/net/ipv4/tcp_max_tw_buckets":      "131072",
		"sys/net/netfilter/nf_conntrack_max":   "262144",
		"sys/net/netfilter/nf_conntrack_count": "12",
		"sys/fs/file-nr":                       "1000\t0\t9223372036854775807",
		"sys/fs/file-max":                      "9223372036854775807",
		"sys/fs/nr_open":                       "1048576",
		"net/tcp":                              recorded(t, "tcp"), "net/tcp6": recorded(t, "tcp6"), "net/netstat": recorded(t, "netstat"), "net/sockstat": recorded(t, "sockstat"),
	}
	for pid, p := range map[int]struct{ comm, title string }{
		1: {"systemd", "/sbin/init\x00"}, 100: {"java", "java\x00-jar\x00"}, 200: {"nginx", "nginx: master process /usr/sbin/nginx"},
		201: {"nginx", "nginx: worker process"}, 202: {"nginx", "nginx: worker process"},
	} {
		dir := fmt.Sprintf("%d/", pid)
		files[dir+"comm"], files[dir+"cmdline"], files[dir+"limits"], files[dir+"cgroup"] = p.comm+"\n", p.title, recorded(t, "limits"), recorded(t, "cgroup")
	}
	for name, text := range files {
		write(t, root, name, text)
	}
	for link, to := range map[string]string{
		"100/fd/0": "/dev/null", "100/fd/5": "socket:[94429]", "100/fd/6": "socket:[94430]", "100/fd/7": "socket:[x]",
		"200/fd/6": "socket:[94431]", "201/fd/6": "socket:[94431]", "202/fd/6": "socket:[94431]",
	} {
		file := filepath.Join(root, "proc", link)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, file); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	file := filepath.Join(root, "proc", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// target is a host that is a node and the balancer.
func target(root string) probes.Target {
	cfg := cluster.Default(cluster.FineReport)
	cfg.Nodes = []cluster.Node{{Name: "a", Host: "192.0.2.1"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://192.0.2.1:40000/"}
	return probes.Target{Config: cfg, Root: root, Local: func() ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}}
}

func TestObserve(t *testing.T) {
	o, err := Observe(t.Context(), target(procRoot(t)))
	if err != nil {
		t.Fatal(err)
	}
	if o.Somaxconn != 4096 || o.Ephemeral.Low != 32768 || o.Conntrack != (Conntrack{12, 262144}) || o.TimeWait.Now != 1 || o.TimeWait.Max != 131072 ||
		o.Files != (Files{1000, 9223372036854775807, 1048576}) || o.Backends != 1 || len(o.Listeners) != 3 || len(o.Gaps) != 0 {
		t.Errorf("%+v", o)
	}
	var got []string
	for _, p := range o.Processes {
		got = append(got, fmt.Sprintf("%d %s %s %v %d %s", p.PID, p.Name, p.Role, p.Ports, p.Soft, p.Unit))
	}
	want := "100 java service [38888 38889] 20000 nginx.service\n201 nginx balancer [40000] 20000 nginx.service\n202 nginx balancer [40000] 20000 nginx.service"
	if strings.Join(got, "\n") != want {
		t.Errorf("processes:\n%s\nexpected:\n%s", strings.Join(got, "\n"), want)
	}
}

// Each file that is missing or unreadable costs the rules that need it, and no other.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, root string)
		want   map[string]string // status and part of the reason, by rule
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"somaxconn", remove("sys/net/core/somaxconn"), map[string]string{"somaxconn": "unknown reading"}},
		{"conntrack not loaded", remove("sys/net/netfilter"), map[string]string{"conntrack": "skipped connection tracking is not loaded"}},
		{"conntrack by half", remove("sys/net/netfilter/nf_conntrack_count"), map[string]string{"conntrack": "unknown reading"}},
		{"conntrack by words", replace("sys/net/netfilter/nf_conntrack_max", "many"), map[string]string{"conntrack": `unknown reading`}},
		{"netstat", remove("net/netstat"), map[string]string{"listen-overflows": "unknown reading", "time-wait-buckets": "unknown reading"}},
		{"netstat without counters", replace("net/netstat", "x"), map[string]string{"listen-overflows": `no line "TcpExt"`, "time-wait-buckets": `no line "TcpExt"`}},
		{"sockstat", remove("net/sockstat"), map[string]string{"time-wait-buckets": "unknown reading"}},
		{"sockstat without a count", replace("net/sockstat", "TCP: inuse 1\n"), map[string]string{"time-wait-buckets": "no count of sockets"}},
		{"tw buckets", remove("sys/net/ipv4/tcp_max_tw_buckets"), map[string]string{"time-wait-buckets": "unknown reading"}},
		{"range", remove("sys/net/ipv4/ip_local_port_range"), map[string]string{"ephemeral-ports": "unknown reading"}},
		{"no IPv6", remove("net/tcp6"), nil},
		{"no table", remove("net/tcp"), map[string]string{"open-files": "unknown reading"}},
		{"a broken table", replace("net/tcp", "x\n"+strings.Repeat("x", 2*seqPage)), map[string]string{"open-files": "unknown reading"}},
		{"nothing listens", replaceAll("header\n", "net/tcp", "net/tcp6"), map[string]string{"open-files": "skipped nothing listens"}},
		{"a listener of another namespace", func(t *testing.T, root string) {
			for _, pid := range []string{"100", "200", "201", "202"} {
				remove(pid+"/fd")(t, root)
			}
		}, map[string]string{"open-files": "unknown no process was found"}},
		{"no limits", func(t *testing.T, root string) {
			for _, pid := range []string{"100", "201", "202"} {
				remove(pid+"/limits")(t, root)
			}
		}, map[string]string{"open-files": "unknown no process was found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := procRoot(t)
			c.change(t, root)
			o, err := Observe(t.Context(), target(root))
			if err != nil {
				t.Fatal(err)
			}
			if len(o.Gaps) != len(c.want) {
				t.Errorf("%d gaps, expected %d", len(o.Gaps), len(c.want))
			}
			for rule, want := range c.want {
				g := o.Gaps[rule]
				if g == nil || !strings.Contains(g.Status.String()+" "+g.Reason.String(), want) {
					t.Errorf("%s: %+v, expected %q", rule, g, want)
				}
			}
		})
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(root, "proc", name)); err != nil {
			t.Fatal(err)
		}
	}
}

func replace(name, text string) func(*testing.T, string) {
	return func(t *testing.T, root string) { t.Helper(); write(t, root, name, text) }
}

func replaceAll(text string, names ...string) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		t.Helper()
		for _, n := range names {
			write(t, root, n, text)
		}
	}
}

// A whole area without something to look at.
func TestCannotObserve(t *testing.T) {
	elsewhere := target(t.TempDir())
	elsewhere.Config.Nodes[0].Host, elsewhere.Config.Balancer.URL = "192.0.2.9", ""
	unresolvable := target(t.TempDir())
	unresolvable.Config.Nodes[0].Host, unresolvable.Config.Balancer.URL = "", ""
	for _, c := range []struct {
		name   string
		target probes.Target
		want   probes.Status
		reason string
	}{
		{"another host", elsewhere, probes.Skipped, "neither a node"},
		{"a name that does not resolve", unresolvable, probes.Unknown, "could not be resolved"},
		{"no /proc", target(t.TempDir()), probes.Unknown, "is /proc mounted?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rep := probes.Run(t.Context(), c.target, []probes.Probe{Probe()}, probes.Options{}, nil)
			for _, r := range rep.Results {
				if r.Status != c.want || !strings.Contains(r.Reason.String(), c.reason) {
					t.Errorf("%s: %v, %s", r.ID, r.Status, r.Reason)
				}
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Observe(ctx, target(procRoot(t))); err == nil {
		t.Error("an interrupted look is no error")
	}
}

// What an ordinary user sees: listeners, and nobody behind them but a balancer that has a name.
func TestUnseen(t *testing.T) {
	listeners, nginx := []Listener{{Port: 38889}}, []Process{{PID: 1, Name: "nginx", Role: Proxy}}
	for _, c := range []struct {
		name   string
		o      Observation
		left   []int
		hidden bool
		want   string // part of the reason; "" means that all was seen
	}{
		{"nothing listens", Observation{}, nil, true, "nothing listens"},
		{"all owners known", Observation{Listeners: listeners, Processes: []Process{{Ports: []int{38889}}}}, nil, true, ""},
		{"another user's service", Observation{Node: true, Listeners: listeners}, []int{38889}, true, "run wsdoctor as root"},
		{"another user's nginx", Observation{Listeners: listeners, Processes: nginx}, []int{38889}, true, ""},
		{"another user's nginx on a node", Observation{Node: true, Listeners: listeners, Processes: nginx}, []int{38889}, true, "run wsdoctor as root"},
		{"a container", Observation{Node: true, Listeners: listeners}, []int{38889}, false, "process namespace"},
	} {
		err := c.o.unseen(c.left, c.hidden)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", c.name, err, c.want)
		}
	}
}

func BenchmarkArea(b *testing.B) {
	t := probes.Target{Config: cluster.Default(cluster.FineReport)}
	for b.Loop() {
		o, err := Observe(b.Context(), t)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range rules {
			r.Check(o)
		}
	}
}
