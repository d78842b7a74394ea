package nginx

import (
	"strings"
	"time"
)

// IdleLimits returns the proxy_read_timeout in effect at each WebSocket location: what a measured idle limit is
// compared with.
func (s Seen) IdleLimits() []time.Duration {
	if s.Source == nil {
		return nil
	}
	var out []time.Duration
	for _, site := range s.Source.sites {
		limit := defaultTimeout
		if d := site.Scope.Effective("proxy_read_timeout").Last(); d != nil {
			t, ok := duration(d.Arg(0))
			if !ok {
				continue
			}
			limit = t
		}
		out = append(out, limit)
	}
	return out
}

// Tunnels returns how many tunnels one worker and all workers carry by worker_connections; 0 where that is not known.
func (s Seen) Tunnels() (each, all int) {
	if s.Source == nil {
		return 0, 0
	}
	c, ok := s.Source.capacity()
	if !ok {
		return 0, 0
	}
	return c.perWorker(), c.perWorker() * max(1, c.workers)
}

// Ejecting is a server line on which one failure is enough to leave the server out.
type Ejecting struct {
	Where, Line string
	Instead     string // the line with room for more failures
}

// Ejects returns those server lines of the upstreams with several servers; alone, a server is never left out.
func (s Seen) Ejects() []Ejecting {
	if s.Source == nil {
		return nil
	}
	var out []Ejecting
	ups, _ := s.Source.groups()
	for _, u := range ups {
		if len(u.Active()) < 2 {
			continue
		}
		for _, b := range u.Active() {
			line := rawLine(b.Dir)
			switch fails, written := b.Param("max_fails"); {
			case !written:
				out = append(out, Ejecting{where(b.Dir.Place()), line, strings.TrimSuffix(line, ";") + " max_fails=3;"})
			case fails == "1":
				out = append(out, Ejecting{where(b.Dir.Place()), line, strings.Replace(line, "max_fails=1", "max_fails=3", 1)})
			}
		}
	}
	return out
}
