package embedproxy

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/wsdoctor/embedproxy/tunnel"
)

// stats are the counters of the whole proxy; those of a backend stand in its target.
type stats struct {
	statuses [600]atomic.Uint64 // handshakes by the status they were answered with
	closed   []atomic.Uint64    // tunnels by tunnel.Cause
	lost     atomic.Uint64      // lines of the access log
	connect  prometheus.Histogram
}

func newStats() *stats {
	return &stats{
		closed: make([]atomic.Uint64, len(tunnel.Causes())),
		connect: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "wsdoctor_proxy_connect_seconds",
			Help:    "Time from the choice of a backend until the request was sent to it.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}),
	}
}

func (s *stats) status(code int) {
	if code >= 0 && code < len(s.statuses) {
		s.statuses[code].Add(1)
	}
}
