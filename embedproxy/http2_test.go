//lint:file-ignore SA1019 the transport of net/http refuses the header ":protocol", that of x/net sends it

package embedproxy

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// over2 opens a WebSocket over HTTP/2 (RFC 8441) by hand: of the client libraries only x/net can.
func over2(t *testing.T, p *Proxy, path string) (io.WriteCloser, *http.Response) {
	t.Helper()
	tr := &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(tr.CloseIdleConnections)
	r, w := io.Pipe()
	t.Cleanup(func() { w.Close() })
	req, err := http.NewRequestWithContext(within(t), http.MethodConnect, "https://"+p.at()+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header[":protocol"] = []string{"websocket"}
	req.Header.Set("Sec-WebSocket-Version", "13")
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return w, resp
}

// readFrame reads one unmasked frame.
func readFrame(t *testing.T, r *bufio.Reader) (op byte, payload []byte) {
	t.Helper()
	var h [2]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		t.Fatal(err)
	}
	n := int(h[1])
	if n == 126 {
		var l [2]byte
		io.ReadFull(r, l[:])
		n = int(binary.BigEndian.Uint16(l[:]))
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		t.Fatal(err)
	}
	return h[0] & 0xf, payload
}

func TestWebSocketOverHTTP2(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	withTLS(t, &cfg, 1)
	p := start(t, cfg, Options{})
	w, resp := over2(t, p, "/ws")
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 || resp.Header.Get("Sec-WebSocket-Accept") != "" || resp.Header.Get("Upgrade") != "" {
		t.Fatalf("%v", resp)
	}
	if h := <-n.headers; h.Get("X-Forwarded-Proto") != "https" || h.Get("Host") != p.at() {
		t.Errorf("%v", h)
	}
	r := bufio.NewReader(resp.Body)
	if op, b := readFrame(t, r); op != 1 || string(b) != "n1" {
		t.Fatalf("%d %q", op, b)
	}
	for range 3 {
		w.Write([]byte{0x81, 0x85, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'})
		if op, b := readFrame(t, r); op != 1 || string(b) != "hello" {
			t.Fatalf("%d %q", op, b)
		}
	}
	p.CloseTunnel(p.Snapshot(1).Tunnels[0].ID)
	if op, b := readFrame(t, r); op != 8 || binary.BigEndian.Uint16(b) != 1001 {
		t.Errorf("%d %q, expected a Close frame with 1001", op, b)
	}
	w.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 3, 0xe9})
	if rest, err := io.ReadAll(r); err != nil || len(rest) != 0 {
		t.Errorf("after the Close frame: %q, %v; expected the end of the stream", rest, err)
	}
	eventually(t, "the end of the tunnel", func() bool { return p.Snapshot(0).Open == 0 })
}

func TestRefusalOverHTTP2(t *testing.T) {
	n := startNode(t, "n1")
	cfg := settings(n)
	withTLS(t, &cfg, 1)
	p := start(t, cfg, Options{})
	if _, resp := over2(t, p, "/forbidden"); resp.StatusCode != 403 {
		t.Errorf("%v", resp)
	}
	cfg.Proxy.Limits.Total = 1
	p.Reload(cfg)
	over2(t, p, "/ws")
	if _, resp := over2(t, p, "/ws"); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%v", resp)
	}
}
