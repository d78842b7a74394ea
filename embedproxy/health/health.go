// Package health asks one backend after another whether it is well, the way clients would use it, and decides after
// several like answers. It changes nothing at the backend and keeps no list of backends: whoever starts a Check is
// told what comes out.
package health

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Check says what is asked and when.
type Check struct {
	Kind     string // websocket | http | tcp
	Address  string // host:port
	Path     string // with its query, for http and websocket
	Interval time.Duration
	Timeout  time.Duration // of one question
	Rise     int           // good answers in a row until the backend is well again
	Fall     int           // bad answers in a row until it is not
}

// kinds lists the ways of asking; each has a file of its own.
var kinds = map[string]func(ctx context.Context, c Check) error{
	"tcp":       askTCP,
	"http":      askHTTP,
	"websocket": askWebSocket,
}

// Ask asks once. The error says what is wrong with the backend.
func (c Check) Ask(ctx context.Context) error {
	ask, ok := kinds[c.Kind]
	if !ok {
		return fmt.Errorf("checking %s: found kind %q, expected websocket, http or tcp", c.Address, c.Kind)
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if err := ask(ctx, c); err != nil {
		return fmt.Errorf("checking %s by %s: %w", c.Address, c.Kind, err)
	}
	return nil
}

// Judge turns answers into a verdict. A backend counts as well until Fall answers say otherwise, so that a proxy
// that starts does not refuse its first clients.
type Judge struct {
	Rise, Fall int
	sick       bool
	streak     int
}

// Take considers one answer and reports whether it changes the verdict.
func (j *Judge) Take(well bool) (changed bool) {
	if well == !j.sick {
		j.streak = 0
		return false
	}
	j.streak++
	need := j.Fall
	if j.sick {
		need = j.Rise
	}
	if j.streak < max(need, 1) {
		return false
	}
	j.sick, j.streak = !j.sick, 0
	return true
}

// Run asks until ctx ends and calls report whenever the verdict changes; err is the last bad answer. sick is the
// verdict to begin with. The first
// question comes at a random moment of the first interval: many backends are not asked in one burst.
func (c Check) Run(ctx context.Context, sick bool, report func(well bool, err error)) {
	j := Judge{Rise: c.Rise, Fall: c.Fall, sick: sick}
	t := time.NewTimer(rand.N(max(c.Interval, 1)))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := c.Ask(ctx)
		if ctx.Err() != nil {
			return
		}
		if j.Take(err == nil) {
			report(err == nil, err)
		}
		t.Reset(c.Interval)
	}
}
