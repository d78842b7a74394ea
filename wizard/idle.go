package wizard

import (
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var idleStep = Step{
	ID:    "idle",
	Title: probes.T("idle limit"),
	Why: probes.T("the balancer ends a tunnel on which nothing was sent for this long; it has to be longer than the heartbeat, and " +
		"ends what a client left behind"),
	Ask:     fixed(probes.T("after how long without traffic may the balancer end a tunnel? a duration such as 1h, or 0 for never")),
	Default: func(d Draft) string { return short(d.Config.Proxy.Timeouts.Idle) },
	From:    func(d Draft) probes.Text { return d.from(func(p cluster.WayPlaces) string { return p.Idle }) },
	Skip:    noneStands,
	Apply: func(d *Draft, answer string) probes.Text {
		idle, problem := parseDuration(answer, 30*24*time.Hour)
		if !problem.IsZero() {
			return problem
		}
		if beat := d.Config.Heartbeat; idle > 0 && beat > 0 && idle <= beat {
			return probes.T("found %s, expected more than the heartbeat of %s: every tunnel would be cut between two of them", answer, short(beat))
		}
		d.Config.Proxy.Timeouts.Idle = idle
		return probes.Text{}
	},
	Keys: []string{"proxy.timeouts.idle"},
}
