package handshake

import (
	"slices"

	"example.com/wsdoctor/probes"
)

// Fall is the handshake phase by phase; what took no time is left out. It has no spans where no address was tried.
func (t *Trace) Fall() probes.Fall {
	f := probes.Fall{Name: t.Name, Status: probes.OK}
	if t.Cause.Kind != None {
		f.Status = probes.Failed
	}
	best := t.Best()
	if best == nil {
		return f
	}
	f.Spans = slices.DeleteFunc([]probes.Span{
		{Name: probes.T("name"), Took: t.DNS}, {Name: probes.T("TCP"), Took: best.TCP}, {Name: probes.T("proxy"), Took: best.Proxy},
		{Name: probes.T("TLS"), Took: best.TLSTime}, {Name: probes.T("upgrade"), Took: best.Upgrade}, {Name: probes.T("first message"), Took: best.FirstMessage},
	}, func(s probes.Span) bool { return s.Took == 0 })
	return f
}

// Plots draws every handshake beside the others, and the round trips of their pings.
func (o Observation) Plots() []probes.Plot {
	phases := probes.Plot{Title: probes.T("each handshake, phase by phase")}
	pings := probes.Plot{Title: probes.T("round trip of a ping, in milliseconds")}
	for _, t := range slices.Backward(o.Traces()) { // the balancer first
		if f := t.Fall(); len(f.Spans) > 0 {
			phases.Falls = append(phases.Falls, f)
		}
		if best := t.Best(); best != nil && best.Ping > 0 {
			pings.Bars = append(pings.Bars, probes.Bar{Name: t.Name, Value: best.Ping.Duration().Seconds() * 1000})
		}
	}
	if len(phases.Falls) > 1 {
		slices.Reverse(phases.Falls[1:])
	}
	if len(pings.Bars) > 1 {
		slices.Reverse(pings.Bars[1:])
	}
	var out []probes.Plot
	if len(phases.Falls) > 0 {
		out = append(out, phases)
	}
	if len(pings.Bars) > 0 {
		out = append(out, pings)
	}
	return out
}
