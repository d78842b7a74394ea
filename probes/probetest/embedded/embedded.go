// Package embedded runs wsdoctor's own proxy for tests, as probetest runs nginx and HAProxy. It is apart from those
// because everybody's tests import them, and the proxy imports half of the repository.
package embedded

import (
	"context"
	"testing"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes/cluster"
)

// Start runs a proxy on a free port of 127.0.0.1 in front of the backends (host:port) until the test ends. change, if
// not nil, changes its settings before. Its address is the first of Proxy.Addresses.
func Start(t testing.TB, change func(*cluster.Config), backends ...string) *embedproxy.Proxy {
	t.Helper()
	cfg := cluster.Default(cluster.Generic)
	cfg.Proxy.Listen, cfg.Proxy.Admin = []string{"127.0.0.1:0"}, ""
	cfg.Proxy.ActiveHealth.Kind = "off" // its own handshakes would be among those that a test counts
	for _, b := range backends {
		cfg.Proxy.Backends = append(cfg.Proxy.Backends, cluster.Backend{Address: b, Weight: 1})
	}
	if change != nil {
		change(&cfg)
	}
	p, err := embedproxy.New(context.WithoutCancel(t.Context()), cfg, embedproxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(context.WithoutCancel(t.Context())) }()
	select {
	case <-p.Serving():
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}
