package wizard

import (
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// nothingThere is the answer that there is nothing to take over.
const nothingThere = "-"

// Taken is what was read of a set-up that is there already. It becomes suggestions, and holds no secret, so that it can
// be kept: whoever goes on later needs neither the files nor the password again.
type Taken struct {
	Of string `json:"of"` // the answer that names it

	Way     *cluster.Way         `json:"way,omitempty"` // of a balancer's configuration; nil: none was named
	Kind    cluster.BalancerKind `json:"kind,omitempty"`
	File    string               `json:"file,omitempty"`
	Running bool                 `json:"running,omitempty"` // that balancer runs on this host

	// Of the product's own table; nil: not named, not read, or it names none.
	Ports, Forwarding         []int  `json:",omitempty"`
	PortsFrom, ForwardingFrom string `json:",omitempty"`

	Locked string `json:"locked,omitempty"` // the database that wants a password
	Why    string `json:"why,omitempty"`    // what it said without
}

var existingStep = Step{
	ID:    "existing",
	Title: probes.T("what is there already"),
	Why: probes.T("its nodes, ports and times become the suggestions of the steps that follow; it is only read: nginx.conf, haproxy.cfg, " +
		"the product's folder, postgres://user@host/finedb, mysql://…, a CSV of fine_conf_entity"),
	List: true,
	Ask:  fixed(probes.T("is there a set-up to take over? its file, folder or database, with commas between, or \"-\" for none")),
	Default: func(d Draft) string {
		if d.Found.Settings != "" {
			return nothingThere // they are the suggestions
		}
		var out []string
		if r, ok := d.Found.takeable(); ok {
			out = append(out, r.Config)
		}
		if in := d.Found.Install; in != nil && in.Table {
			out = append(out, in.Folder)
		}
		if len(out) == 0 {
			return nothingThere
		}
		return strings.Join(out, ", ")
	},
	Skip: stopped,
	Apply: func(d *Draft, answer string) probes.Text {
		for _, w := range sourceWords(answer) {
			if problem := d.sourceProblem(w); !problem.IsZero() {
				return problem
			}
		}
		if d.read.Of == answer {
			d.Taken = d.read
		}
		return probes.Text{}
	},
}

// sourceWords splits an answer; none is nil.
func sourceWords(answer string) []string {
	if answer == nothingThere {
		return nil
	}
	words := strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == '\n' })
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// sourceProblem says what cannot be the name of a source. Nothing is looked at.
func (d Draft) sourceProblem(word string) probes.Text {
	if strings.Contains(word, "://") || strings.HasPrefix(word, "jdbc:") || filepath.IsAbs(word) {
		return probes.Text{}
	}
	if strings.ContainsAny(word, "/.") { // a person in a folder names what lies there
		return probes.T("found %q, expected a path from the root, such as /etc/nginx/nginx.conf, or \"-\"", word)
	}
	return probes.T("found %q, expected a path from the root such as /etc/nginx/nginx.conf, a URL such as postgres://fine@10.0.0.5/finedb, or \"-\"", word)
}

// takeable returns the running balancer whose configuration hands WebSockets on.
func (f Found) takeable() (Running, bool) {
	i := slices.IndexFunc(f.Balancers, func(r Running) bool { return r.Config != "" && len(r.Ways) > 0 })
	if i < 0 {
		return Running{}, false
	}
	return f.Balancers[i], true
}

// product tells what most likely is there; "": it cannot be told.
func (t Taken) product() cluster.Product {
	for _, p := range cluster.Products {
		if p.Family && slices.ContainsFunc(append(slices.Clone(t.Ports), t.Forwarding...), func(n int) bool {
			return slices.Contains(p.Ports, n) || slices.Contains(p.ForwardingPorts, n)
		}) {
			return p.Name
		}
	}
	if t.Way != nil {
		return t.Way.Draft(cluster.Config{}, t.Kind, t.File).Product
	}
	return ""
}

// onto puts what was taken over what a product has by itself.
func (t Taken) onto(cfg cluster.Config, f Found) cluster.Config {
	info, _ := cfg.Product.Info()
	if t.Way != nil {
		path := cfg.WebSocket.Path
		cfg = t.Way.Draft(cfg, t.Kind, t.File)
		if info.Family {
			cfg.WebSocket.Path = path // the product's own
		}
		port := cfg.Balancer.Port()
		secure := strings.HasPrefix(cfg.Balancer.URL, "wss:")
		if port != 0 {
			cfg.WebSocket.ForwardingPorts = []int{port}
		}
		for _, e := range t.Way.Entries {
			if e.TLS == secure && !slices.Contains(cfg.WebSocket.ForwardingPorts, e.Port) {
				cfg.WebSocket.ForwardingPorts = append(cfg.WebSocket.ForwardingPorts, e.Port)
			}
		}
		everywhere := func(e cluster.Entry) bool { return e.Port == port && e.Host == "" }
		if host := cfg.Balancer.Host(); host == "127.0.0.1" && len(t.Way.Names) == 0 && slices.ContainsFunc(t.Way.Entries, everywhere) {
			cfg.Balancer.URL = strings.Replace(cfg.Balancer.URL, host, f.Address(), 1)
		}
		if filepath.IsAbs(t.Way.TLS.Cert) && filepath.IsAbs(t.Way.TLS.Key) {
			cfg.Proxy.TLS.Cert, cfg.Proxy.TLS.Key = t.Way.TLS.Cert, t.Way.TLS.Key
		}
	}
	if !info.Family {
		return cfg
	}
	if t.Ports != nil {
		cfg.WebSocket.Ports, cfg.Proxy.Backends = slices.Clone(t.Ports), nil
	}
	if t.Forwarding != nil {
		cfg.WebSocket.ForwardingPorts = slices.Clone(t.Forwarding)
	}
	return cfg
}

// from says where a suggestion is from, where it is a line of what was taken over.
func (d Draft) from(place func(cluster.WayPlaces) string) probes.Text {
	if d.Taken.Way == nil {
		return probes.Text{}
	}
	return fromPlace(place(d.Taken.Way.From))
}

func fromPlace(where string) probes.Text {
	if where == "" {
		return probes.Text{}
	}
	return probes.T("as in %s", where)
}

// fromServers is the From of steps about what stands behind the balancer.
func fromServers(d Draft) probes.Text {
	return d.from(func(p cluster.WayPlaces) string { return p.Servers })
}

// takenRunning tells that the balancer is the one that runs here and was taken over: where it runs and which file it reads
// is known.
func (d Draft) takenRunning() bool {
	return d.Taken.Running && d.Taken.Kind == d.Config.Balancer.Kind && !d.None
}

// keepBackends drops the list of backends with their weights where it does not agree with the nodes and ports any more:
// each node then is one on its first port.
func (d *Draft) keepBackends() {
	if slices.ContainsFunc(d.Config.Proxy.Backends, func(b cluster.Backend) bool {
		host, port, _ := net.SplitHostPort(b.Address)
		n, _ := strconv.Atoi(port)
		return !slices.ContainsFunc(d.Config.Nodes, func(n cluster.Node) bool { return n.Host == host }) || !slices.Contains(d.Config.WebSocket.Ports, n)
	}) || slices.ContainsFunc(d.Config.Nodes, func(n cluster.Node) bool {
		return !slices.ContainsFunc(d.Config.Proxy.Backends, func(b cluster.Backend) bool { host, _, _ := net.SplitHostPort(b.Address); return n.Host == host })
	}) {
		d.Config.Proxy.Backends = nil
	}
}
