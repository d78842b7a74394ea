package balance

// ipHash keeps a client address on its backend.
type ipHash struct{}

func (ipHash) pick(c choice) int { return c.rendezvous(hashAddr(c.req.Client)) }
