package embedproxy

import (
	"runtime"
	"testing"

	"example.com/wsdoctor/probes/cluster"
)

// heapInUse is what lives on the heap after two collections; the second frees what the first found in pools.
func heapInUse() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestMemoryIsGivenBack opens many tunnels at once and closes them, twice. What is kept of the first wave is a fraction of
// what it took, the loop's slots and the runtime's own records of goroutines, and serves the second, which adds nothing.
func TestMemoryIsGivenBack(t *testing.T) {
	for name, tunnels := range map[string]int{"plain": 800, "tls": 150} {
		t.Run(name, func(t *testing.T) {
			cfg := settings()
			cfg.Proxy.Limits.PerIP = 0
			cfg.Proxy.Backends = []cluster.Backend{{Address: streamer(t), Weight: 1}}
			if name == "tls" {
				withTLS(t, &cfg, 1)
			}
			p := start(t, cfg, Options{})
			idle := runtime.NumGoroutine()
			wave := func(n int) (open, closed int) {
				list := make([]pipe, n)
				for i := range list {
					c, err := reach[name](t, p, "seed=1&largest=0&silent=1")
					if err != nil {
						t.Fatal(err)
					}
					list[i] = c
				}
				open = heapInUse()
				for _, c := range list {
					c.Close()
				}
				eventually(t, "the end of every tunnel", func() bool { return p.Live() == 0 })
				clear(list)
				eventually(t, "the end of their goroutines", func() bool { return runtime.NumGoroutine() <= idle+8 })
				return open, heapInUse()
			}
			wave(10)
			before := heapInUse()
			open, first := wave(tunnels)
			_, second := wave(tunnels)
			t.Logf("%d tunnels: %d kB more while open (both ends and the backend included), %d kB after the first wave, %d kB after the second",
				tunnels, (open-before)/1000, (first-before)/1000, (second-before)/1000)
			if first-before > (open-before)/6 || second-first > tunnels*200 {
				t.Errorf("%d bytes a tunnel are kept after the first wave, of %d, and %d more after the second; expected a sixth at most, and none",
					(first-before)/tunnels, (open-before)/tunnels, (second-first)/tunnels)
			}
		})
	}
}
