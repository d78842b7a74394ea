//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	benchPort = 38888
	// perAddress is how many connections come from one client address: fewer than the ephemeral range has, so that the
	// search for a free port stays short.
	perAddress = 3000
	// giveUp bounds the making: sockets of its beginning must not go before the measurement ends.
	giveUp = 40 * time.Second
	// workers is more than the cores that make connections, because each spends some of its time waiting.
	workers = 4
	// countEvery is how many connections a worker makes before it counts.
	countEvery = 64
)

// makeTimeWait leaves n sockets in TIME_WAIT on benchPort: the server closes first.
func makeTimeWait(n int) error {
	// A new namespace has its own limit; beyond it the kernel drops such sockets silently.
	if err := os.WriteFile("/proc/sys/net/ipv4/tcp_max_tw_buckets", []byte(strconv.Itoa(2*n)), 0); err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", benchPort))
	if err != nil {
		return err
	}
	var server sync.WaitGroup
	server.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	})
	var enough atomic.Bool
	var clients sync.WaitGroup
	start := time.Now()
	for w := range workers {
		clients.Go(func() {
			for k := 0; !enough.Load(); k++ {
				connect([4]byte{127, byte(1 + w), byte(k / perAddress), 9})
				// Counted by the kernel: a client port that comes up twice takes the old socket's place.
				if k%countEvery == 0 && (countTimeWait() >= n || time.Since(start) > giveUp) {
					enough.Store(true)
				}
			}
		})
	}
	clients.Wait()
	ln.Close()
	server.Wait()
	if have := countTimeWait(); have < n {
		return fmt.Errorf("made %d sockets in TIME_WAIT, expected %d", have, n)
	}
	return nil
}

// connect opens one connection from addr and waits for the server to close it.
func connect(addr [4]byte) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	// The port is chosen at connect, for this destination only, as for any outgoing connection.
	if unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) != nil ||
		unix.Bind(fd, &unix.SockaddrInet4{Addr: addr}) != nil ||
		unix.Connect(fd, &unix.SockaddrInet4{Port: benchPort, Addr: [4]byte{127, 0, 0, 1}}) != nil {
		return
	}
	var b [1]byte
	unix.Read(fd, b[:])
}

// countTimeWait asks the kernel's own counter.
func countTimeWait() int {
	text, _ := os.ReadFile("/proc/net/sockstat")
	_, rest, _ := bytes.Cut(text, []byte(" tw "))
	word, _, _ := bytes.Cut(rest, []byte(" "))
	n, _ := strconv.Atoi(string(word))
	return n
}
