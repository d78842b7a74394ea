// Package ports looks at the TCP ports of the settings on this host: who holds them, what the last server left on
// them, and whether they can be bound. It sends nothing to the network but the WebSocket handshake that its caller
// lends it, and changes nothing: a trial bind never listens and is undone at once. Whether a firewall lets clients
// through is another area's question, and so is whether the numbers in the settings make sense.
package ports

import (
	"context"

	"example.com/wsdoctor/probes"
)

// Options of Probe and Observe. The zero value looks at the ports of the settings and asks nobody.
type Options struct {
	// Upgrades tells whether a WebSocket handshake with url succeeds, within ctx. Nil means that what listens cannot
	// be asked, so that only a program's name tells whether it belongs there.
	Upgrades func(ctx context.Context, url string) bool
	// Ports, if not nil, is looked at instead of the ports of the settings.
	Ports []int
}

// Probe returns the area.
func Probe(opts Options) probes.Probe {
	return probes.New("ports", func(ctx context.Context, t probes.Target) (Observation, error) {
		return Observe(ctx, t, opts)
	}, rules)
}

var rules = []probes.Rule[Observation]{bindable, timeWait, holder, loopbackOnly, listenOrder, closeWait}
