package embedproxy

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Latency is how long something took, in seconds, since the proxy began.
type Latency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_seconds"`
	P99   float64 `json:"p99_seconds"`
}

// latencyOf reads quantiles from the buckets of h the way Prometheus' histogram_quantile does: within a bucket all
// values are taken to be spread evenly, and what lies above the last bound counts as that.
func latencyOf(h prometheus.Histogram) Latency {
	var m dto.Metric
	if err := h.Write(&m); err != nil {
		return Latency{}
	}
	all := m.GetHistogram()
	l := Latency{Count: all.GetSampleCount()}
	if l.Count > 0 {
		l.P50, l.P99 = quantile(all.GetBucket(), .5*float64(l.Count)), quantile(all.GetBucket(), .99*float64(l.Count))
	}
	return l
}

// quantile is the value that rank observations lie below.
func quantile(buckets []*dto.Bucket, rank float64) float64 {
	low, below := 0.0, 0.0
	for _, b := range buckets {
		up, n := b.GetUpperBound(), float64(b.GetCumulativeCount())
		if n >= rank && n > below {
			return low + (up-low)*(rank-below)/(n-below)
		}
		low, below = up, n
	}
	return low
}
