// Package embedproxy is a reverse proxy for WebSocket and the HTTP around it. The wizard starts it, `wsdoctor proxy`
// runs it in the foreground, and an operator may keep it in production.
//
// A connection takes one of two ways:
//
//   - Plain TCP on Linux: an event loop (tunnel.Loops) accepts it, reads the request head with a strict reader of our
//     own (head), asks a session for a backend (balance), connects, rewrites the head and moves the bytes, all without
//     a goroutine. This is the way of nearly every tunnel, and its cost is what `make bench-proxy` measures.
//   - All else (plain HTTP, TLS, HTTP/2, other systems) goes to net/http, behind a screen that lets only heads through
//     which the strict reader takes too (head.Screen). A loop hands such a connection over with the bytes it has read.
//     A WebSocket that comes this way is served by a pair of goroutines (tunnel.Pairs).
//
// Both ways share one policy (admission, choice of backend, header rewriting, statistics) and one interface to their
// open tunnels (tunnel.Registry): idle timeout, lifetime, drain, snapshot and close work alike on both.
//
// What a request may see is one version of the settings: a reload makes a new version and swaps a pointer; tunnels
// keep the backend that they have.
//
// The package prints nothing, reads no environment, knows no terminal and never ends the process: it logs through
// the slog.Logger it is given and returns errors. It terminates WebSocket nowhere: frames pass as they come, those of
// permessage-deflate too.
package embedproxy
