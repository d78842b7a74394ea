package main

import (
	"bufio"
	"errors"
	"io"

	"github.com/muesli/cancelreader"
)

// maxInput bounds one line of standard input that is sent as a message.
const maxInput = 16 << 20

// lineReader reads lines in a goroutine of its own, so that the end of the connection does not wait for the next one.
type lineReader struct {
	lines <-chan string // closed at the end of the input
	err   error         // why it ended, if not at its end; to be read once lines is closed

	in   *cancelable
	quit chan struct{}
	done chan struct{}
}

// readLines reads r line by line until its end or stop.
func readLines(r io.Reader) *lineReader {
	in := newCancelable(r)
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxInput)
	return in.lines(func() (string, error) {
		switch {
		case scanner.Scan():
			return scanner.Text(), nil
		case scanner.Err() != nil:
			return "", scanner.Err()
		}
		return "", io.EOF
	})
}

// stop ends the reading and waits for it, where the system can interrupt a read.
func (l *lineReader) stop() {
	close(l.quit)
	if l.in.cancel() {
		<-l.done
	}
	l.in.close()
}

// cancelable is a reader whose Read can be interrupted.
type cancelable struct {
	io.Reader
	c cancelreader.CancelReader // nil: reads do not block (a file), or cannot be interrupted
}

func newCancelable(r io.Reader) *cancelable {
	c, err := cancelreader.NewReader(r)
	if err != nil { // epoll takes no regular files, and those do not block
		return &cancelable{Reader: r}
	}
	return &cancelable{c, c}
}

func (c *cancelable) cancel() bool { return c.c != nil && c.c.Cancel() }

func (c *cancelable) close() {
	if c.c != nil {
		_ = c.c.Close() // gives back what epoll took; there is nothing to lose
	}
}

// lines calls next in a goroutine until it returns an error.
func (c *cancelable) lines(next func() (string, error)) *lineReader {
	lines := make(chan string)
	l := &lineReader{lines: lines, in: c, quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		defer close(lines)
		for {
			line, err := next()
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, cancelreader.ErrCanceled) {
					l.err = err
				}
				return
			}
			select {
			case lines <- line:
			case <-l.quit:
				return
			}
		}
	}()
	return l
}
