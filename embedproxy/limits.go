package embedproxy

import (
	"net/netip"
	"sync"
	"time"

	"example.com/wsdoctor/probes/cluster"
)

// limiter counts tunnels, those being opened included. Its lock is held for one map operation.
type limiter struct {
	mu     sync.Mutex
	perIP  map[netip.Addr]int
	total  int
	tokens float64 // handshakes that may come at once
	filled time.Time
}

// clientKey is what per_ip counts by: a whole IPv4 address, or the /64 that one IPv6 host has to itself.
func clientKey(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.Addr()
	}
	return a
}

// enter counts a new tunnel of a client. status is 0, or what the client is refused with and why.
func (l *limiter) enter(client netip.Addr, limits cluster.Limits, now time.Time) (status int, reason string) {
	key := clientKey(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	if rate := float64(limits.HandshakesPerSecond); rate > 0 {
		l.tokens = min(l.tokens+rate*now.Sub(l.filled).Seconds(), rate)
		l.filled = now
		if l.tokens < 1 {
			return 503, "too many handshakes a second"
		}
		l.tokens--
	}
	if limits.Total > 0 && l.total >= limits.Total {
		return 503, "too many tunnels"
	}
	if limits.PerIP > 0 && l.perIP[key] >= limits.PerIP {
		return 429, "too many tunnels from this address"
	}
	if l.perIP == nil {
		l.perIP = map[netip.Addr]int{}
	}
	l.perIP[key]++
	l.total++
	return 0, ""
}

// leave takes back what enter counted.
func (l *limiter) leave(client netip.Addr) {
	key := clientKey(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if n := l.perIP[key]; n > 1 {
		l.perIP[key] = n - 1
	} else {
		delete(l.perIP, key)
	}
}
