// Package wizard leads from nothing to settings that hold: it finds out what it can about this host (Detect), asks the
// rest step by step (Session), looks at the ports that are being chosen (Look), shows what would be written (Plan) and
// writes it so that it can be taken back (Apply, Undo).
//
// It has no screen: cmd and tui show its steps and hand it the answers. It starts no proxy and opens no WebSocket; its
// callers do, and tell it which step can mend what went wrong (Mend).
package wizard

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// Step asks one thing. Everything but ID and Title is a function of the answers before it, so that a step can be shown,
// answered or left out at any time.
type Step struct {
	ID    string // stable: the key in a file of answers
	Title probes.Text
	Why   probes.Text // what hangs on the answer
	Ask   func(Draft) probes.Text
	// Choices are what may be answered; nil: any text that Apply takes.
	Choices func(Draft) []Choice
	// Secret tells that the answer is a password: it is neither shown nor kept, taken as it was typed, and may be empty.
	Secret bool
	// From says where the default is from, in a few words; nil or the zero Text: it is what one usually has.
	From func(Draft) probes.Text
	// List tells that several values are asked for, so that lines count as commas.
	List bool
	// Default is what an empty answer means; "": there is none.
	Default func(Draft) string
	// Skip tells that there is nothing to ask; nil: there is.
	Skip func(Draft) bool
	// Apply puts the answer into the draft. The text says in words why it cannot; the zero Text: it has.
	Apply func(d *Draft, answer string) probes.Text
	// Keys are the settings that the step sets: what cluster.Validate holds against one of them refuses the answer.
	Keys []string
	// Ports are those that the answer chose, to be judged by the rules of portconfig and looked at live; nil: none.
	Ports func(Draft) []int
}

// Choice is one thing that may be answered.
type Choice struct {
	Value string // as it stands in a file of answers
	Label probes.Text
}

// Draft is what the answers so far come to.
type Draft struct {
	Config cluster.Config
	Found  Found
	Taken  Taken // of a set-up that is there already
	read   Taken // what was read, for the answer that names it

	Stop   bool   // the container-native WebSocket is used, and nothing has to be set up
	Many   bool   // a cluster, not a single server
	None   bool   // clients connect to the service itself
	Here   bool   // the balancer runs on this host
	Secure bool   // clients connect by TLS
	Launch string // one of the values of the step "launch"
}

// Steps returns every step in the order in which they are asked.
func Steps() []Step {
	return []Step{
		nativeStep, existingStep, passwordStep, productStep, deploymentStep, nodesStep, balancerStep, balancerPlaceStep, balancerHostStep,
		balancerConfigStep, portsStep, forwardingStep, pathStep, policyStep, heartbeatStep, idleStep, tlsStep, certStep,
		keyStep, clientsStep, launchStep,
	}
}

// IsLocal tells whether a host of the settings is this one, as far as that can be told without a look-up.
func (d Draft) IsLocal(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback() || slices.Contains(d.Found.Addrs, a.Unmap())
	}
	return strings.EqualFold(host, "localhost") || strings.EqualFold(host, d.Found.Hostname)
}

// sharesHost tells whether the balancer runs on the host of a node.
func (d Draft) sharesHost() bool {
	return slices.ContainsFunc(d.Config.Nodes, func(n cluster.Node) bool {
		return d.Here && d.IsLocal(n.Host) || !d.Here && n.Host == d.Config.Balancer.Host()
	})
}

func (d Draft) family() bool {
	info, _ := d.Config.Product.Info()
	return info.Family
}

// Embedded tells whether the balancer is the embedded proxy.
func (d Draft) Embedded() bool { return !d.None && d.Config.Balancer.Kind == cluster.Embedded }

// clone returns a draft that shares no list with d.
func (d Draft) clone() Draft {
	d.Config.Nodes = slices.Clone(d.Config.Nodes)
	d.Config.WebSocket.Ports = slices.Clone(d.Config.WebSocket.Ports)
	d.Config.WebSocket.ForwardingPorts = slices.Clone(d.Config.WebSocket.ForwardingPorts)
	d.Config.Proxy.Listen = slices.Clone(d.Config.Proxy.Listen)
	d.Config.Proxy.Backends = slices.Clone(d.Config.Proxy.Backends)
	return d
}

// choose makes an Apply out of what each choice does; the session has made sure that the answer is one of them.
func choose(set func(*Draft, string)) func(*Draft, string) probes.Text {
	return func(d *Draft, answer string) probes.Text { set(d, answer); return probes.Text{} }
}

// fixed makes a Choices or a Default that depends on nothing.
func fixed[T any](v T) func(Draft) T { return func(Draft) T { return v } }
