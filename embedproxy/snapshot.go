package embedproxy

import (
	"cmp"
	"slices"
	"time"

	"example.com/wsdoctor/embedproxy/balance"
	"example.com/wsdoctor/embedproxy/tunnel"
)

// Snapshot is what the proxy is doing at one moment. Durations are in seconds.
type Snapshot struct {
	State     string            `json:"state"` // serving | draining
	Uptime    float64           `json:"uptime_seconds"`
	Addresses []string          `json:"addresses"`
	Policy    string            `json:"policy"`
	Open      int               `json:"open"` // tunnels and handshakes
	Opened    uint64            `json:"opened"`
	Closed    map[string]uint64 `json:"closed"`    // by cause
	Handshake map[int]uint64    `json:"handshake"` // answered with that status
	Connect   Latency           `json:"connect"`   // from the choice of a backend until the request was sent to it
	Backends  []BackendStatus   `json:"backends"`
	Tunnels   []TunnelStatus    `json:"tunnels"`
}

// BackendStatus is one backend.
type BackendStatus struct {
	Address string `json:"address"`
	State   string `json:"state"` // up | down | draining | sick | out
	Backup  bool   `json:"backup"`
	Weight  int    `json:"weight"`
	Open    int    `json:"open"`
	Opened  uint64 `json:"opened"`
	Failed  uint64 `json:"failed"` // connects
	Up      uint64 `json:"bytes_up"`
	Down    uint64 `json:"bytes_down"`
}

// TunnelStatus is one open tunnel.
type TunnelStatus struct {
	ID       uint64  `json:"id"`
	Client   string  `json:"client"`
	Backend  string  `json:"backend"`
	Lifetime float64 `json:"lifetime_seconds"`
	Idle     float64 `json:"idle_seconds"`
	Up       uint64  `json:"bytes_up"`
	Down     uint64  `json:"bytes_down"`
}

// Snapshot returns what the proxy is doing, with at most so many tunnels (0: none), the oldest first. It must not be
// called before Run.
func (p *Proxy) Snapshot(tunnels int) Snapshot {
	v := p.version.Load()
	s := Snapshot{State: p.stateName(), Uptime: time.Since(p.started).Seconds(), Addresses: p.Addresses(), Policy: v.cfg.Policy,
		Open: p.Live(), Closed: map[string]uint64{}, Handshake: map[int]uint64{}, Connect: latencyOf(p.stats.connect), Backends: p.backends(v)}
	for _, c := range tunnel.Causes() {
		s.Closed[c.String()] = p.stats.closed[c].Load()
	}
	for code := range p.stats.statuses {
		if n := p.stats.statuses[code].Load(); n > 0 {
			s.Handshake[code] = n
		}
	}
	s.Opened = s.Handshake[101]
	if tunnels <= 0 {
		return s
	}
	for _, r := range p.registries() {
		r.Each(func(o tunnel.Owner, st tunnel.Status) {
			rec := o.(recorded).rec()
			s.Tunnels = append(s.Tunnels, TunnelStatus{ID: rec.id, Client: rec.client.String(), Backend: rec.node.Address,
				Lifetime: st.Lifetime.Seconds(), Idle: st.Idle.Seconds(), Up: st.Up, Down: st.Down})
		})
	}
	slices.SortFunc(s.Tunnels, func(a, b TunnelStatus) int { return cmp.Compare(a.ID, b.ID) })
	s.Tunnels = s.Tunnels[:min(len(s.Tunnels), tunnels)]
	return s
}

func (p *Proxy) stateName() string {
	if p.state.Load() == draining {
		return "draining"
	}
	return "serving"
}

func (p *Proxy) backends(v *version) []BackendStatus {
	var out []BackendStatus
	now := time.Now()
	v.set.All(func(b balance.Backend, n *balance.Node) {
		t := v.targets[n]
		state := n.State(now)
		if b.Down {
			state = "down"
		}
		out = append(out, BackendStatus{Address: b.Address, State: state, Backup: b.Backup, Weight: b.Weight, Open: n.Live(),
			Opened: t.opened.Load(), Failed: t.failed.Load(), Up: t.traffic.Up.Load(), Down: t.traffic.Down.Load()})
	})
	return out
}

// CloseTunnel ends one tunnel with a Close frame (1001).
func (p *Proxy) CloseTunnel(id uint64) {
	p.end(0, "closed by the operator", func(r *record) bool { return r.id == id })
}

// DrainBackend keeps new clients from a backend and ends its tunnels within timeouts.drain; they come back to the
// others. on false lets clients come again. It returns false where there is no such backend.
func (p *Proxy) DrainBackend(address string, on bool) bool {
	v := p.version.Load()
	n := v.set.Node(address)
	if n == nil {
		return false
	}
	n.SetDraining(on, time.Now())
	if on {
		p.end(v.cfg.Timeouts.Drain, "the backend is taken out", func(r *record) bool { return r.node == n })
	}
	return true
}

func (p *Proxy) end(over time.Duration, reason string, match func(*record) bool) {
	e := tunnel.End{Cause: tunnel.ByOperator, Code: tunnel.CloseGoingAway, Reason: reason, Over: over}
	for _, r := range p.registries() {
		r.End(e, func(o tunnel.Owner) bool { return match(o.(recorded).rec()) })
	}
}
