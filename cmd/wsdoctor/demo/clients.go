package demo

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

const (
	// clientCount is how many clients talk: enough for tables to fill, few enough that the tests' own are seen.
	clientCount = 12
	// comeBack is how long a client waits after its connection has ended.
	comeBack = time.Second
	// dialTime is how long it waits for a handshake: shorter than a person does, so that a fault shows soon.
	dialTime = 3 * time.Second
	// mostMessages is how many messages a short-lived client sends before it leaves.
	mostMessages = 40
)

// talk is one client: it connects, sends, reads the echo, and comes back when it was cut. Every third one leaves by
// itself after a while, so that tunnels come and go.
func talk(ctx context.Context, i int, url string) {
	dialer := net.Dialer{Timeout: dialTime}
	if wideLoopback {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i+1))}
	}
	transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	message := bytes.Repeat([]byte("demo "), 20*(i+1))
	for ctx.Err() == nil {
		most := 0
		if i%3 == 0 {
			most = mostMessages/2 + rand.IntN(mostMessages)
		}
		converse(ctx, client, url, message, most)
		pause(ctx, comeBack+time.Duration(rand.Int64N(int64(comeBack))))
	}
}

// converse holds one connection until it ends, or until it has sent most messages (0: for ever).
func converse(ctx context.Context, client *http.Client, url string, message []byte, most int) {
	dctx, cancel := context.WithTimeout(ctx, dialTime)
	c, _, err := websocket.Dial(dctx, url, &websocket.DialOptions{HTTPClient: client})
	cancel()
	if err != nil {
		return
	}
	defer c.CloseNow()
	for n := 0; most == 0 || n < most; n++ {
		mctx, cancel := context.WithTimeout(ctx, 2*dialTime)
		err := c.Write(mctx, websocket.MessageText, message[:1+rand.IntN(len(message))])
		if err == nil {
			_, _, err = c.Read(mctx)
		}
		cancel()
		if err != nil {
			return
		}
		pause(ctx, Heartbeat/8+time.Duration(rand.Int64N(int64(Heartbeat/4))))
	}
	c.Close(websocket.StatusNormalClosure, "")
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
