package wizard

import (
	"time"

	"example.com/wsdoctor/probes"
)

var heartbeatStep = Step{
	ID:      "heartbeat",
	Title:   probes.T("heartbeat"),
	Why:     probes.T("every hop cuts a tunnel that is silent for too long; what the application sends by itself keeps it open"),
	Ask:     fixed(probes.T("how often does the application send something by itself? a duration such as 25s, or 0 for never")),
	Default: func(d Draft) string { return short(d.Config.Heartbeat) },
	Skip:    stopped,
	Apply: func(d *Draft, answer string) probes.Text {
		every, problem := parseDuration(answer, 24*time.Hour)
		d.Config.Heartbeat = every
		return problem
	},
	Keys: []string{"heartbeat"},
}

// parseDuration reads a duration of at most limit.
func parseDuration(answer string, limit time.Duration) (time.Duration, probes.Text) {
	d, err := time.ParseDuration(answer)
	switch {
	case err != nil:
		return 0, probes.T("found %q, expected a duration with its unit, such as 25s, 10m or 1h", answer)
	case d < 0 || d > limit:
		return 0, probes.T("found %s, expected a duration from 0s to %s", answer, short(limit))
	}
	return d, probes.Text{}
}

// short writes 1h0m0s as 1h.
func short(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if n := len(s) - len(zero) + 1; n > 0 && s[n-1:] == zero {
			s = s[:n]
		}
	}
	return s
}
