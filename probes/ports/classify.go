package ports

import (
	"net/netip"
	"slices"

	"example.com/wsdoctor/probes/ports/sockdiag"
	"example.com/wsdoctor/probes/sysctl"
)

// lowestClientPort is the first port that a client without privilege can have, on every system.
const lowestClientPort = 1024

// surroundings is what helps to tell an accepted connection from an outgoing one: the kernel keeps no word of it.
type surroundings struct {
	ephemeral   sysctl.Range
	services    []int                       // ports of the settings: where a node's or a balancer's own connections lead
	listensHere func(a netip.AddrPort) bool // whether a is a listener of this host
	reuseFails  bool                        // a bind with SO_REUSEADDR was refused
	tried       bool                        // reuseFails says something
}

// split tells the connections on one port that no listener accounts for into those that a server, gone by now, has
// accepted, and those that a client of this host has opened from this port. The difference matters: accepted ones
// carry the SO_REUSEADDR of their listener, so most servers can bind beside them; outgoing ones do not, and nobody can.
func split(port int, loose []socket, bound bool, s surroundings) (accepted, outgoing []socket) {
	remotePorts := map[netip.Addr][]uint16{}
	for _, c := range loose {
		a := c.Remote.Addr()
		if !slices.Contains(remotePorts[a], c.Remote.Port()) && len(remotePorts[a]) < 2 {
			remotePorts[a] = append(remotePorts[a], c.Remote.Port())
		}
	}
	isOutgoing := func(c socket) bool {
		remote := int(c.Remote.Port())
		switch {
		case c.State == sockdiag.SynSent, s.listensHere(c.Remote):
			return true
		case c.State == sockdiag.SynRecv, c.State == sockdiag.NewSynRecv:
			return false
		case s.tried && !s.reuseFails:
			return false // whoever opened it, it keeps no server that sets SO_REUSEADDR away
		case remote < lowestClientPort, slices.Contains(s.services, remote):
			return true
		case len(remotePorts[c.Remote.Addr()]) > 1:
			return false // many ports there and one here: theirs are the ephemeral ones
		case c.State == sockdiag.TimeWait && s.ephemeral.Contains(remote):
			return false // most likely of a server that did not set SO_REUSEADDR
		}
		// Something keeps even a bind with SO_REUSEADDR away, and a port of the ephemeral range is most likely used as one.
		return s.tried && !bound && s.ephemeral.Contains(port)
	}
	for _, c := range loose {
		if isOutgoing(c) {
			outgoing = append(outgoing, c)
		} else {
			accepted = append(accepted, c)
		}
	}
	return accepted, outgoing
}

// tally counts accepted connections whose listener is gone.
func tally(accepted []socket) (TimeWait, Leftover) {
	var tw TimeWait
	var l Leftover
	for _, c := range accepted {
		switch c.State {
		case sockdiag.TimeWait:
			tw.Accepted++
			tw.Left = max(tw.Left, seconds(c.Expires))
			continue
		case sockdiag.FinWait1:
			l.FinWait1++
		case sockdiag.FinWait2:
			l.FinWait2++
			l.Left = max(l.Left, seconds(c.Expires))
		case sockdiag.Closing:
			l.Closing++
		case sockdiag.LastAck:
			l.LastAck++
		case sockdiag.CloseWait: // counted as such by the caller
			continue
		default:
			l.Established++
		}
		if c.Inode == 0 && c.pid == 0 {
			l.Orphans++
		}
		if !c.Timed {
			l.Untimed++
		}
	}
	return tw, l
}
