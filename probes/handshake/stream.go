package handshake

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// The frames of HTTP/2 are read here rather than by its client in x/net: that one does not say which settings the
// server offers, and hides by what a stream ended.

const (
	// streamWindow is how much of the server's data may be on its way.
	streamWindow = 1 << 20
	// ownStream is the id of the one stream of a connection (RFC 9113 5.1.1: a client's are odd).
	ownStream = 1
)

// stream is one stream of HTTP/2 as a connection: what is read and written is its DATA (RFC 8441 5).
type stream struct {
	net.Conn // below it
	r        *bufio.Reader
	framer   *http2.Framer
	wmu      sync.Mutex    // of what is sent
	done     chan struct{} // closed when nothing reads any more

	mu         sync.Mutex
	changed    chan struct{} // closed and replaced whenever something below changes
	settings   map[http2.SettingID]uint32
	known      bool // the server's settings came
	fields     []hpack.HeaderField
	data       []byte
	eaten      int   // bytes that were read and not yet granted anew
	err        error // why nothing more comes
	window     int64 // that the server grants the stream
	connWindow int64
	readBy     time.Time
	writeBy    time.Time
}

// errStreamEnd is END_STREAM: over HTTP/2, what a FIN is over TCP (RFC 8441 5).
type errStreamEnd struct{}

func (errStreamEnd) Error() string        { return "END_STREAM" }
func (errStreamEnd) Is(target error) bool { return target == io.EOF }

// errStreamReset is RST_STREAM or GOAWAY: over HTTP/2, what an RST is over TCP (RFC 8441 5).
type errStreamReset struct{ what string }

func (e errStreamReset) Error() string        { return e.what }
func (e errStreamReset) Is(target error) bool { return target == errnoReset }

// openHTTP2 begins HTTP/2 on conn (RFC 9113 3.4). The stream has to be closed in the end.
func openHTTP2(conn net.Conn) (*stream, error) {
	s := &stream{
		Conn: conn, r: bufio.NewReaderSize(conn, readBuffer), done: make(chan struct{}), changed: make(chan struct{}),
		settings: map[http2.SettingID]uint32{}, window: 65535, connWindow: 65535, // RFC 9113 6.9.2
	}
	s.framer = http2.NewFramer(conn, s.r)
	s.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	s.framer.MaxHeaderListSize = maxHead
	err := s.send(func(f *http2.Framer) error {
		if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
			return err
		}
		if err := f.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow}); err != nil {
			return err
		}
		return f.WriteWindowUpdate(0, streamWindow-65535)
	})
	go s.run()
	return s, err
}

// send writes frames, one sender at a time.
func (s *stream) send(write func(*http2.Framer) error) error {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.Conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	return write(s.framer)
}

// run reads frames until the end of the stream or of the connection.
func (s *stream) run() {
	defer close(s.done)
	err := s.notHTTP2()
	for err == nil {
		var f http2.Frame
		if f, err = s.framer.ReadFrame(); err == nil {
			err = s.take(f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	s.tell()
}

// notHTTP2 tells a server that answers the preface in HTTP/1.
func (s *stream) notHTTP2() error {
	first, err := s.r.Peek(5)
	if string(first) != "HTTP/" {
		return err
	}
	line, _ := s.r.ReadSlice('\n') // what came is evidence enough
	return errOldHTTP{strings.TrimSpace(string(line))}
}

// errOldHTTP is an answer in HTTP/1 to the preface of HTTP/2.
type errOldHTTP struct{ line string }

func (e errOldHTTP) Error() string { return e.line }

// take takes one frame; an error ends the stream.
func (s *stream) take(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		s.mu.Lock()
		old, ok := s.settings[http2.SettingInitialWindowSize]
		if !ok {
			old = 65535
		}
		_ = f.ForeachSetting(func(v http2.Setting) error { s.settings[v.ID] = v.Val; return nil })
		if v, ok := s.settings[http2.SettingInitialWindowSize]; ok {
			s.window += int64(v) - int64(old) // RFC 9113 6.9.2
		}
		s.known = true
		s.tell()
		s.mu.Unlock()
		return s.send(func(w *http2.Framer) error { return w.WriteSettingsAck() })
	case *http2.PingFrame:
		if !f.IsAck() {
			return s.send(func(w *http2.Framer) error { return w.WritePing(true, f.Data) })
		}
	case *http2.WindowUpdateFrame:
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.StreamID == 0 {
			s.connWindow += int64(f.Increment)
		} else {
			s.window += int64(f.Increment)
		}
		s.tell()
	case *http2.GoAwayFrame:
		if f.LastStreamID < ownStream || f.ErrCode != http2.ErrCodeNo {
			return errStreamReset{fmt.Sprintf("GOAWAY with %s", f.ErrCode)}
		}
	case *http2.RSTStreamFrame:
		return errStreamReset{fmt.Sprintf("RST_STREAM with %s", f.ErrCode)}
	case *http2.MetaHeadersFrame:
		s.mu.Lock()
		defer s.mu.Unlock()
		if status := f.PseudoValue("status"); len(status) == 3 && status[0] != '1' && s.fields == nil { // no interim response, no trailer
			s.fields = f.Fields
			s.tell()
		}
		if f.StreamEnded() {
			return errStreamEnd{}
		}
	case *http2.DataFrame:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.data = append(s.data, f.Data()...)
		s.eaten += int(f.Length) - len(f.Data()) // padding counts, and nobody reads it
		s.tell()
		switch {
		case len(s.data) > streamWindow:
			return errStreamReset{"more DATA than the window allows"}
		case f.StreamEnded():
			return errStreamEnd{}
		}
	}
	return nil
}

// tell wakes those who wait; s.mu is held.
func (s *stream) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until ready says so, the stream ends or the deadline has come; s.mu is held before and after.
func (s *stream) await(deadline *time.Time, ready func() bool) error {
	for !ready() {
		if s.err != nil {
			return s.err
		}
		changed, late := s.changed, (<-chan time.Time)(nil)
		if !deadline.IsZero() {
			left := time.Until(*deadline)
			if left <= 0 {
				return os.ErrDeadlineExceeded
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			late = timer.C
		}
		s.mu.Unlock()
		select {
		case <-changed:
		case <-late:
		}
		s.mu.Lock()
	}
	return nil
}

// Read reads the DATA of the stream.
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	if err := s.await(&s.readBy, func() bool { return len(s.data) > 0 }); err != nil {
		s.mu.Unlock()
		return 0, err
	}
	n := copy(p, s.data)
	if s.data = s.data[n:]; len(s.data) == 0 {
		s.data = nil
	}
	s.eaten += n
	grant := 0
	if s.eaten >= streamWindow/4 {
		grant, s.eaten = s.eaten, 0
	}
	s.mu.Unlock()
	if grant > 0 {
		// A broken connection shows in the next read.
		_ = s.send(func(f *http2.Framer) error {
			if err := f.WriteWindowUpdate(0, uint32(grant)); err != nil {
				return err
			}
			return f.WriteWindowUpdate(ownStream, uint32(grant))
		})
	}
	return n, nil
}

// Write sends DATA as far and as soon as the server's windows allow.
func (s *stream) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		n := 0
		s.mu.Lock()
		err := s.await(&s.writeBy, func() bool {
			n = min(len(p)-sent, 16<<10, int(s.window), int(s.connWindow)) // 16 KiB: every server takes them (RFC 9113 6.5.2)
			return n > 0 && s.err == nil
		})
		if err == nil {
			s.window -= int64(n)
			s.connWindow -= int64(n)
		}
		s.mu.Unlock()
		if err == nil {
			err = s.send(func(f *http2.Framer) error { return f.WriteData(ownStream, false, p[sent:sent+n]) })
		}
		if err != nil {
			return sent, err
		}
		sent += n
	}
	return sent, nil
}

// SetDeadline bounds the reads and writes of the stream; what waits below it ends with the connection.
func (s *stream) SetDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readBy, s.writeBy = t, t
	s.tell()
	return nil
}

// SetReadDeadline bounds the reads of the stream.
func (s *stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readBy = t
	s.tell()
	return nil
}

// SetWriteDeadline bounds the writes of the stream.
func (s *stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeBy = t
	s.tell()
	return nil
}

// CloseWrite ends this side's half of the stream.
func (s *stream) CloseWrite() error {
	return s.send(func(f *http2.Framer) error { return f.WriteData(ownStream, true, nil) })
}

// response returns the head of the answer as evidence; s.mu is held.
func (s *stream) response() *Response {
	out := &Response{Proto: "HTTP/2", values: http.Header{}}
	for _, f := range s.fields {
		if f.Name == ":status" {
			fmt.Sscan(f.Value, &out.Code)
			out.StatusLine = fmt.Sprintf("HTTP/2 %d", out.Code)
			continue
		}
		out.values.Add(f.Name, f.Value)
		out.Header = append(out.Header, Header{Escape([]byte(f.Name), 100), Escape([]byte(f.Value), maxBody)})
	}
	return out
}
