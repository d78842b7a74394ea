package balancer

import "time"

// What the active tests ask for where nobody says otherwise, and what bounds them.
const (
	UsualStickiness   = 12 // reconnections of each series
	UsualDistribution = 40 // clients
	// UsualIdle is above the 60 s of nginx and of most cloud balancers.
	UsualIdle = 90 * time.Second
	// MostStickiness and MostDistribution bound what a test of seconds may become.
	MostStickiness   = 1000
	MostDistribution = 10_000
	// MostCapacity is about as many connections as a proxy has source ports towards one backend.
	MostCapacity = 60_000
)

// Step is how far a test is, for a picture of it.
type Step struct {
	Test string  // "stickiness", "distribution", "socketio", "idle" or "capacity"
	Done float64 // connections, or seconds; of a ramp, the connections that are held
	Of   float64 // at most; 0: not known
	Bad  int     // connections that were refused or have ended
}
