package haproxy

import "time"

// IdleLimits returns what ends an idle tunnel from each frontend to each backend that the handshake can take, as far as
// that is known: what a measured idle limit is compared with.
func (o Observation) IdleLimits() []time.Duration {
	if o.model == nil {
		return nil
	}
	var out []time.Duration
	for _, l := range o.model.lives() {
		if end := l.end(); l.known() && end.set {
			out = append(out, end.d)
		}
	}
	return out
}
