package main

import (
	"fmt"
	"io"
	"time"
)

// A line of 9,600 baud carries 960 bytes a second: eight bits, one to start and one to stop. It is read in portions, as
// the buffer of a serial port is.
const (
	lineBytes   = 960
	linePortion = 50 * time.Millisecond
)

// line reads a terminal no faster than a serial line would.
type line struct {
	tty  io.Reader
	next time.Time
}

func (l *line) Read(b []byte) (int, error) {
	time.Sleep(time.Until(l.next))
	most := lineBytes * int(linePortion) / int(time.Second)
	n, err := l.tty.Read(b[:min(len(b), most)])
	l.next = time.Now().Add(time.Duration(n) * time.Second / lineBytes)
	return n, err
}

// slowLine measures the program behind such a line: what the first screen, the checks, keys and a time in which nothing
// is pressed send, and how long one waits for it.
func slowLine(program string, quiet time.Duration) error {
	if quiet == 0 {
		return nil
	}
	s, err := start(program, true)
	if err != nil {
		return err
	}
	first, err := s.until(" quit", time.Time{}) // the end of the last line
	if err != nil {
		return err
	}
	sent := s.sent()
	fmt.Printf("\nat 9,600 baud, %d bytes a second\n", lineBytes)
	fmt.Printf("first screen      whole after %s, %d bytes\n", first.Round(time.Millisecond), sent)
	if err := s.checked(); err != nil {
		return err
	}
	fmt.Printf("all checks        shown after %s, %d bytes more\n", time.Since(s.started).Round(10*time.Millisecond), s.sent()-sent)
	press := func(what, key string) error {
		before, from := s.sent(), time.Now()
		if _, err := s.tty.WriteString(key); err != nil {
			return err
		}
		s.settles()
		fmt.Printf("%-17s whole after %s at most, %d bytes\n", what, time.Since(from).Round(10*time.Millisecond), s.sent()-before)
		return nil
	}
	for _, to := range tabs {
		if to.key == "1" {
			continue // it is shown
		}
		if err := press("key "+to.key+" "+to.title, to.key); err != nil {
			return err
		}
		if to.title == "Checks" {
			if err := press("arrow", "\x1b[A"); err != nil {
				return err
			}
		}
	}
	if err := press("r on Checks", "2r"); err != nil {
		return err
	}
	before := s.sent()
	time.Sleep(quiet)
	fmt.Printf("%-17s %d bytes\n", "idle "+quiet.String(), s.sent()-before)
	return s.leave()
}
