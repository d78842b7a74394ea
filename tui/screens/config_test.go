package screens

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	drawn "example.com/wsdoctor/tui/golden"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// sizes are those of a screen on the terminals that every view is recorded for: the frame takes four lines.
var sizes = []struct{ w, h int }{{80, 20}, {60, 16}, {120, 36}, {200, 56}}

// golden records a screen at every size, and tells whether it fits many others.
func golden(t *testing.T, name string, s Screen, st State) {
	t.Helper()
	for _, size := range sizes {
		st.Width, st.Height = size.w, size.h
		drawn.Compare(t, fmt.Sprintf("%s-%dx%d", name, size.w, size.h+4), ansi.Strip(s.View(st)))
	}
	for _, w := range []int{60, 75, 76, 80, 99, 100, 133, 220} {
		for _, h := range []int{16, 17, 20, 46} {
			st.Width, st.Height = w, h
			view := s.View(st)
			if lines := strings.Count(view, "\n") + 1; lines > h {
				t.Errorf("%s at %dx%d: %d lines", name, w, h, lines)
			}
			drawn.Fits(t, fmt.Sprintf("%s at %dx%d", name, w, h), view+strings.Repeat("\n", max(h-strings.Count(view, "\n")-1, 0)), w, h)
		}
	}
	inOtherWords(t, name, s, st)
}

// written writes files of a configuration into a folder and reads them as the area nginx does.
func siteFiles(t *testing.T) (main string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"nginx.conf": `worker_processes auto;
events { worker_connections 512; }
http {
	# the nodes of the cluster
	upstream websocket {
		server 192.168.6.171:38888;
		server 192.168.6.172:38888;
	}
	include sites/*.conf;
}
`,
		"sites/bi.conf": `server {
	listen 38889;
	server_name bi.example.com;
	location / {
		proxy_pass http://websocket;
		proxy_set_header Host $http_host;
	}
}
`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "nginx.conf")
}

// seenNginx is a state after a run that has read a broken configuration, whose files are named as on a real host.
func seenNginx(t *testing.T) State {
	t.Helper()
	c, err := conf.Open(siteFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Files {
		f.Name = "/etc/nginx/" + map[bool]string{true: "nginx.conf", false: "sites/bi.conf"}[f == c.Main]
	}
	cfg := cluster.Default(cluster.FineReport)
	cfg.Balancer.Kind = cluster.Nginx
	in := nginx.NewInput(c, nginx.Input{Paths: []string{"/"}, Cluster: &cfg})
	return State{Config: cfg, Width: 80, Height: 20, Settings: "wsdoctor.yaml"}.Finished(probes.Report{Observed: map[string]any{"nginx": nginx.Seen{Chosen: "running master", Source: in}}})
}

// settled gives a screen a message and carries out what it asks for at once.
func (d *screen) send(msg tea.Msg) {
	d.t.Helper()
	var cmd tea.Cmd
	d.s, cmd = d.s.Update(d.st, msg)
	d.do(cmd)
}

// do carries out a command and gives the screen its messages, until none is left.
func (d *screen) do(cmd tea.Cmd) {
	d.t.Helper()
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.do(c)
		}
	case Rerun, Copy, Show, SaveReport, SetUp:
		d.asked = append(d.asked, msg)
	default:
		d.send(msg)
	}
}

// clicks clicks on a row, which then begins with text.
func (d *screen) clicks(x, y int, text string) {
	d.t.Helper()
	d.s = d.s.(Clickable).Clicked(d.st, x, y)
	line := strings.Split(view(d.s, d.st), "\n")[y]
	if !strings.HasPrefix(strings.Join(strings.Fields(line), " "), strings.Join(strings.Fields(text), " ")) {
		d.t.Errorf("a click leaves %q, want %q:\n%s", line, text, view(d.s, d.st))
	}
}

// typed presses keys while they are text.
func (d *screen) typed(text string, last tea.KeyType) {
	d.t.Helper()
	d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text)})
	d.send(tea.KeyMsg{Type: last})
}

func onScreen(t *testing.T, s func(Deps) Screen, st State) *screen {
	return &screen{t: t, s: s((&clock{}).deps()), st: st}
}

func readConfig(t *testing.T) *screen {
	d := onScreen(t, newConfig, seenNginx(t))
	d.send(RunFinished{Areas: []string{"nginx"}})
	return d
}

// madeUpReading has fixed texts, so that what is recorded does not change with a rule's wording.
func madeUpReading() *reading {
	main := strings.Split("worker_processes auto;\nevents { worker_connections 512; }\nhttp {\n\t# the nodes of the cluster\n\tupstream websocket {\n\t\tserver 192.168.6.171:38888;\n\t\tserver 192.168.6.172:38888;\n\t}\n\tinclude sites/*.conf;\n}", "\n")
	site := strings.Split("server {\n\tlisten 38889;\n\tserver_name bi.example.com;\n\tlocation / {\n\t\tproxy_pass http://websocket;\n\t\tproxy_read_timeout 10s;  # 数据\n\t\tproxy_set_header Host $http_host;\n\t}\n}", "\n")
	finding := func(s probes.Severity, title, fix string) probes.Finding {
		return probes.Finding{Severity: s, Title: probes.Phrase(title).Text(), Fix: []probes.Text{probes.Verbatim(fix)}, Evidence: []probes.Evidence{{Where: "/etc/nginx/sites/bi.conf:4", Saw: probes.Verbatim("location /")}}}
	}
	r := &reading{
		program: "nginx", chosen: chosenWords("running master"),
		files: []configFile{{"/etc/nginx/nginx.conf", main}, {"/etc/nginx/sites/bi.conf", site}},
		marks: []configMark{
			{0, 5, 1, 20, "nginx/stickiness", probes.Phrase("A client that comes back to another node has lost its session.").Text(), finding(probes.Warning, "two stateful nodes and no ip_hash, expected one", "ip_hash;")},
			{1, 5, 2, 31, "nginx/upgrade-header", probes.Phrase("Upgrade is hop-by-hop: nginx drops it unless it is told to pass it.").Text(), finding(probes.Error, `no Upgrade header in effect, expected "$http_upgrade"`, "proxy_set_header Upgrade $http_upgrade;")},
			{1, 6, 2, 25, "nginx/read-timeout", probes.Phrase("A tunnel that is silent for longer is cut.").Text(), finding(probes.Info, "10 s are below the heartbeat of 25 s", "proxy_read_timeout 1h;")},
		},
		diff: strings.Split("--- /etc/nginx/sites/bi.conf\n+++ /etc/nginx/sites/bi.conf\n@@ -4,5 +4,6 @@\n \tlocation / {\n \t\tproxy_pass http://websocket;\n-\t\tproxy_read_timeout 10s;\n+\t\tproxy_read_timeout 1h;\n+\t\tproxy_set_header Upgrade $http_upgrade;\n \t}", "\n"),
		walks: []lint.Walk{{
			Path: "/socket.io/", What: "server", Server: "bi.example.com", End: probes.T("proxied to http://websocket in HTTP/1.0"),
			Steps:   []lint.WalkStep{{At: "/etc/nginx/sites/bi.conf:1", Text: probes.Verbatim("server bi.example.com")}, {At: "/etc/nginx/sites/bi.conf:4", Text: probes.T("location / is the longest prefix of /socket.io/, and no regex location stands in its way here")}},
			Headers: []string{"Host: bi.example.com", "Connection: close"}, Doubts: []string{"/etc/nginx/sites/bi.conf:3: if ($http_x)"},
		}},
	}
	return r
}

func TestConfigurationIsAsRecorded(t *testing.T) {
	d := onScreen(t, newConfig, State{Width: 80, Height: 20})
	golden(t, "config-none", d.s, d.st)
	d.send(configRead{r: madeUpReading()})
	inEveryLook(t, "config", d.s, d.st)
	d.press("n")
	golden(t, "config-info", d.s, d.st)
	d.press("d")
	d.s = d.s.(Clickable).Clicked(d.st, 5, 3) // no line of the file
	inEveryLook(t, "config-diff", d.s, d.st)
	d.press("t")
	golden(t, "config-walk", d.s, d.st)
	d.press("t", "home")
	golden(t, "config-fine-line", d.s, d.st)
	d.clicks(5, 3, "▌ 3 ")
	d.press("/")
	d.typed("proxy_", tea.KeyEnter)
	golden(t, "config-filter", d.s, d.st)
	d.press("down", "down", "down")
	d.shows("▌  7 ")
	d.clicks(5, 1, "▌✗ 5 ")
	d.press("N") // the finding before is in another file, at a line that the filter hides
	d.shows("nginx.conf, file 1 of 2 ─", "▌!  5 ")
	d.press("/")
	d.typed("nowhere", tea.KeyEnter)
	d.shows(`: "nowhere"`, `nothing matches "nowhere"; esc clears the filter`)
	d.press("esc", "d", "/")
	d.typed("http_upgrade", tea.KeyEnter)
	d.shows("+        proxy_set_header Upgrade $http_upgrade;")
	if strings.Contains(view(d.s, d.st), "@@") {
		t.Errorf("the filter lets all lines of the diff through:\n%s", view(d.s, d.st))
	}
}

func TestConfigurationKeys(t *testing.T) {
	d := readConfig(t)
	d.shows("bi.conf, file 2 of 2", "nginx/upgrade-header")
	first := view(d.s, d.st)
	d.press("n")
	if view(d.s, d.st) == first {
		t.Error("n stays where it is")
	}
	d.press("N")
	if got := view(d.s, d.st); got != first {
		t.Errorf("N does not come back:\n%s", got)
	}
	d.press("]")
	d.shows("nginx.conf, file 1 of 2", "worker_processes auto;")
	d.press("[", "end")
	d.shows("▌  8 }")
	d.press("N", "y")
	if len(d.asked) != 1 || !strings.Contains(strings.Join(d.asked[0].(Copy).Lines, "\n"), "proxy_set_header") {
		t.Errorf("y asked for %v", d.asked)
	}
	d.press("w")
	d.typed("/socket.io/", tea.KeyEnter)
	d.shows("what happens to a request", "/socket.io/ in server")
	d.press("esc")
	d.shows("bi.conf")
	d.send(Place{File: "/etc/nginx/nginx.conf", Line: 6})
	d.shows("▌   6", "server 192.168.6.171:38888;")
	d.send(Place{File: "/etc/nginx/sites/bi.conf", Line: 5, Check: "nginx/connection-header"})
	d.shows(": nginx/connection-header ─", "no Connection header in effect")
	for _, want := range []string{"wsdoctor lint /etc/nginx/nginx.conf", "wsdoctor lint --fix /etc/nginx/nginx.conf | patch -p0"} {
		if got := strings.Join(d.s.(config).Commands(d.st), "\n"); !strings.Contains(got, want) {
			t.Errorf("by hand %q lacks %q", got, want)
		}
	}
}

// A file that the operator opens is read as what it is, and stays over the next run.
func TestConfigurationOpensFiles(t *testing.T) {
	d := onScreen(t, newConfig, State{Width: 120, Height: 30, Config: cluster.Default(cluster.Generic)})
	d.shows("o opens a file")
	d.press("o")
	d.typed(filepath.Join(t.TempDir(), "nothing"), tea.KeyEnter)
	d.shows("no such file")
	d.press("o")
	d.typed(siteFiles(t), tea.KeyEnter)
	d.shows("proxy_pass http://websocket;")
	cfg := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(cfg, []byte("defaults\n    mode http\n    timeout client 10s\n    timeout server 10s\n    timeout connect 5s\nfrontend ws\n    bind :38889\n    default_backend nodes\nbackend nodes\n    server a 127.0.0.1:38888\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.press("o")
	d.typed(cfg, tea.KeyEnter)
	d.shows("haproxy.cfg", "timeout tunnel")
	d.st = seenNginx(t)
	d.send(RunFinished{Areas: []string{"nginx"}})
	d.shows("haproxy.cfg")
}

func TestConfigurationOfHAProxy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte("defaults\n    mode http\n    timeout client 10s\n    timeout server 10s\n    timeout connect 5s\nfrontend ws\n    bind :38889\n    default_backend nodes\nbackend nodes\n    server a 127.0.0.1:38888\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := cluster.Default(cluster.FineReport)
	c.Balancer.Kind, c.Balancer.Config = cluster.HAProxy, file
	seen, err := haproxy.Observe(t.Context(), probes.Target{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	d := onScreen(t, newConfig, State{Width: 120, Height: 30, Config: c}.Finished(probes.Report{Observed: map[string]any{"haproxy": seen}}))
	d.send(RunFinished{Areas: []string{"haproxy"}})
	d.shows("haproxy.cfg", "haproxy/")
	if off := keyNamed(d, "d").Off; off.IsZero() {
		t.Error("there is a diff for HAProxy")
	}
}

func keyNamed(d *screen, name string) Key {
	for _, k := range d.s.Keys(d.st) {
		if k.Names[0] == name {
			return k
		}
	}
	d.t.Fatalf("%s is no key", name)
	return Key{}
}

func TestPlaceOf(t *testing.T) {
	for where, want := range map[string]Place{
		"/etc/nginx/nginx.conf:12":    {File: "/etc/nginx/nginx.conf", Line: 12},
		"haproxy.cfg:7:5":             {File: "haproxy.cfg", Line: 7},
		`C:\nginx\nginx.conf:3`:       {File: `C:\nginx\nginx.conf`, Line: 3},
		"GET / HTTP/1.1":              {},
		"nginx.conf":                  {},
		":5":                          {},
		"192.168.6.171:38888:no line": {},
	} {
		if got, ok := placeOf(where); got != want && (ok || want != Place{}) {
			t.Errorf("%q: got %v", where, got)
		}
	}
}
