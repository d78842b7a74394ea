//lint:file-ignore SA1019 the transport of net/http refuses the header ":protocol", that of x/net sends it

package embedproxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// stream is what one side of a tunnel sends: messages of random sizes in random fragments, control frames between
// them, and the bit of permessage-deflate on some. The payload looks like frames itself.
func stream(seed uint64, masked bool, largest int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 5))
	var b []byte
	frame := func(first byte, n int) {
		mask := byte(0)
		if masked {
			mask = 0x80
		}
		b = append(b, first)
		switch {
		case n < 126:
			b = append(b, mask|byte(n))
		case n < 1<<16:
			b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
		default:
			b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
		}
		if masked {
			b = binary.BigEndian.AppendUint32(b, rnd.Uint32())
		}
		at := len(b)
		b = append(b, bytes.Repeat([]byte{0x88, 0x02, 0x03, byte(rnd.Uint32())}, n/4+1)[:n]...)
		if n >= 8 {
			binary.BigEndian.PutUint64(b[at+rnd.IntN(n-7):], rnd.Uint64())
		}
	}
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, rnd.IntN(5000), rnd.IntN(300_000), largest} {
		first := []byte{0x01, 0x02, 0x41, 0x42}[rnd.IntN(4)] // text or binary, compressed or not
		for rest := n; ; first = 0x00 {
			k := rest
			if rnd.IntN(2) == 0 {
				k = rnd.IntN(rest + 1)
			}
			if rest -= k; rest == 0 {
				frame(first|0x80, k)
				break
			}
			frame(first, k)
			for range rnd.IntN(3) {
				frame([]byte{0x89, 0x8a}[rnd.IntN(2)], rnd.IntN(126))
			}
		}
	}
	return b
}

// pour writes b in random pieces and stops early where the other side has gone.
func pour(w io.Writer, b []byte, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 6))
	for len(b) > 0 {
		n := min(1+rnd.IntN(1<<rnd.IntN(20)), len(b))
		if _, err := w.Write(b[:n]); err != nil {
			return
		}
		b = b[n:]
	}
}

// same reads as much as want has and tells whether it is that.
func same(r io.Reader, want []byte) error {
	h := sha256.New()
	if n, err := io.CopyN(h, r, int64(len(want))); err != nil {
		return fmt.Errorf("%w after %d of %d bytes", err, n, len(want))
	}
	if sum := sha256.Sum256(want); !bytes.Equal(h.Sum(nil), sum[:]) {
		return fmt.Errorf("%d bytes came, but not those that were sent", len(want))
	}
	return nil
}

// leave ends a connection in one of the ways in which peers do.
func leave(c io.Closer, how int) {
	tcp, ok := c.(*net.TCPConn)
	switch {
	case ok && how == 0:
		tcp.SetLinger(0) // a reset
	case ok && how == 1:
		tcp.CloseWrite()
		time.Sleep(5 * time.Millisecond)
	}
	c.Close()
}

// farewell is the Close frame by which the backend says that it has had all.
var farewell = []byte{0x88, 2, 0x03, 0xe8}

// streamer is a backend that sends the stream of each handshake's seed and wants that of its client. With die, it
// leaves after so many bytes; with silent it sends nothing.
func streamer(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	t.Cleanup(func() { l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		c.SetDeadline(time.Now().Add(8 * patience))
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		q := req.URL.Query()
		for ; !q.Has("seed"); q = req.URL.Query() {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if req, err = http.ReadRequest(r); err != nil {
				return
			}
		}
		seed, _ := strconv.ParseUint(q.Get("seed"), 10, 64)
		largest, _ := strconv.Atoi(q.Get("largest"))
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")
		if q.Has("silent") {
			io.Copy(io.Discard, r) // until the client leaves
			return
		}
		up, down := stream(seed, true, largest), stream(seed+1, false, largest)
		var sending sync.WaitGroup
		defer sending.Wait()
		if die, err := strconv.Atoi(q.Get("die")); err == nil {
			sending.Go(func() { pour(c, down, seed) })
			io.CopyN(io.Discard, r, int64(die))
			leave(c, die%3)
			return
		}
		sending.Go(func() { pour(c, down, seed) })
		if err := same(r, up); err != nil {
			t.Errorf("seed %d, from the client: %v", seed, err)
		}
		sending.Wait()
		c.Write(farewell)
		io.Copy(io.Discard, r) // until the client leaves
	}
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(c) })
		}
	})
	return l.Addr().String()
}

// pipe is a client's end of a tunnel.
type pipe struct {
	io.Reader
	io.Writer
	io.Closer
}

// reach opens a tunnel by hand, for each way that there is.
var reach = map[string]func(t *testing.T, p *Proxy, query string) (pipe, error){
	"plain": func(t *testing.T, p *Proxy, query string) (pipe, error) {
		c, err := net.Dial("tcp", p.at())
		return shake(c, "", query, err)
	},
	"kept alive": func(t *testing.T, p *Proxy, query string) (pipe, error) {
		c, err := net.Dial("tcp", p.at())
		return shake(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", query, err)
	},
	"tls": func(t *testing.T, p *Proxy, query string) (pipe, error) {
		c, err := tls.Dial("tcp", p.at(), &tls.Config{InsecureSkipVerify: true})
		return shake(c, "", query, err)
	},
	"http2": func(t *testing.T, p *Proxy, query string) (pipe, error) {
		tr := &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		r, w := io.Pipe()
		ctx, cancel := context.WithCancel(context.Background())
		req, err := http.NewRequestWithContext(ctx, http.MethodConnect, "https://"+p.at()+"/ws?"+query, r)
		if err != nil {
			t.Fatal(err)
		}
		req.Header[":protocol"] = []string{"websocket"}
		resp, err := tr.RoundTrip(req)
		if err != nil {
			cancel()
			return pipe{}, err
		}
		c := pipe{resp.Body, w, closer(func() { w.Close(); cancel(); resp.Body.Close(); tr.CloseIdleConnections() })}
		if resp.StatusCode != 200 {
			c.Close()
			return c, fmt.Errorf("status %d", resp.StatusCode)
		}
		return c, nil
	},
}

type closer func()

func (f closer) Close() error { f(); return nil }

// shake sends a handshake over HTTP/1.1, after what stands before it, and reads the 101.
func shake(c net.Conn, before, query string, err error) (pipe, error) {
	if err != nil {
		return pipe{}, err
	}
	c.SetDeadline(time.Now().Add(8 * patience))
	r := bufio.NewReader(c)
	for _, request := range []string{before, "GET /ws?" + query + " HTTP/1.1\r\nHost: a\r\n" + anUpgrade + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"} {
		if request == "" {
			continue
		}
		io.WriteString(c, request)
		resp, err := http.ReadResponse(r, &http.Request{Method: "GET"})
		if err != nil {
			c.Close()
			return pipe{}, err
		}
		if resp.StatusCode == 200 {
			io.Copy(io.Discard, resp.Body)
		} else if resp.StatusCode != 101 {
			c.Close()
			return pipe{}, fmt.Errorf("status %d", resp.StatusCode)
		}
	}
	return pipe{r, c, c}, nil
}

// oneASecond reads so many bytes one by one, a second apart.
type oneASecond struct {
	r    io.Reader
	left int
}

func (o *oneASecond) Read(b []byte) (int, error) {
	if o.left > 0 {
		o.left--
		time.Sleep(time.Second)
		b = b[:1]
	}
	return o.r.Read(b)
}

// TestBytes sends frames of every kind and size both ways at once, on every way through the proxy, to readers of every
// speed, while others vanish around them. What arrives is compared by hash. Afterwards nothing is left: no goroutine,
// no descriptor, no tunnel.
func TestBytes(t *testing.T) {
	goroutines, fds := runtime.NumGoroutine(), descriptors()
	t.Run("ways", func(t *testing.T) {
		for name, dial := range reach {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				bytesOneWay(t, name, dial)
			})
		}
	})
	http.DefaultClient.CloseIdleConnections()
	eventually(t, "as many goroutines and descriptors as before", func() bool {
		return runtime.NumGoroutine() <= goroutines && descriptors() <= fds
	})
}

func descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd") // elsewhere they are not counted
	return len(list)
}

func bytesOneWay(t *testing.T, name string, dial func(*testing.T, *Proxy, string) (pipe, error)) {
	cfg := settings()
	cfg.Proxy.Backends = []cluster.Backend{{Address: streamer(t), Weight: 1}}
	cfg.Proxy.Timeouts.Handshake = 4 * patience // the machine may be busy
	cfg.Proxy.PassiveHealth.MaxFails = 0        // backends that hang up amid a handshake are part of it
	if name == "tls" || name == "http2" {
		withTLS(t, &cfg, 1)
	}
	p := start(t, cfg, Options{})
	sizes, leaving := []int{16 << 20, 1 << 20, 3 << 20, 100_000}, 40
	if probetest.Race {
		sizes, leaving = []int{4 << 20, 200_000, 1 << 20, 100_000}, 12
	}
	var wg sync.WaitGroup
	for i, largest := range sizes {
		wg.Go(func() {
			seed := uint64(10*i + len(name))
			c, err := dial(t, p, url.Values{"seed": {fmt.Sprint(seed)}, "largest": {fmt.Sprint(largest)}}.Encode())
			if err != nil {
				t.Error(err)
				return
			}
			var sending sync.WaitGroup
			up, down := stream(seed, true, largest), stream(seed+1, false, largest)
			sending.Go(func() { pour(c, up, seed) })
			var r io.Reader = c
			if i == 2 {
				r = &oneASecond{c, 4}
			}
			if err := same(r, append(down, farewell...)); err != nil {
				t.Errorf("seed %d, from the backend: %v", seed, err)
			}
			sending.Wait()
			c.Close()
		})
	}
	for i := range leaving {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 7))
			q := url.Values{"seed": {fmt.Sprint(100 + i)}, "largest": {"200000"}, "die": {fmt.Sprint(rnd.IntN(500_000))}}
			c, err := dial(t, p, q.Encode())
			if err != nil {
				if !strings.Contains(err.Error(), "502") {
					t.Error(err)
				}
				return
			}
			var sending sync.WaitGroup
			sending.Go(func() { pour(c, stream(uint64(100+i), true, 200_000), uint64(i)) })
			io.CopyN(io.Discard, c, rnd.Int64N(500_000))
			leave(c.Closer, i%3)
			sending.Wait()
		})
	}
	wg.Wait()
	eventually(t, "the end of every tunnel", func() bool { s := p.Snapshot(0); return s.Open == 0 && s.Backends[0].Open == 0 })
}
