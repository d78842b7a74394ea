// Package h2connect lets net/http take WebSocket over HTTP/2 (RFC 8441). Its server can do it, but announces it only
// where GODEBUG holds http2xconnect=1, which it reads once in an init function of its own (src/net/http/h2_bundle.go).
// A //go:debug line has no effect there.
//
// It works because Go initialises packages that are ready in the order of their paths, and this one's sorts before
// net/http. A test of embedproxy opens a WebSocket over HTTP/2.
package h2connect

import "os"

// Enabled is true; it is a variable so that its initialiser sets the environment.
var Enabled = func() bool {
	v := "http2xconnect=1"
	if old := os.Getenv("GODEBUG"); old != "" {
		v = old + "," + v
	}
	return os.Setenv("GODEBUG", v) == nil
}()
