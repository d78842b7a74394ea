package wizard

import (
	"cmp"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

var idleStep = Step{
	ID:    "idle",
	Title: probes.T("idle limit"),
	Why: probes.T("the balancer ends a tunnel on which nothing was sent for this long; it has to be longer than the heartbeat, and " +
		"ends what a client left behind"),
	Ask: fixed(probes.T("after how long without traffic may the balancer end a tunnel? a duration such as 1h, or 0 for never")),
	Default: func(d Draft) string {
		if d.cutsBetweenBeats() {
			return short(max(cluster.Default(d.Config.Product).Proxy.Timeouts.Idle, 2*d.Config.Heartbeat))
		}
		return short(d.Config.Proxy.Timeouts.Idle)
	},
	From: func(d Draft) probes.Text {
		if d.cutsBetweenBeats() && d.Taken.Way != nil {
			return probes.T("longer than the %s of %s, which cuts tunnels between two heartbeats", short(d.Taken.Way.Idle), cmp.Or(d.Taken.Way.From.Idle, d.Taken.File))
		}
		return d.from(func(p cluster.WayPlaces) string { return p.Idle })
	},
	Skip: noneStands,
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

// cutsBetweenBeats tells that the idle limit, as it is before this step, is not longer than the heartbeat.
func (d Draft) cutsBetweenBeats() bool {
	idle := d.Config.Proxy.Timeouts.Idle
	return idle > 0 && d.Config.Heartbeat > 0 && idle <= d.Config.Heartbeat
}
