//go:build unix

package embedproxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// page opens two WebSockets to where it came from. One echoes, then waits to be closed by the proxy; the backend of
// the other dies. What it sees it tells the backend directly, because the proxy will be gone.
const page = `<!doctype html><title>page</title><script>
const tell = what => fetch(REPORT, { method: 'POST', mode: 'no-cors', body: JSON.stringify(what) });
const open = () => { const w = new WebSocket('ws://' + location.host + '/ws'); w.binaryType = 'arraybuffer'; return w; };
const sizes = [0, 1, 125, 126, 65535, 65536, 1 << 20];
const talker = open(), orphan = open();
let n = 0;
const text = i => 'wsdoctor'.repeat(sizes[i] / 8 + 1).slice(0, sizes[i]);
talker.onmessage = m => {
  const got = typeof m.data === 'string' ? m.data : new TextDecoder().decode(m.data);
  if (got !== text(n)) tell({ what: 'differs', size: sizes[n] });
  else if (++n === sizes.length) tell({ what: 'echoed', extensions: talker.extensions });
  else send();
};
const send = () => talker.send(n % 2 ? new TextEncoder().encode(text(n)) : text(n));
talker.onopen = send;
talker.onclose = e => tell({ what: 'closed', code: e.code, clean: e.wasClean, reason: e.reason });
orphan.onopen = () => orphan.send('die');
orphan.onclose = e => tell({ what: 'orphaned', code: e.code, clean: e.wasClean, reason: e.reason });
</script>`

type told struct {
	What       string
	Size, Code int
	Clean      bool
	Reason     string
	Extensions string
}

// TestChromium has a page in a real browser talk through the proxy: the handshake with its permessage-deflate, text
// and binary, and the Close frames of the proxy's own as the page sees them.
func TestChromium(t *testing.T) {
	t.Parallel()
	reports := make(chan told, 10)
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, strings.Replace(page, "REPORT", fmt.Sprintf("%q", s.URL+"/report"), 1))
		case "/report":
			var x told
			if err := json.NewDecoder(r.Body).Decode(&x); err == nil {
				reports <- x
			}
		case "/ws":
			c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover})
			if err != nil {
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(2 << 20)
			for {
				typ, b, err := c.Read(r.Context())
				if err != nil || string(b) == "die" || c.Write(r.Context(), typ, b) != nil {
					return
				}
			}
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	cfg := settings()
	cfg.Proxy.Backends = []cluster.Backend{{Address: strings.TrimPrefix(s.URL, "http://"), Weight: 1}}
	cfg.Proxy.Timeouts.Drain = time.Millisecond
	p := start(t, cfg, Options{})

	browser := probetest.Chromium(t, "--remote-debugging-port=0", "http://"+p.at()+"/")
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	hear := func(what string) told {
		t.Helper()
		select {
		case x := <-reports:
			return x
		case <-time.After(4 * patience): // a browser's first start writes a profile
			t.Fatalf("the page never told %s", what)
			panic("unreachable")
		}
	}
	seen := map[string]told{}
	for len(seen) < 2 {
		x := hear("of its two WebSockets")
		seen[x.What] = x
	}
	if x := seen["echoed"]; !strings.HasPrefix(x.Extensions, "permessage-deflate") {
		t.Errorf("the page saw %+v, expected every size echoed, with permessage-deflate", seen)
	}
	if x := seen["orphaned"]; x.Code != 1011 || !x.Clean {
		t.Errorf("the page saw %+v when its backend died, expected the code 1011 in a clean close", x)
	}
	p.Drain(End{Restart: true})
	if x := hear("of the drain"); x.What != "closed" || x.Code != 1012 || !x.Clean || x.Reason != "the proxy restarts" {
		t.Errorf("the page saw %+v at the drain, expected the code 1012 in a clean close", x)
	}
}
