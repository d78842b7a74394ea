package nginx

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// Seen is what the area nginx observes: the configuration and the nginx that runs.
type Seen struct {
	Config    string       `json:"config"`           // the file
	Chosen    string       `json:"chosen"`           // why this file: "settings", "running master" or "default"
	Version   string       `json:"version"`          // of nginx; "unknown"
	Files     []string     `json:"files"`            // that were read
	Servers   []SeenServer `json:"servers"`          //
	Upstreams []SeenGroup  `json:"upstreams"`        //
	Listens   []Address    `json:"listens"`          // every TCP port that a listen directive names, of http, stream and mail
	Partial   bool         `json:"partial"`          // the files listen on more than Listens says: an include is missing, a range, a default
	Backends  []Address    `json:"backends"`         // that get the WebSocket clients of the settings' path
	Answer    *Answer      `json:"answer,omitempty"` // what the files say of the handshake with the settings' URL; nil: it names none
	Running   *Running     `json:"running"`          // null: none seen on this host with these files
	Walks     []lint.Walk  `json:"walks"`            // of the settings' path
	Source    *Input       `json:"-"`                // what the rules judge; for screens: the files with their lines
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

// Address is a host and a port that a line names.
type Address struct {
	Host  string `json:"host"` // as written; "*" for all addresses
	Port  int    `json:"port"`
	Where string `json:"where"` // file:line
	Line  string `json:"line"`  // the directive
}

// Answer is what the files say of the handshake with a URL.
type Answer struct {
	URL      string `json:"url"`
	Kind     string `json:"kind"`             // model.Kind: "proxied", "redirect", "returned", "static", …
	Status   int    `json:"status,omitempty"` // of nginx's own answer
	Upgrades bool   `json:"upgrades"`         // it is handed on with Upgrade and Connection as they have to be
	Sure     bool   `json:"sure"`             // nothing on the way had to be guessed
	Where    string `json:"where,omitempty"`  // the line that decides
	Line     string `json:"line,omitempty"`
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
	s.Listens, s.Partial = in.listens()
	s.Backends = in.backends()
	s.Answer = in.answer()
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

// listens returns the TCP ports of all listen directives; partial where the files listen on more than these.
func (in *Input) listens() (out []Address, partial bool) {
	partial = !in.Conf.Whole()
	for _, srv := range in.Model.Servers {
		for _, l := range srv.Listens {
			switch {
			case l.Dir == nil:
				partial = true // nginx's default: 80, or 8000 where it may not
			case l.Port != 0 && !l.QUIC:
				out = append(out, Address{l.Address, l.Port, place(l.Dir), l.Dir.Head()})
			}
		}
	}
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		if d.Name != "listen" {
			return d.Name != "http"
		}
		l := model.ParseListen(d)
		switch {
		case slices.Contains(d.Texts(), "udp"), strings.HasPrefix(l.Address, "unix:"):
		case l.Port == 0:
			partial = true // a range of ports
		default:
			out = append(out, Address{l.Address, l.Port, place(d), d.Head()})
		}
		return true
	})
	return out, partial
}

// backends returns the addresses to which the clients of the named paths are sent.
func (in *Input) backends() []Address {
	var out []Address
	add := func(host string, port int, d *conf.Directive) {
		a := Address{host, port, place(d), d.Head()}
		if port != 0 && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, s := range in.sites {
		if !s.Named {
			continue
		}
		t := model.SplitTarget(s.Pass.Arg(0))
		if u := in.Model.Upstream(t.Host); u != nil {
			for _, b := range u.Servers {
				if !b.Has("down") {
					add(b.Host, b.Port, b.Dir)
				}
			}
		} else if host, port, ok := literalPort(t); ok {
			add(host, port, s.Pass)
		}
	}
	return out
}

// answer walks the handshake with the settings' URL; nil where they name none.
func (in *Input) answer() *Answer {
	if in.Cluster == nil {
		return nil
	}
	address := in.Cluster.BalancerURL()
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	out := in.Model.Walk(model.Request{Host: u.Host, Port: in.Cluster.Balancer.Port(), Path: u.RequestURI()})
	a := &Answer{URL: address, Kind: out.Kind.String(), Status: out.Status, Sure: len(out.Doubts) == 0 && in.Conf.Whole() && out.Server != nil}
	if d := reachedAt(out); d != nil {
		a.Where, a.Line = place(d), d.Head()
	}
	a.Upgrades = out.Kind == model.Proxied
	for _, name := range []string{"Upgrade", "Connection"} {
		i := slices.IndexFunc(out.Headers, func(h model.Header) bool { return strings.EqualFold(h.Name, name) })
		if i >= 0 && !out.Headers[i].Known {
			a.Sure = false
		}
		want := map[string]string{"Upgrade": "websocket", "Connection": "upgrade"}[name]
		a.Upgrades = a.Upgrades && i >= 0 && hasToken(out.Headers[i].Value, want)
	}
	if sc := out.Scope; sc != nil && out.Kind == model.Returned && len(sc.Effective("error_page").Lines) > 0 {
		a.Sure = false // the page may have a status of its own
	}
	return a
}

// Findings returns all findings of the observation with their places and edits, for screens.
func (s Seen) Findings() []Finding {
	return slices.DeleteFunc(Lint(s.Source), func(f Finding) bool { return f.Ignored != "" })
}

// answerRule is judged where the handshake was made: an area does not know what another saw.
var answerRule = Rule{
	ID:    "nginx/answer",
	Title: "nginx answers the handshake as its files say",
	Why:   "Where the answer to a real handshake is another one than the files lead to, what runs is not what they say: they were changed and not reloaded, another file was loaded, or another program answers. What works may then end with the next reload",
	Docs:  "https://nginx.org/en/docs/control.html",
	Applies: func(*Input) (probes.Status, probes.Text) {
		return probes.Skipped, probes.T("no handshake through the balancer that the files are sure about was made")
	},
	Check: func(*Input) []Finding { return nil },
}

// runningFile tells whether the nginx that runs is that of the settings' file.
var runningFile = Rule{
	ID:    "nginx/running-file",
	Title: "the running nginx was started with the file that the settings name",
	Why:   "A change of a file that no running nginx reads has no effect, and what is found in it is not what clients meet",
	Docs:  "https://nginx.org/en/docs/switches.html",
	Applies: func(in *Input) (probes.Status, probes.Text) {
		switch {
		case in.Cluster == nil || in.Cluster.Balancer.Config == "":
			return probes.Skipped, probes.T("the settings name no file (balancer.config)")
		case !in.Local:
			return probes.Skipped, probes.T("the file is a copy of another host's")
		case in.Running == nil && len(in.Others) == 0:
			return probes.Skipped, probes.T("no nginx runs on this host")
		}
		return probes.OK, probes.Text{}
	},
	Check: func(in *Input) []Finding {
		if in.Running != nil || in.Cluster == nil || in.Cluster.Balancer.Config == "" || !in.Local {
			return nil
		}
		var out []Finding
		for _, r := range in.Others {
			f := Finding{Severity: probes.Warning, File: in.Conf.Main, End: 1, Subject: strconv.Itoa(r.PID),
				Title: probes.T("nginx (pid %d) was started with %s, expected %s, which balancer.config names", r.PID, r.Config, in.Cluster.Balancer.Config)}
			f.Evidence = []probes.Evidence{{Where: "/proc/" + strconv.Itoa(r.PID) + "/cmdline", Saw: probes.Verbatim("-c " + r.Config)}}
			f.Fix = []probes.Text{probes.T("# where that nginx is the balancer, correct wsdoctor.yaml:"), probes.Verbatim("balancer: {config: " + r.Config + "}")}
			out = append(out, f)
		}
		return out
	},
}
