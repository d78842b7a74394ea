package main

import "context"

// hangUp ends a context also when the console is closed.
func (a *app) hangUp(ctx context.Context) (context.Context, context.CancelFunc) {
	return notifyHangUp(ctx)
}
