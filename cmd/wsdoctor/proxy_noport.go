package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/ports"
)

// noPortError says why the proxy has no port: what the kernel said of each address, and what stands on its port.
type noPortError struct {
	Tried []embedproxy.Tried // in the order in which they were tried
	Ports map[int]ports.Port // by number; empty where the host's sockets could not be read
}

// noPort looks at the ports of a *embedproxy.BindError.
func noPort(ctx context.Context, cfg cluster.Config, bind *embedproxy.BindError) error {
	e := &noPortError{Tried: bind.Tried, Ports: map[int]ports.Port{}}
	var list []int
	for _, t := range e.Tried {
		if n, ok := portOf(t.Address); ok {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return e
	}
	seen, err := ports.Observe(ctx, probes.Target{Config: cfg}, ports.Options{Ports: list})
	if err != nil {
		return e // what the kernel said is said
	}
	for _, p := range seen.Ports {
		e.Ports[p.Port] = p
	}
	return e
}

func portOf(address string) (int, bool) {
	_, port, err := net.SplitHostPort(address)
	n, aerr := strconv.Atoi(port)
	return n, err == nil && aerr == nil
}

func (e *noPortError) Error() string {
	var b strings.Builder
	b.WriteString("no port for the proxy")
	for _, t := range e.Tried {
		why := t.Err.Error()
		var errno syscall.Errno
		if errors.As(t.Err, &errno) {
			why = errno.Error() // the rest repeats the address
		}
		if t.Address != "" {
			b.WriteString("\n  " + t.Address)
			why = ": " + why
		} else {
			b.WriteString("\n  ")
		}
		b.WriteString(why)
		n, _ := portOf(t.Address)
		if p, ok := e.Ports[n]; ok && p.State != ports.Free {
			fmt.Fprintf(&b, ": %s", p.Blocker())
		}
	}
	b.WriteString("\n`wsdoctor ports` shows more, `wsdoctor wait PORT` returns when a port is free")
	return b.String()
}
