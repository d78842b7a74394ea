//go:build unix

package main

import (
	"context"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// whenGone calls gone once the other end of a terminal is closed. Only the session that a terminal controls is told of
// that by SIGHUP; any other reads an end of input, which to a screen looks like nobody typing, for ever. stop ends the
// watch and waits for it.
func whenGone(terminal *os.File, gone func()) (stop func()) {
	r, w, err := os.Pipe()
	if err != nil {
		return func() {} // without descriptors there is no watch; SIGHUP still comes where it comes
	}
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			// No event is asked for: a hang-up is reported all the same, and so is the end of the pipe.
			fds := []unix.PollFd{{Fd: int32(terminal.Fd())}, {Fd: int32(r.Fd())}}
			_, err := unix.Poll(fds, -1)
			switch {
			case err == unix.EINTR:
				continue
			case fds[1].Revents == 0 && fds[0].Revents&unix.POLLHUP != 0:
				gone()
			}
			return // also where this system cannot poll a terminal (POLLNVAL on some)
		}
	})
	return sync.OnceFunc(func() {
		w.Close()
		watch.Wait()
		r.Close()
	})
}

// hangUp ends a context also when the terminal is gone.
func (a *app) hangUp(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, quiet := notifyHangUp(ctx)
	terminal, ok := a.stdin.(*os.File)
	if !ok || !a.stdinTTY {
		return ctx, quiet
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := whenGone(terminal, cancel)
	return ctx, func() { stop(); cancel(); quiet() }
}
