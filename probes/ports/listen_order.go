package ports

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var listenOrder = probes.Rule[Observation]{
	ID:    "ports/listen-order",
	Title: "the node listens, or would listen, where the balancer looks for it",
	Why: "A server of the FineReport family listens on one port: the first of its list that it can bind. A cluster node tries the " +
		"forwarding ports first, then the ports; a single server the other way round. So a node whose host has the forwarding port free " +
		"listens there while the balancer's upstream names the first port, a dead upstream; and a node that is started before the balancer " +
		"on the same host takes the balancer's port. Where none can be bound, the deployment wizard opens.",
	Applies: onThisHost(func(o Observation) (probes.Status, probes.Text) {
		switch {
		case !o.Expect.Family:
			return probes.Skipped, probes.T("only servers of the FineReport family try several ports in an order")
		case len(o.Place.Nodes) == 0:
			return probes.Skipped, probes.T("no node runs on this host")
		}
		if p := o.undecided(); p != 0 {
			return probes.Unknown, probes.T("cannot tell whether it is the node that listens on %d", p)
		}
		return probes.OK, probes.Text{}
	}),
	Check: func(o Observation) []probes.Finding {
		switch {
		case !o.Expect.Family || len(o.Place.Nodes) == 0 || len(o.Expect.ListenOrder) == 0:
			return nil
		case len(o.serviceOn()) > 0:
			return running(o)
		case o.undecided() != 0:
			return nil
		}
		return wouldRun(o)
	},
}

// undecided returns a port of the order that is held by something that may be the node; 0: none.
func (o Observation) undecided() int {
	if len(o.serviceOn()) > 0 {
		return 0
	}
	for _, p := range o.Ports {
		if p.Belongs == CannotTell && slices.Contains(o.Expect.ListenOrder, p.Port) {
			return p.Port
		}
	}
	return 0
}

// running judges a node that listens.
func running(o Observation) []probes.Finding {
	on := o.serviceOn()
	for _, p := range o.Ports {
		if o.Place.Balancer && p.forwards() && slices.Contains(on, p.Port) {
			return []probes.Finding{{
				Severity: probes.Error,
				Subject:  p.subject(),
				Title:    probes.T("the node, %s, has taken port %d, expected %s there", p.holder(), p.Port, o.wanted(p)),
				Evidence: append(o.orderEvidence(), p.evidence()...),
				Fix:      append([]probes.Text{probes.T("# stop the node, start the balancer, then start the node again: the balancer has to be first")}, o.balancerStart()...),
			}}
		}
	}
	backends := o.Expect.BackendPorts
	if len(backends) == 0 || slices.ContainsFunc(backends, func(b int) bool { return slices.Contains(on, b) }) {
		return nil
	}
	return []probes.Finding{{
		Severity: probes.Error,
		Subject:  fmt.Sprint(backends[0]),
		Title:    probes.T("the node listens on %s, expected %d, where the balancer sends its clients", portList(on), backends[0]),
		Evidence: o.orderEvidence(),
		Fix:      o.upstreamFix(on[0]),
	}}
}

// wouldRun judges what a node would do that is started now.
func wouldRun(o Observation) []probes.Finding {
	take, backends, order := o.NodeWouldTake, o.Expect.BackendPorts, o.Expect.ListenOrder
	f := probes.Finding{Severity: probes.Warning, Subject: fmt.Sprint(take), Evidence: o.orderEvidence()}
	forwards := slices.Contains(o.Expect.ForwardingPorts, take) || take == o.Expect.BalancerPort
	switch {
	case take == 0:
		f.Subject = fmt.Sprint(order[0])
		f.Title = probes.T("a node started now finds none of its ports free (%s) and opens the deployment wizard, expected one free", portList(order))
	case o.Place.Balancer && forwards:
		f.Title = probes.T("a node started now takes %d, expected it kept for the balancer on this host", take)
		f.Fix = append([]probes.Text{probes.T("# start the balancer before the node")}, o.balancerStart()...)
	case len(backends) > 0 && !slices.Contains(backends, take):
		f.Title = probes.T("a node started now listens on %d, expected %d, where the balancer sends its clients", take, backends[0])
		f.Fix = o.upstreamFix(take)
	case len(backends) == 0 && take != order[0]:
		f.Severity = probes.Info
		f.Title = probes.T("a node started now listens on %d, because %d cannot be had", take, order[0])
	default:
		return nil
	}
	return []probes.Finding{f}
}

func (o Observation) orderEvidence() []probes.Evidence {
	return []probes.Evidence{{Where: "websocket.listen_order", Saw: probes.T("a node tries %s, in this order, and the first that binds wins", portList(o.Expect.ListenOrder))}}
}

// upstreamFix returns the line that points the balancer at port.
func (o Observation) upstreamFix(port int) []probes.Text {
	host := "NODE"
	if len(o.Expect.NodeAddrs) > 0 {
		host = o.Expect.NodeAddrs[0].String()
	}
	address := net.JoinHostPort(host, strconv.Itoa(port))
	line := fmt.Sprintf("server %s;", address)
	switch o.Expect.BalancerKind {
	case string(cluster.HAProxy):
		line = fmt.Sprintf("server %s %s", o.Place.Nodes[0], address)
	case string(cluster.Caddy):
		line = "reverse_proxy " + address
	case string(cluster.Embedded), string(cluster.Other):
		line = fmt.Sprintf("proxy: {backends: [{address: %q}]}", address)
	}
	return []probes.Text{
		probes.T("# the balancer has to send to the port on which the node listens:"),
		probes.Verbatim(line),
		probes.T("# where it does so already, say it in wsdoctor.yaml: proxy.backends"),
	}
}

// balancerStart returns the line that starts the balancer, where its kind says how.
func (o Observation) balancerStart() []probes.Text {
	switch o.Expect.BalancerKind {
	case string(cluster.Nginx), string(cluster.HAProxy), string(cluster.Caddy):
		return []probes.Text{probes.Verbatim("systemctl start " + o.Expect.BalancerKind)}
	case string(cluster.Embedded):
		return []probes.Text{probes.Verbatim("wsdoctor proxy")}
	}
	return nil
}

func portList(ports []int) string {
	parts := make([]string, len(ports))
	for i, p := range ports {
		parts[i] = fmt.Sprint(p)
	}
	return strings.Join(parts, ", ")
}
