package balance

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// hashString is FNV-1a with a final mix: the same in every process, which agreement between proxies needs.
func hashString(s string) uint64 { return hashBytes([]byte(s)) }

func hashBytes(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return mix(h)
}

func hashAddr(a netip.Addr) uint64 {
	b := a.Unmap().As16()
	return mix(mix(binary.BigEndian.Uint64(b[:8])) ^ binary.BigEndian.Uint64(b[8:]))
}

// mix is the finaliser of SplitMix64: neighbouring addresses must land far apart.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// rendezvous picks by highest random weight (Thaler and Ravishankar 1998; the logarithm gives each backend its
// share, Schindelhauer and Schomaker 2005). A backend that leaves moves its own clients and no others, and proxies
// with the same list agree without talking.
func (c choice) rendezvous(key uint64) int {
	best, bestScore := -1, math.Inf(-1)
	for i := range c.entries {
		if !c.ok(i) {
			continue
		}
		h := mix(key ^ c.entries[i].node.hash)
		u := (float64(h>>11) + 0.5) / (1 << 53) // in (0, 1)
		if score := float64(c.entries[i].Weight) / -math.Log(u); score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}
