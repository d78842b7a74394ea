// Package firewall is the area that tells, for each port that must be reachable from elsewhere, what the packet filter
// of this host does with a new connection to it: the deciding rule, where it stands, which tool keeps it, and the line
// that opens the port.
//
// It does not look at filters outside this host: where the rules here let a port through and a probe from elsewhere
// meets silence, something between them (a security group, a router) drops it; Observation.Accepts answers the first
// half. What package netfilter does not look at, it does not see either.
package firewall

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall/netfilter"
)

// Area is the name of this area.
const Area = "firewall"

// Observation is what the packet filter of this host does with the ports that must be reachable.
type Observation struct {
	Ports     []Port     `json:"ports"`
	Managers  []Manager  `json:"managers"`            // the tools whose rules were found, those that run first
	Firewalld *Firewalld `json:"firewalld,omitempty"` // nil: it does not run
	Unread    []string   `json:"unread,omitempty"`    // what could not be read beside what was
}

// Port is one port that must be reachable from elsewhere.
type Port struct {
	Port     int               `json:"port"`
	Role     Role              `json:"role"`
	From     []string          `json:"from,omitempty"`   // the addresses that must get through; none: clients anywhere
	Spare    bool              `json:"spare,omitempty"`  // it is only used while another one is not
	Verdict  netfilter.Verdict `json:"verdict"`          // for From
	Rule     string            `json:"rule,omitempty"`   // the deciding rule, as its tool prints it; "": nothing filters
	Where    string            `json:"where,omitempty"`  // the deciding rule's stack, table, chain and handle
	Manager  Manager           `json:"manager"`          // the tool that keeps the deciding rule
	Sources  []string          `json:"sources"`          // who gets through: prefixes, or "any"
	Except   []string          `json:"except,omitempty"` // who does not, where Sources is "any"
	Why      []string          `json:"why,omitempty"`    // of an unknown verdict
	Assumed  []string          `json:"assumed,omitempty"`
	Bypasses []Bypass          `json:"bypasses,omitempty"`
	Paths    []Path            `json:"paths"`
}

// Role says for what a port is needed.
type Role string

// The roles.
const (
	ForClients  Role = "balancer" // clients connect to it on the balancer's host, or on the node's where there is no balancer
	ForBalancer Role = "node"     // the balancer connects to it on the node's host
)

// Path is one way in: an interface and an address family.
type Path struct {
	Interface  string             `json:"interface"`
	To         string             `json:"to"`             // the address connected to
	From       string             `json:"from,omitempty"` // the source that was tried; "": anywhere
	Expected   bool               `json:"expected"`       // connections are expected by this way
	Verdict    netfilter.Verdict  `json:"verdict"`
	By         netfilter.Decision `json:"by,omitzero"`
	Manager    Manager            `json:"manager"`
	Neighbours bool               `json:"neighbours,omitempty"` // hosts of the interface's own network get through
	Why        []string           `json:"why,omitempty"`
}

// Bypass is a port that NAT sends to a container, past rules that would stop it.
type Bypass struct {
	To      string             `json:"to"`      // address and port
	NAT     netfilter.Decision `json:"nat"`     // the rule that sends it there
	Skipped netfilter.Decision `json:"skipped"` // the rule that would have stopped it
}

// Accepts tells whether the rules of this host let connections to port through; known is false where they could not be
// judged, or the port was not looked at. A port that is accepted here and answers nobody from elsewhere is stopped in
// between.
func (o Observation) Accepts(port int) (accepted, known bool) {
	for _, p := range o.Ports {
		if p.Port == port && p.Verdict != netfilter.Unknown {
			return p.Verdict == netfilter.Accept, true
		}
	}
	return false, false
}

// Rejects tells whether connections to a port are refused by a rule, which looks to a client as if nobody listened.
func (o Observation) Rejects(port int) bool {
	return slices.ContainsFunc(o.Ports, func(p Port) bool { return p.Port == port && p.Verdict == netfilter.Reject })
}

// Probe returns the area.
func Probe() probes.Probe {
	return probes.New(Area, Observe, rules)
}

var rules = []probes.Rule[Observation]{
	inbound,
	runtimePermanent,
	dockerBypass,
}

// Observe reads the rules of this host and judges them for the ports that the settings need. It changes nothing.
func Observe(ctx context.Context, t probes.Target) (Observation, error) {
	place := t.Place(ctx)
	if !place.Here() {
		if len(place.Unsure) > 0 {
			return Observation{}, probes.CannotLook("the name %q could not be resolved: whether it is this host is not known", place.Unsure[0])
		}
		return Observation{}, probes.Skip("neither a node nor the balancer of the settings runs on this host")
	}
	needs := needed(t.Config, place, func(host string) []addr { return lookUp(ctx, host) })
	if len(needs) == 0 {
		return Observation{}, probes.Skip("nothing from elsewhere has to reach a port here: what runs on this host is named by loopback addresses, or shares it with the balancer")
	}
	if runtime.GOOS != "linux" {
		return Observation{}, probes.Skip("not supported on %s", runtime.GOOS)
	}
	rs, err := netfilter.Read(ctx, t.Path)
	if errors.Is(err, fs.ErrPermission) {
		return Observation{}, probes.CannotLook("reading the rules of the packet filter needs root or CAP_NET_ADMIN: run it with sudo")
	}
	if err != nil {
		return Observation{}, err
	}
	links, err := readLinks(t.Path)
	if err != nil {
		return Observation{}, err
	}
	h := host{rules: rs, links: links, ufw: ufwEnabled(t.Path), firewalld: readFirewalld(ctx, t.Path)}
	o := Observation{Managers: h.managers(), Firewalld: h.firewalld, Unread: rs.Unread}
	for _, n := range needs {
		o.Ports = append(o.Ports, h.judge(n))
	}
	return o, nil
}
