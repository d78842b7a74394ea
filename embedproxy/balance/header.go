package balance

// header keeps clients that send the same value of the stickiness header on one backend. The others go by fallback.
type header struct{ fallback policy }

func (p header) pick(c choice) int {
	if len(c.req.Header) == 0 {
		return p.fallback.pick(c)
	}
	return c.rendezvous(hashBytes(c.req.Header))
}
