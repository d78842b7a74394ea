//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	waitPort    = 38889
	waitSockets = 5
	// watchEvery is how often the first moment is looked for, with binds of this program's own.
	watchEvery = time.Millisecond
	// waitLimit is TIME_WAIT's minute and what the kernel's timer wheel may add, with room.
	waitLimit = 90 * time.Second
)

// measureWait compares the moment at which `wsdoctor wait` starts its command, date, with the first at which a bind
// without SO_REUSEADDR works.
func measureWait(wsdoctor string) error {
	if err := leaveSockets(); err != nil {
		return err
	}
	began := time.Now()
	cmd := exec.Command(wsdoctor, "wait", strconv.Itoa(waitPort), "--timeout", waitLimit.String(), "--", "date", "+%s%N")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		return err
	}
	var first time.Time
	var watch sync.WaitGroup
	watch.Go(func() {
		for first.IsZero() && time.Since(began) < waitLimit {
			if bindable(waitPort) {
				first = time.Now()
				return
			}
			time.Sleep(watchEvery)
		}
	})
	err := cmd.Wait()
	watch.Wait()
	if err != nil {
		return fmt.Errorf("running %s wait: %w: %s", wsdoctor, err, errs.String())
	}
	nanos, err := strconv.ParseInt(strings.TrimSpace(out.String()), 10, 64)
	if err != nil {
		return err
	}
	started := time.Unix(0, nanos)
	fmt.Printf("%d sockets in TIME_WAIT: a bind without SO_REUSEADDR first worked after %.3f s, the command ran after %.3f s: %+.1f ms\n",
		waitSockets, first.Sub(began).Seconds(), started.Sub(began).Seconds(), started.Sub(first).Seconds()*1e3)
	fmt.Printf("CPU of the wait: %s\n", cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	return nil
}

func leaveSockets() error {
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", waitPort))
	if err != nil {
		return err
	}
	defer ln.Close()
	for range waitSockets {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return err
		}
		server, err := ln.Accept()
		if err != nil {
			return err
		}
		server.Close()
		client.Read(make([]byte, 1)) // until the server's FIN is there
		client.Close()
	}
	return nil
}

func bindable(port int) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrInet4{Port: port}) == nil
}
