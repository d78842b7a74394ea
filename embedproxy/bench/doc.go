// Command bench compares the embedded proxy with nginx and HAProxy on this machine: `make bench-proxy`. It runs itself
// once more as echo backend and as load generator, each proxy gets one core and the other two share another, and the
// rounds are interleaved in random order. What it prints is the table of docs/proxy-performance.md.
//
// The two halves of the load are event loops without a WebSocket library, so that they cost less than what is
// measured. They check lengths and not contents: that the bytes are right is for the tests to show.
package main
