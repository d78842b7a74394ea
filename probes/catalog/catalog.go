// Package catalog is the one list of areas. It holds no check of its own.
package catalog

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer"
	"example.com/wsdoctor/probes/firewall"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/kernel"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/portconfig"
	"example.com/wsdoctor/probes/ports"
)

// All returns every area, in the order in which a report shows them: from the settings through this host to the path.
func All() []probes.Probe {
	return []probes.Probe{
		portconfig.Probe(),
		ports.Probe(ports.Options{Upgrades: handshake.Upgrades}),
		firewall.Probe(),
		kernel.Probe(),
		handshake.Probe(),
		balancer.Probe(),
		nginx.Probe(),
		haproxy.Probe(),
	}
}
