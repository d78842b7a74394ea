package diagnosis

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/nginx"
)

// configured is what the file of the balancer says, whichever program it is for. The zero configured is of none.
type configured struct {
	area     string // "nginx" or "haproxy"; "": no file was read
	portID   string // of the check that judges where its lines lead
	listens  []address
	partial  bool // it listens on more than listens says
	backends []address
	pids     []int // of the program that runs with it; nil: none does on this host
	answer   *nginx.Answer
	reload   []probes.Text
}

// address is a host and a port that a line names.
type address struct {
	Host  string
	Port  int
	Where string // file:line
	Line  string
}

func configuredBy(r probes.Report) configured {
	if n, ok := probes.Observed[nginx.Seen](r); ok {
		c := configured{area: "nginx", portID: "nginx/upstream-port", partial: n.Partial, answer: n.Answer,
			reload: []probes.Text{probes.Verbatim("nginx -t && nginx -s reload")}}
		for _, a := range n.Listens {
			c.listens = append(c.listens, address(a))
		}
		for _, a := range n.Backends {
			c.backends = append(c.backends, address(a))
		}
		if n.Running != nil {
			c.pids = append([]int{n.Running.PID}, n.Running.Workers...)
		}
		return c
	}
	h, ok := probes.Observed[haproxy.Observation](r)
	if !ok {
		return configured{}
	}
	check := "haproxy -c"
	for _, f := range h.Files {
		check += " -f " + f
	}
	c := configured{area: "haproxy", portID: "haproxy/server-port", partial: h.Partial,
		reload: []probes.Text{probes.Verbatim(check + " && systemctl reload haproxy")}}
	for _, a := range h.Listens {
		c.listens = append(c.listens, address(a))
	}
	for _, a := range h.Backends {
		c.backends = append(c.backends, address(a))
	}
	if h.Running != nil {
		c.pids = h.Running.All
	}
	return c
}

// evidence shows the line.
func (a address) evidence() probes.Evidence {
	return probes.Evidence{Where: a.Where, Saw: probes.Verbatim(a.Line)}
}

// leadsHere tells whether the balancer of this file reaches this host under a name.
func (s scene) leadsHere(host string) bool {
	a, err := netip.ParseAddr(host)
	if host == "localhost" || err == nil && a.IsLoopback() {
		return s.ports.Place.Balancer // another host's balancer means itself
	}
	return err == nil && slices.Contains(s.ports.Place.Addrs, a.Unmap())
}

// silent tells whether it is certain that nothing listens where an address leads to.
func (s scene) silent(a address) bool {
	if s.leadsHere(a.Host) {
		return len(s.ports.Listeners) > 0 && !slices.Contains(s.listening(), a.Port)
	}
	for _, t := range s.shake.Nodes {
		if host, port := hostPort(t.URL); host == a.Host && port == a.Port {
			return s.refused(&t)
		}
	}
	return false
}

// listening returns every TCP port of this host on which something listens.
func (s scene) listening() []int {
	var out []int
	for _, l := range s.ports.Listeners {
		out = append(out, int(l.Addr.Port()))
	}
	return out
}

// portsOf returns the ports on which the node of a host really listens, as far as it was seen.
func (s scene) portsOf(host string) []int {
	var out []int
	if s.leadsHere(host) {
		for _, p := range s.ports.Ports {
			if p.Belongs == servicePort || p.Belongs == likelyPort {
				out = append(out, p.Port)
			}
		}
		return out
	}
	for _, t := range s.shake.Nodes {
		name, port := hostPort(t.URL)
		switch {
		case name != host:
		case t.Upgraded():
			out = append(out, port)
		case t.AnswersOn != 0:
			out = append(out, t.AnswersOn)
		}
	}
	return out
}

// reaches tells whether some line of the file leads to a port on which the node of a host listens.
func (s scene) reaches(host string) (a address, ok bool) {
	i := slices.IndexFunc(s.file.backends, func(a address) bool { return a.Host == host && slices.Contains(s.portsOf(host), a.Port) })
	if i < 0 {
		return address{}, false
	}
	return s.file.backends[i], true
}

// list writes ports for a sentence.
func list(ports []int) string {
	var out []string
	for _, p := range ports {
		if text := strconv.Itoa(p); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return strings.Join(out, ", ")
}
