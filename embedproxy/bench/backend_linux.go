package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// streamFrame is the size of the frames that /stream sends without end.
const streamFrame = 1 << 20

type server struct {
	head   []byte // of the request, until it is complete
	open   bool
	stream bool
	at     int // in the frame that is streamed
	out    []byte
	header []byte // of a frame, as far as it has come
	left   uint64 // of its payload
	bye    bool
}

// backend echoes every frame, and streams on /stream.
func backend(address string) error {
	sa, err := sockaddr(address)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	lfd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.SetsockoptInt(lfd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	unix.SetsockoptInt(lfd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Bind(lfd, sa); err != nil {
		return fmt.Errorf("binding %s: %w", address, err)
	}
	if err := unix.Listen(lfd, 4096); err != nil {
		return err
	}
	p, err := newPoller[server]()
	if err != nil {
		return err
	}
	p.add(lfd, &server{}, unix.EPOLLIN)
	buf := make([]byte, 256<<10)
	blob := frame(2, false, make([]byte, streamFrame))
	for {
		p.wait(forever, func(fd int, s *server, events uint32) {
			switch {
			case fd == lfd:
				for range 64 {
					c, _, err := unix.Accept4(lfd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
					if err != nil {
						return
					}
					p.add(c, &server{}, unix.EPOLLIN)
				}
			case s.stream:
				s.pump(p, fd, blob)
			default:
				s.serve(p, fd, events, buf)
			}
		})
	}
}

func (s *server) pump(p *poller[server], fd int, blob []byte) {
	for range 8 {
		n, err := unix.Write(fd, blob[s.at:])
		if err == unix.EAGAIN {
			return
		}
		if err != nil {
			p.close(fd)
			return
		}
		s.at = (s.at + n) % len(blob)
	}
}

func (s *server) serve(p *poller[server], fd int, events uint32, buf []byte) {
	if len(s.out) > 0 {
		n, err := unix.Write(fd, s.out)
		if err != nil && err != unix.EAGAIN {
			p.close(fd)
			return
		}
		if s.out = s.out[max(n, 0):]; len(s.out) > 0 {
			return
		}
		s.out = nil
		p.change(fd, unix.EPOLLIN)
	}
	n, err := unix.Read(fd, buf)
	if err == unix.EAGAIN {
		return
	}
	if n <= 0 {
		p.close(fd)
		return
	}
	b := buf[:n]
	var out []byte
	if !s.open {
		s.head = append(s.head, b...)
		end := bytes.Index(s.head, []byte("\r\n\r\n"))
		if end < 0 {
			return
		}
		out = accept(s.head[:end+2])
		b = s.head[end+4:]
		s.open = true
		s.stream = bytes.HasPrefix(s.head, []byte("GET /stream"))
		s.head = nil
	}
	out = s.echo(out, b)
	w, err := unix.Write(fd, out)
	if err != nil && err != unix.EAGAIN {
		p.close(fd)
		return
	}
	switch w = max(w, 0); {
	case s.bye:
		p.close(fd)
	case w < len(out):
		s.out = bytes.Clone(out[w:])
		p.change(fd, unix.EPOLLOUT)
	case s.stream:
		p.change(fd, unix.EPOLLOUT)
	}
}

func accept(head []byte) []byte {
	var key []byte
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if name, v, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Sec-WebSocket-Key")) {
			key = bytes.TrimSpace(v)
		}
	}
	sum := sha1.Sum(append(bytes.Clone(key), "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"...)) // RFC 6455 section 1.3
	return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
}

// echo appends the frames in b as a server sends them. The mask is 0, so payloads stay as they are.
func (s *server) echo(out, b []byte) []byte {
	for len(b) > 0 {
		if s.left > 0 {
			n := min(s.left, uint64(len(b)))
			out = append(out, b[:n]...)
			s.left -= n
			b = b[n:]
			continue
		}
		s.header = append(s.header, b[0])
		b = b[1:]
		if len(s.header) < 2 {
			continue
		}
		size := map[byte]int{126: 2, 127: 8}[s.header[1]&0x7f]
		if len(s.header) < 2+size+4 {
			continue
		}
		switch size {
		case 0:
			s.left = uint64(s.header[1] & 0x7f)
		case 2:
			s.left = uint64(binary.BigEndian.Uint16(s.header[2:]))
		case 8:
			s.left = binary.BigEndian.Uint64(s.header[2:])
		}
		s.bye = s.bye || s.header[0]&0xf == 8
		out = append(append(out, s.header[0], s.header[1]&0x7f), s.header[2:2+size]...)
		s.header = s.header[:0]
	}
	return out
}
