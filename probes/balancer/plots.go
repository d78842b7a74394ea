package balancer

import (
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/idle"
	"example.com/wsdoctor/probes/handshake"
)

// Plots draws what the active tests measured.
func (o Observation) Plots() []probes.Plot {
	if o.Active == nil {
		return nil
	}
	return o.Active.Plots()
}

// Plots draws each test that was made.
func (a *Active) Plots() []probes.Plot {
	var out []probes.Plot
	if a.Stickiness != nil {
		out = append(out, a.Stickiness.plot())
	}
	if a.Distribution != nil {
		out = append(out, a.Distribution.plot())
	}
	if a.Idle != nil {
		out = append(out, a.Idle.plot())
	}
	if a.Capacity != nil {
		out = append(out, a.Capacity.plot())
	}
	return out
}

func (s *Stickiness) plot() probes.Plot {
	p := probes.Plot{Title: probes.T("stickiness: which node each connection reached"), Says: s.Verdict.Text, Grid: &probes.Grid{}}
	for _, series := range s.Observed.Series {
		row := probes.GridRow{Name: series.Way.Words()}
		for _, n := range series.Backends {
			at := slices.Index(p.Grid.Nodes, n)
			if at < 0 {
				at, p.Grid.Nodes = len(p.Grid.Nodes), append(p.Grid.Nodes, n)
			}
			row.At = append(row.At, at)
		}
		p.Grid.Rows = append(p.Grid.Rows, row)
	}
	if !s.Observed.By.IsZero() {
		p.Notes = append(p.Notes, probes.T("told apart by %s", s.Observed.By))
	}
	if s.Observed.Failed > 0 {
		p.Notes = append(p.Notes, failedWords(s.Observed.Failed, s.Observed.Cause))
	}
	return p
}

// failedWords says how many connections did not come about, and why the first did not.
func failedWords(n int, first handshake.Cause) probes.Text {
	if n == 1 {
		return probes.T("1 connection failed: %s", first.Text)
	}
	return probes.T("%d connections failed, the first: %s", n, first.Text)
}

func (d *Distribution) plot() probes.Plot {
	p := probes.Plot{Title: probes.T("distribution: how many clients each node has"), Says: d.Verdict.Text}
	for _, s := range d.Verdict.Shares {
		p.Bars = append(p.Bars, probes.Bar{Name: s.Backend, Value: float64(s.Clients), Expected: s.Expected})
	}
	if len(p.Bars) > 1 {
		p.Notes = append(p.Notes, probes.T("chi-square %.1f: chance alone spreads as unevenly with probability %.3g", d.Verdict.Chi2, d.Verdict.P))
	}
	for _, cause := range d.Verdict.Likely {
		p.Notes = append(p.Notes, probes.T("likely: %s", cause))
	}
	if d.Observed.Failed > 0 {
		p.Notes = append(p.Notes, failedWords(d.Observed.Failed, d.Observed.Cause))
	}
	return p
}

// ways are those of a socket of the idle test, in a few words.
var ways = map[idle.Way]probes.Text{
	idle.Silent:     probes.T("both silent"),
	idle.Pings:      probes.T("pings, answered"),
	idle.ClientOnly: probes.T("client talks"),
	idle.ServerOnly: probes.T("server talks"),
	idle.Direct:     probes.T("direct, silent"),
	idle.Wakes:      probes.T("woken after"),
}

// ends is how the end of a socket of the idle test is drawn.
var ends = map[idle.Outcome]probes.Status{idle.Lived: probes.OK, idle.Cut: probes.Failed, idle.Dropped: probes.Unknown, idle.Refused: probes.Skipped}

func (i *Idle) plot() probes.Plot {
	// The test ends soon after the first silent socket was cut: what was to be silent for longer says nothing more.
	l := &probes.Lives{Longest: i.Observed.Took, Tried: ways[idle.Wakes]}
	for _, s := range i.Observed.Sockets {
		life := probes.Life{Name: ways[s.Way], At: s.Age, Status: ends[s.Outcome]}
		switch {
		case s.Way != idle.Wakes:
			l.Rows = append(l.Rows, life)
		case s.Silence <= i.Observed.Took && (s.Woke || s.Outcome != idle.Lived):
			life.At = s.Silence
			l.Points = append(l.Points, life)
		}
	}
	p := probes.Plot{Title: probes.T("idle limit: how long tunnels live in which nothing is said"), Says: i.Verdict.Text, Lives: l}
	if !i.Verdict.Who.IsZero() {
		p.Notes = append(p.Notes, probes.T("it points to: %s", i.Verdict.Who))
	}
	if i.Verdict.Heartbeat > 0 {
		p.Notes = append(p.Notes, probes.T("a heartbeat every %s keeps tunnels open", i.Verdict.Heartbeat))
	}
	return p
}

func (c *Capacity) plot() probes.Plot {
	median, slow := probes.Line{Name: probes.T("median")}, probes.Line{Name: probes.T("slowest 5 %%")}
	for _, s := range c.Observed.Steps {
		median.Points = append(median.Points, probes.Point{X: float64(s.Held), Y: s.Median.Duration().Seconds()})
		slow.Points = append(slow.Points, probes.Point{X: float64(s.Held), Y: s.Slow.Duration().Seconds()})
	}
	p := probes.Plot{Title: probes.T("capacity: time of a handshake, as tunnels were held"), Says: c.Verdict.Text,
		Curve: &probes.Curve{X: probes.T("tunnels held"), Y: probes.T("time of a handshake"), Lines: []probes.Line{median, slow}}}
	for _, e := range c.Verdict.Explained {
		p.Notes = append(p.Notes, probes.T("explained by: %s", e))
	}
	if c.Observed.Lost > 0 {
		p.Notes = append(p.Notes, probes.T("%d tunnels ended while they were held", c.Observed.Lost))
	}
	return p
}
