package health

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// askWebSocket completes a real handshake and hangs up with a Close frame: what clients need is what is asked.
func askWebSocket(ctx context.Context, c Check) error {
	t := &http.Transport{Proxy: nil, DisableKeepAlives: true}
	defer t.CloseIdleConnections()
	conn, _, err := websocket.Dial(ctx, "ws://"+c.Address+c.Path, &websocket.DialOptions{HTTPClient: &http.Client{Transport: t}})
	if err != nil {
		return err
	}
	conn.Close(websocket.StatusNormalClosure, "health check") //nolint:errcheck // the handshake was the question
	return nil
}
