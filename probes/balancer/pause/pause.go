// Package pause is the wait between two steps of an active test. It knows nothing of what is tested, and it is no clock:
// how long is said by whoever waits.
package pause

import (
	"context"
	"time"
)

// For waits for d, and reports whether it did: false means that ctx ended first.
func For(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
