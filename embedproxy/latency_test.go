package embedproxy

import (
	"math"
	"testing"
)

func TestLatency(t *testing.T) {
	for _, c := range []struct {
		name     string
		seen     []float64 // in seconds, each ten times
		p50, p99 float64
	}{
		{"nothing", nil, 0, 0},
		{"all in the first bucket", []float64{.00005}, .00005, .000099},
		{"two buckets", []float64{.00005, .0002}, .0001, .00025 - .00015*.02},
		{"above the last", []float64{60}, 5, 5},
	} {
		s := newStats()
		for _, v := range c.seen {
			for range 10 {
				s.connect.Observe(v)
			}
		}
		got := latencyOf(s.connect)
		if got.Count != uint64(10*len(c.seen)) || math.Abs(got.P50-c.p50) > 1e-9 || math.Abs(got.P99-c.p99) > 1e-9 {
			t.Errorf("%s: %+v, expected %v and %v", c.name, got, c.p50, c.p99)
		}
	}
}
