package main

import (
	"context"
	"net"

	"example.com/wsdoctor/embedproxy"
)

// inheritedListeners returns none: Windows passes no listening sockets on.
func inheritedListeners() ([]net.Listener, error) { return nil, nil }

// signals drains on Ctrl-C, which main turns into the end of ctx. A second one ends the program at once.
func (s *supervisor) signals(ctx context.Context) {
	select {
	case <-ctx.Done():
		s.proxy.Drain(embedproxy.End{})
	case <-s.proxy.Done():
	}
}

func (s *supervisor) notifySystemd(context.Context) {}

func tellReloading() {}
func tellReady()     {}
