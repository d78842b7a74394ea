package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/lang"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/tui/golden"
	"example.com/wsdoctor/tui/screens"
	"example.com/wsdoctor/tui/tuitest"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
)

// tour is what an operator comes to see of the whole program, screen by screen, each by the keys that lead there. What
// the keys leave behind is undone by those in back.
var tour = []struct {
	name, screen string
	keys, back   []string
}{
	{"overview", "Overview", nil, nil},
	{"overview-filter", "Overview", []string{"/", "节点", "enter"}, []string{"esc"}},
	{"checks", "Checks", nil, nil},
	{"checks-history", "Checks", []string{"enter", "end"}, []string{"esc"}},
	{"ports", "Ports", []string{"down"}, []string{"up"}},
	{"probe", "Probe", nil, nil},
	{"balancer", "Balancer", []string{"down", "enter"}, []string{"esc", "home"}},
	{"config", "Config", nil, nil},
	{"config-walk", "Config", []string{"t"}, []string{"t"}},
	{"proxy", "Proxy", []string{"S"}, []string{"n"}},
	{"keys", "Ports", []string{"?"}, []string{"?"}},
	{"by-hand", "Probe", []string{"!"}, []string{"!"}},
	{"explained", "Overview", []string{"x"}, []string{"x"}},
	{"palette", "Checks", []string{":", "show"}, []string{"esc"}},
}

// tourSizes are one terminal over SSH, the smallest, and a wide one.
var tourSizes = []struct{ w, h int }{{80, 24}, {60, 20}, {200, 60}}

// tourOptions are those of a made-up host whose path, ports and configuration are all there.
func tourOptions(tag string) Options {
	o := madeUpOptions()
	o.Translate = lang.Translate(tag)
	cfg := &o.Target.Config
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: "192.168.6.171"}, {Name: "节点2", Host: "192.168.6.172"}}
	cfg.Balancer = cluster.Balancer{Kind: cluster.Nginx, URL: "ws://192.168.6.181:38889/"}
	path := madeUpPath(o.Target.Config)
	o.RunOptions.Diagnose = func(r *probes.Report) { blame(r); r.Path = path }
	c, err := conf.Parse("/etc/nginx/nginx.conf", []byte(tourConfiguration), conf.Options{})
	if err != nil {
		panic(err)
	}
	seen := nginx.Seen{Chosen: "running master", Source: nginx.NewInput(c, nginx.Input{Paths: []string{"/"}})}
	o.Probes = append(o.Probes, probes.New("nginx", func(context.Context, probes.Target) (nginx.Seen, error) { return seen, nil },
		[]probes.Rule[nginx.Seen]{{ID: "nginx/syntax", Title: "nginx takes the file", Why: "Nothing else can be said of a file that nginx refuses.", Check: func(nginx.Seen) []probes.Finding { return nil }}}))
	return o
}

// tourConfiguration has one fault.
const tourConfiguration = `worker_rlimit_nofile 20000;
worker_shutdown_timeout 1h;
events { worker_connections 9000; }
http {
	map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
	server {
		listen 38889;
		server_name ws.example.com;
		location / {
			proxy_pass http://192.168.6.171:38888;  # 数据
			proxy_http_version 1.1;
			proxy_set_header Connection $connection_upgrade;
			proxy_set_header Host $http_host;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_read_timeout 1h;
		}
	}
}
`

// madeUpPath is the path where the balancer refuses and the nodes answer.
func madeUpPath(cfg cluster.Config) probes.Path {
	p := probes.PathOf(cfg)
	p.Balancer.Status, p.Balancer.Way, p.Balancer.Says = probes.Failed, probes.OK, probes.T("answered %q", "400")
	p.Balancer.Brief = probes.Verbatim("400 Bad Request")
	for i := range p.Nodes {
		n := &p.Nodes[i]
		n.Status, n.Way, n.Says = probes.OK, probes.OK, probes.T("101, ping %s", "1.2 ms")
		n.Brief = n.Says
	}
	return p
}

// onTour is the program of the tour after two runs, so that there is something that was before.
func onTour(t *testing.T, tag string, set func(*Options)) *hand {
	o := tourOptions(tag)
	if set != nil {
		set(&o)
	}
	d := byHand(t, o, 80, 24).finish()
	d.press("r")
	d.finish().shows("Config")
	_, cmd := d.a.forward(screens.RunFinished{Areas: []string{"nginx"}, At: fixedNow})
	d.settles(cmd, "location / {")
	return d.shows("Overview")
}

// drawn are the lines of a view as a terminal shows them.
func drawn(view string) string {
	lines := strings.Split(ansi.Strip(view), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// suffix is what a language adds to the name of a golden.
func suffix(l lang.Language) string {
	if l.Tag == lang.Languages[0].Tag {
		return ""
	}
	return "-" + l.Tag
}

// Every screen at three sizes in every language is as recorded; and whatever the look, it fills the terminal and stays
// in it.
func TestTheTourIsAsRecorded(t *testing.T) {
	for _, l := range lang.Languages {
		d := onTour(t, l.Tag, nil)
		for _, stop := range tour {
			for _, size := range tourSizes {
				d.send(tea.WindowSizeMsg{Width: size.w, Height: size.h})
				d.press(keyOf(t, stop.screen))
				d.press(stop.keys...)
				what := fmt.Sprintf("tour-%s-%dx%d%s", stop.name, size.w, size.h, suffix(l))
				golden.Compare(t, what, drawn(d.a.View()))
				fits(t, what, d.a.View(), size.w, size.h, false)
				d.press(stop.back...)
			}
		}
	}
	for _, ascii := range []bool{true, false} {
		d := onTour(t, lang.Languages[0].Tag, func(o *Options) { o.ASCII, o.NoColor = ascii, ascii })
		for _, stop := range tour {
			d.press(keyOf(t, stop.screen))
			d.press(stop.keys...)
			for _, size := range tourSizes {
				d.send(tea.WindowSizeMsg{Width: size.w, Height: size.h})
				fits(t, fmt.Sprintf("%s, ascii %v", stop.name, ascii), d.a.View(), size.w, size.h, ascii)
			}
			d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
			if ascii {
				golden.Compare(t, "tour-"+stop.name+"-80x24-ascii-nocolor", drawn(d.a.View()))
			}
			d.press(stop.back...)
		}
	}
}

// The same tour on a real terminal shows the same, cell by cell: also where characters are two cells wide, and after
// the terminal has changed its size.
func TestTheTourOnATerminal(t *testing.T) {
	for _, l := range lang.Languages {
		t.Run(l.Tag, func(t *testing.T) {
			t.Parallel()
			d := onTour(t, l.Tag, nil)
			tm := inTmux(t, "tour="+l.Tag, 80, 24)
			shows := func(what string) {
				t.Helper()
				want := drawn(d.a.View())
				tm.Until(what+", as\n"+want, func(s string) bool { return strings.TrimRight(s, "\n") == want })
			}
			tm.Until("the end of the first run", func(s string) bool { return strings.Contains(s, "15:04:05") })
			tm.Press("r")
			shows("the second run")
			for _, size := range tourSizes {
				d.send(tea.WindowSizeMsg{Width: size.w, Height: size.h})
				tm.Do("resize-window", "-x", fmt.Sprint(size.w), "-y", fmt.Sprint(size.h))
				for _, stop := range tour {
					d.press(keyOf(t, stop.screen))
					d.press(stop.keys...)
					tm.Press(keyOf(t, stop.screen))
					tm.Press(terminalKeys(stop.keys)...)
					shows(fmt.Sprintf("%s at %dx%d", stop.name, size.w, size.h))
					d.press(stop.back...)
					tm.Press(terminalKeys(stop.back)...)
				}
			}
			tm.Press("q")
			tm.Shows("ended well")
			tm.Restored()
		})
	}
}

// terminalKeys are keys as tmux names them.
func terminalKeys(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		if out[i] = tuitest.Keys[name]; out[i] == "" {
			out[i] = name
		}
	}
	return out
}
