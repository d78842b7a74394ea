package tunnel

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func init() { movers["loops"] = startLoops }

// director connects whoever sends a head to the backends in turn; "refuse" and "serve" in the head say otherwise.
type director struct {
	to     []netip.AddrPort
	opened chan *session
}

type session struct {
	*owner
	d      *director
	tried  *atomic.Int32
	left   chan error
	served chan served
}

type served struct {
	client, backend net.Conn
	in              string
}

func (d *director) Open(netip.AddrPort) Session {
	s := &session{newOwner(), d, new(atomic.Int32), make(chan error, 1), make(chan served, 1)}
	d.opened <- s
	return s
}

func (s *session) Request(in []byte) Verdict {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	switch {
	case end < 0:
		return Verdict{}
	case bytes.HasPrefix(in, []byte("refuse")):
		return Verdict{Action: Refuse, Bytes: []byte("no\r\n")}
	case bytes.HasPrefix(in, []byte("serve")):
		return Verdict{Action: HandOver, Rest: in}
	}
	return Verdict{Action: Connect, To: s.d.to[0], Bytes: in[:end+4], Rest: in[end+4:]}
}

func (s *session) Reply(in []byte) Verdict {
	end := bytes.Index(in, []byte("\r\n\r\n"))
	switch {
	case end < 0:
		return Verdict{}
	case !bytes.HasPrefix(in, []byte("101")):
		return Verdict{Action: Answer, Rest: in}
	}
	return Verdict{Action: Switch, Bytes: in[:end+4], Rest: in[end+4:], Traffic: new(Traffic)}
}

func (s *session) Failed(err error) Verdict {
	if n := int(s.tried.Add(1)); errors.Is(err, ErrConnect) && n < len(s.d.to) {
		return Verdict{Action: Connect, To: s.d.to[n]}
	}
	return Verdict{Action: Refuse, Bytes: []byte(err.Error())}
}

func (s *session) Serve(c net.Conn, in []byte)     { s.served <- served{c, nil, string(in)} }
func (s *session) Answer(c, b net.Conn, in []byte) { s.served <- served{c, b, string(in)} }
func (s *session) Connected()                      {}
func (s *session) Left()                           { s.left <- nil }

// front starts loops before the given backends and returns what clients connect to.
func front(t *testing.T, s Settings, to ...net.Addr) (*Loops, *director, string) {
	d := &director{opened: make(chan *session, 1024)}
	for _, a := range to {
		d.to = append(d.to, a.(*net.TCPAddr).AddrPort())
	}
	g, err := NewLoops(LoopOptions{Settings: s, Loops: 2, Director: func() Director { return d }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	l := listen(t)
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := g.Listen(f); err != nil {
		t.Fatal(err)
	}
	return g, d, l.Addr().String()
}

// unlistened returns an address on which nobody listens, and on which nobody else comes to: other tests use 127.0.0.1.
func unlistened(t *testing.T) net.Addr {
	l, err := net.Listen("tcp", "127.71.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr()
}

func dialTo(t *testing.T, address string) *net.TCPConn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(2 * patience))
	return c.(*net.TCPConn)
}

func startLoops(t *testing.T, s Settings) (registry, func() ends) {
	back := listen(t)
	g, d, address := front(t, s, back.Addr())
	return g, func() ends {
		c := dialTo(t, address)
		c.Write([]byte("hello\r\n\r\n"))
		b, err := back.AcceptTCP()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		b.SetDeadline(time.Now().Add(2 * patience))
		io.ReadFull(b, make([]byte, 9))
		b.Write([]byte("101\r\n\r\n"))
		if _, err := io.ReadFull(c, make([]byte, 7)); err != nil {
			t.Fatal(err)
		}
		return ends{c, b, (<-d.opened).owner}
	}
}

func TestHandshakeInPieces(t *testing.T) {
	back := listen(t)
	_, d, address := front(t, Settings{}, back.Addr())
	c := dialTo(t, address)
	for _, x := range "hello\r\n\r\n" {
		c.Write([]byte(string(x)))
		time.Sleep(time.Millisecond)
	}
	b, _ := back.AcceptTCP()
	defer b.Close()
	c.Write([]byte("early")) // before the 101: it must wait for it
	for _, x := range "101\r\n\r\nfirst" {
		b.Write([]byte(string(x)))
		time.Sleep(time.Millisecond)
	}
	got := make([]byte, 12)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "101\r\n\r\nfirst" {
		t.Errorf("the client got %q, %v", got, err)
	}
	got = make([]byte, 14)
	if _, err := io.ReadFull(b, got); err != nil || string(got) != "hello\r\n\r\nearly" {
		t.Errorf("the backend got %q, %v", got, err)
	}
	c.Close()
	b.Close()
	(<-d.opened).wait(t)
}

func TestPipelinedBytesComeAfterThe101(t *testing.T) {
	back := listen(t)
	_, _, address := front(t, Settings{}, back.Addr())
	c := dialTo(t, address)
	c.Write([]byte("hello\r\n\r\nsmuggled"))
	b, _ := back.AcceptTCP()
	defer b.Close()
	got := make([]byte, 9)
	if _, err := io.ReadFull(b, got); err != nil || string(got) != "hello\r\n\r\n" {
		t.Fatalf("the backend got %q, %v", got, err)
	}
	b.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if more, _ := io.ReadAll(b); len(more) > 0 {
		t.Errorf("before its reply the backend got %q too", more)
	}
	b.SetReadDeadline(time.Now().Add(patience))
	b.Write([]byte("101\r\n\r\n"))
	got = make([]byte, 8)
	if _, err := io.ReadFull(b, got); err != nil || string(got) != "smuggled" {
		t.Errorf("after its reply: %q, %v", got, err)
	}
}

func TestRefusalArrivesThoughBytesAreUnread(t *testing.T) {
	g, d, address := front(t, Settings{})
	c := dialTo(t, address)
	c.Write(append([]byte("refuse\r\n\r\n"), make([]byte, 100<<10)...))
	if b, err := io.ReadAll(c); err != nil || string(b) != "no\r\n" {
		t.Errorf("%q, %v", b, err)
	}
	c.Close()
	<-(<-d.opened).left
	<-g.Empty()
}

func TestHandOver(t *testing.T) {
	g, d, address := front(t, Settings{})
	c := dialTo(t, address)
	c.Write([]byte("serve\r\n\r\nbody"))
	s := <-(<-d.opened).served
	defer s.client.Close()
	if s.in != "serve\r\n\r\nbody" {
		t.Errorf("handed over %q", s.in)
	}
	<-g.Empty()
	c.Write([]byte("more"))
	got := make([]byte, 4)
	if _, err := io.ReadFull(s.client, got); err != nil || string(got) != "more" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAnswer(t *testing.T) {
	back := listen(t)
	_, d, address := front(t, Settings{}, back.Addr())
	c := dialTo(t, address)
	c.Write([]byte("hello\r\n\r\n"))
	b, _ := back.AcceptTCP()
	defer b.Close()
	b.Write([]byte("403 no\r\n\r\nbody"))
	s := <-(<-d.opened).served
	defer s.client.Close()
	defer s.backend.Close()
	if s.in != "403 no\r\n\r\nbody" {
		t.Errorf("handed over %q", s.in)
	}
}

func TestNextBackendBeforeThe101(t *testing.T) {
	goneAddr := unlistened(t)
	back := listen(t)
	_, d, address := front(t, Settings{}, goneAddr, goneAddr, back.Addr())
	c := dialTo(t, address)
	c.Write([]byte("hello\r\n\r\n"))
	b, err := back.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got := make([]byte, 9)
	io.ReadFull(b, got)
	if s := <-d.opened; string(got) != "hello\r\n\r\n" || s.tried.Load() != 2 {
		t.Errorf("%q after %d refusals", got, s.tried.Load())
	}
}

func TestNoBackend(t *testing.T) {
	goneAddr := unlistened(t)
	_, _, address := front(t, Settings{}, goneAddr)
	c := dialTo(t, address)
	c.Write([]byte("hello\r\n\r\n"))
	if b, err := io.ReadAll(c); err != nil || !strings.Contains(string(b), syscall.ECONNREFUSED.Error()) {
		t.Errorf("%q, %v", b, err)
	}
}

func TestHandshakeTimeouts(t *testing.T) {
	back := listen(t)
	for _, c := range []struct{ send, want string }{
		{"hel", ErrHeadTimeout.Error()},
		{"hello\r\n\r\n", ErrReplyTimeout.Error()}, // the backend's queue takes the connection, nobody answers
	} {
		// A machine that stalls for as long as the limit has the head come too late: then the limit is made longer.
		for limit := 50 * time.Millisecond; ; limit *= 4 {
			_, _, address := front(t, Settings{Handshake: limit}, back.Addr())
			conn := dialTo(t, address)
			conn.Write([]byte(c.send))
			b, err := io.ReadAll(conn)
			if err == nil && string(b) == c.want {
				break
			}
			if limit > time.Second {
				t.Errorf("%q: %q, %v", c.send, b, err)
				break
			}
		}
	}
}

func TestBackendHangsUpInsteadOfReplying(t *testing.T) {
	back := listen(t)
	_, _, address := front(t, Settings{}, back.Addr())
	c := dialTo(t, address)
	c.Write([]byte("hello\r\n\r\n"))
	b, _ := back.AcceptTCP()
	b.Close()
	if got, err := io.ReadAll(c); err != nil || string(got) != ErrNoReply.Error() {
		t.Errorf("%q, %v", got, err)
	}
}

func TestClientLeavesDuringTheHandshake(t *testing.T) {
	back := listen(t)
	g, d, address := front(t, Settings{}, back.Addr())
	for _, send := range []string{"", "hel", "hello\r\n\r\n"} {
		c := dialTo(t, address)
		c.Write([]byte(send))
		s := <-d.opened
		if send == "hello\r\n\r\n" {
			b, _ := back.AcceptTCP()
			defer b.Close()
			io.ReadFull(b, make([]byte, 9))
		}
		c.Close()
		<-s.left
	}
	<-g.Empty()
}

func TestSlotIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(slot{}); n > 264 {
		t.Errorf("a slot has %d bytes; each idle tunnel pays for it", n)
	}
}
