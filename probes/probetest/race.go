//go:build race

package probetest

// Race tells that the tests run under the race detector, where everything costs about ten times as much: what is counted
// in hundreds without it is made smaller.
const Race = true
