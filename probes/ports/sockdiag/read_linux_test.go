package sockdiag

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/probetest"
	"golang.org/x/sys/unix"
)

// sockets reads what q asks for and returns it as lines, sorted.
func sockets(t *testing.T, q Query) []string {
	t.Helper()
	out, err := Read(t.Context(), q, func(list *[]string, s *Socket) { *list = append(*list, line(*s)) })
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func procNet(t *testing.T, q Query) []string {
	t.Helper()
	var out []string
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := ParseProcNet(f, q, func(s *Socket) { out = append(out, line(*s)) }); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

// serve opens a listener, makes one connection to it that the server closes first, and one that stays, and returns
// the listener's port.
func serve(t *testing.T, network, address string) uint16 {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	port := netip.MustParseAddrPort(ln.Addr().String()).Port()
	dial := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()
	for _, stays := range []bool{false, true} {
		client, err := net.Dial("tcp", dial)
		if err != nil {
			t.Fatal(err)
		}
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if stays {
			t.Cleanup(func() { client.Close(); server.Close() })
			continue
		}
		server.Close()
		if _, err := client.Read(make([]byte, 1)); err == nil {
			t.Fatal("the server has closed and the client reads on")
		}
		client.Close()
	}
	return port
}

func TestReadAgreesWithProcNet(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	v4, dual := serve(t, "tcp4", "127.0.0.1:0"), serve(t, "tcp", "[::]:0")
	for name, q := range map[string]Query{
		"all":              {States: append([]State{Listen}, Connected...)},
		"listeners":        {States: []State{Listen}},
		"TIME_WAIT":        {States: []State{TimeWait}},
		"one port":         {States: Connected, Ports: []uint16{v4}},
		"several ports":    {States: Connected, Ports: []uint16{1, v4, 2, dual}},
		"too many to push": {States: Connected, Ports: append(make([]uint16, maxPortFilter), dual)},
		"nobody's port":    {Ports: []uint16{1, 2, 3}},
	} {
		got, want := sockets(t, q), procNet(t, q)
		if !slices.Equal(got, want) {
			t.Errorf("%s: netlink has\n%s\n/proc/net has\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if name != "nobody's port" && len(got) == 0 {
			t.Errorf("%s: found no socket", name)
		}
	}
}

func TestReadTimer(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	port := serve(t, "tcp4", "127.0.0.1:0")
	list, err := Read(t.Context(), Query{States: []State{TimeWait}, Ports: []uint16{port}}, func(l *[]Socket, s *Socket) { *l = append(*l, *s) })
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v, want one socket", list, err)
	}
	// TCP_TIMEWAIT_LEN is 60 s; the timer wheel may round up.
	if s := list[0]; !s.Timed || s.Expires.Seconds() < 50 || s.Expires.Seconds() > 64 || s.Inode != 0 {
		t.Errorf("got %+v, want a timer of about 60 s and no owner", s)
	}
}

func TestReadBoundAndV6Only(t *testing.T) {
	if !probetest.InNetns(t) {
		return
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1), unix.Bind(fd, &unix.SockaddrInet6{Port: 38889})); err != nil {
		t.Fatal(err)
	}
	first := func(q Query) (Socket, bool) {
		list, err := Read(t.Context(), q, func(l *[]Socket, s *Socket) { *l = append(*l, *s) })
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 {
			return Socket{}, false
		}
		return list[0], true
	}
	if s, ok := first(Query{States: []State{BoundInactive}, Ports: []uint16{38889}}); !ok && atLeast(t, 6, 8) {
		t.Error("a socket that is bound without listening is not listed")
	} else if ok && (s.Inode == 0 || s.State.String() != "BOUND" && s.State != Close) {
		t.Errorf("the bound socket reads %+v", s)
	}
	if err := unix.Listen(fd, 5); err != nil {
		t.Fatal(err)
	}
	if s, ok := first(Query{States: []State{Listen}, Ports: []uint16{38889}}); !ok || !s.V6Only || s.Backlog != 5 || s.Inode == 0 {
		t.Errorf("the IPv6-only listener reads %+v", s)
	}
}

// atLeast tells whether the running kernel is of version major.minor or later.
func atLeast(t *testing.T, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var v [2]int
	for i, part := range strings.SplitN(unix.ByteSliceToString(u.Release[:]), ".", 3)[:2] {
		for _, c := range part {
			v[i] = v[i]*10 + int(c-'0')
		}
	}
	return v[0] > major || v[0] == major && v[1] >= minor
}

func TestReadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, Query{}, func(*int, *Socket) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}
