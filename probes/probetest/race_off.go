//go:build !race

package probetest

// Race tells that the tests run under the race detector.
const Race = false
