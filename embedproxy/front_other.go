//go:build !linux

package embedproxy

// newFront returns none: without epoll every connection is served by goroutines.
func (p *Proxy) newFront() (front, error) { return nil, nil }
