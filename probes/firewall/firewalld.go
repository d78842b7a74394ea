package firewall

import (
	"slices"
	"strconv"
	"strings"
)

// Firewalld is what firewalld says of itself over D-Bus.
type Firewalld struct {
	DefaultZone string `json:"default_zone"`
	Zones       []Zone `json:"zones"`            // those that interfaces or sources are bound to, and the default one
	Unread      string `json:"unread,omitempty"` // why some of it is missing
}

// Zone is a zone with its rules as they run and as they are kept.
type Zone struct {
	Name       string    `json:"name"`
	Interfaces []string  `json:"interfaces,omitempty"`
	Sources    []string  `json:"sources,omitempty"`
	Runtime    ZoneRules `json:"runtime"`
	Permanent  ZoneRules `json:"permanent"` // what holds after a reload or a restart
}

// ZoneRules are the parts of a zone that can open a port.
type ZoneRules struct {
	Target    string    `json:"target,omitempty"` // default, ACCEPT, DROP or %%REJECT%%
	Ports     []string  `json:"ports,omitempty"`  // such as 38888/tcp or 38888-38890/tcp
	Services  []Service `json:"services,omitempty"`
	RichRules []string  `json:"rich_rules,omitempty"`
}

// Service is a named list of ports.
type Service struct {
	Name  string   `json:"name"`
	Ports []string `json:"ports,omitempty"`
}

// defaultZone is the name of the zone of interfaces that are bound to none.
func (f *Firewalld) defaultZone() string {
	if f == nil || f.DefaultZone == "" {
		return "public" // firewalld's own default (firewalld.conf(5))
	}
	return f.DefaultZone
}

// zoneOf returns the zone of an interface; the zero Zone where it is not known.
func (o Observation) zoneOf(iface string) Zone {
	if o.Firewalld == nil {
		return Zone{}
	}
	var fallback Zone
	for _, z := range o.Firewalld.Zones {
		if slices.Contains(z.Interfaces, iface) {
			return z
		}
		if z.Name == o.Firewalld.DefaultZone {
			fallback = z
		}
	}
	return fallback
}

// allows lists what in r opens a TCP port to anyone, in the words of firewall-cmd.
func (r ZoneRules) allows(port int) []string {
	var out []string
	if r.Target == "ACCEPT" {
		out = append(out, "target ACCEPT")
	}
	for _, p := range r.Ports {
		if covers(p, port) {
			out = append(out, "port "+p)
		}
	}
	for _, s := range r.Services {
		for _, p := range s.Ports {
			if covers(p, port) {
				out = append(out, "service "+s.Name)
				break
			}
		}
	}
	for _, rule := range r.RichRules {
		if richOpens(rule, port) {
			out = append(out, "rich rule "+rule)
		}
	}
	return out
}

// covers tells whether a port or a range of firewalld, such as 80-90/tcp, holds a TCP port.
func covers(spec string, port int) bool {
	ports, proto, _ := strings.Cut(spec, "/")
	if proto != "tcp" {
		return false
	}
	from, to, ranged := strings.Cut(ports, "-")
	if !ranged {
		to = from
	}
	a, err1 := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	return err1 == nil && err2 == nil && a <= port && port <= b
}

// richOpens tells whether a rich rule (firewalld.richlanguage(5)) accepts a TCP port, of whatever source.
func richOpens(rule string, port int) bool {
	if !slices.Contains(strings.Fields(rule), "accept") {
		return false
	}
	p, ok1 := attribute(rule, "port port=")
	proto, ok2 := attribute(rule, "protocol=")
	return ok1 && ok2 && covers(p+"/"+proto, port)
}

// attribute returns the quoted value after key.
func attribute(rule, key string) (string, bool) {
	_, rest, ok := strings.Cut(rule, key+`"`)
	value, _, closed := strings.Cut(rest, `"`)
	return value, ok && closed
}
