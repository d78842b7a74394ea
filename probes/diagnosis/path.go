package diagnosis

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// path is the way of a client's connection as the handshakes found it.
func (s scene) path() probes.Path {
	var p probes.Path
	for _, t := range s.shake.Traces() {
		hop := probes.Hop{Name: t.Name, URL: t.URL, Status: probes.OK, Says: probes.T("101 Switching Protocols")}
		if t.Cause.Kind != handshake.None {
			hop.Status, hop.Says = probes.Failed, t.Cause.Text
		} else if best := t.Best(); best != nil && best.Ping > 0 {
			hop.Says = probes.T("101 Switching Protocols, ping %s", best.Ping)
		}
		if t.Role == handshake.Balancer {
			hop.Kind = string(s.balancer.Kind)
			p.Balancer = &hop
			continue
		}
		p.Nodes = append(p.Nodes, hop)
	}
	return p
}
