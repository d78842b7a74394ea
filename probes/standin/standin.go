// Package standin is a backend that takes the place of a WebSocket service that is not there yet: it accepts every
// upgrade on every path, echoes what it is sent, names itself, and shows the request that reached it, so that the path
// through a balancer can be tested before the service is started.
//
// It speaks neither TLS nor Socket.IO, keeps nothing of what it is sent, checks no Origin, and is no service to leave
// running: anybody who can reach it can read the headers of their own request.
package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// Header is the response header by which the stand-in names itself.
const Header = "X-Wsdoctor-Standin"

// TalkHeader is the request header that has the stand-in send a text message again and again, at the interval that its
// value names (a Go duration, such as 500ms), so that a tunnel can be shown on which only the server talks.
const TalkHeader = "X-Wsdoctor-Talk"

const (
	// maxMessage bounds one message that is echoed.
	maxMessage = 1 << 20
	// maxHead bounds a request head; it is shown back, and a probe reads 16 KiB of it.
	maxHead = 16 << 10
	// headTimeout keeps a client that sends its head byte by byte from holding a descriptor.
	headTimeout = 10 * time.Second
	// writeTimeout gives up on a client that does not read its own echo.
	writeTimeout = 10 * time.Second
	// farewell is how long clients have to answer the Close frame when the stand-in stops.
	farewell = time.Second
	// maxClients bounds the tunnels held at once, a descriptor each: more than one address has source ports.
	maxClients = 65_536
	// leastTalk bounds how often it talks.
	leastTalk = 50 * time.Millisecond
)

// Options of a stand-in. The zero value is useful.
type Options struct {
	Name string      // that it goes by; "" means "stand-in"
	Seen func(Visit) // told of each request before it is answered, from several goroutines; nil: nobody

	// Control changes the listening socket before it is bound; nil: nobody does. See net.ListenConfig.
	Control func(network, address string, c syscall.RawConn) error
}

// Visit is a request as it reached the stand-in: its first message, and its answer to a plain GET.
type Visit struct {
	Name        string      `json:"standin"`
	Remote      string      `json:"remote"`       // ip:port of whoever connected: the balancer, if there is one
	Request     string      `json:"request"`      // the request line
	HTTPVersion string      `json:"http_version"` // such as "HTTP/1.1"
	Host        string      `json:"host"`
	Headers     http.Header `json:"headers"`   // without Host
	WebSocket   bool        `json:"websocket"` // it asks for a WebSocket as RFC 6455 4.2.1 demands
}

// Server is a running stand-in.
type Server struct {
	ln     net.Listener
	http   *http.Server
	cancel context.CancelFunc
	served chan struct{}

	mu      sync.Mutex
	closing bool
	clients map[*websocket.Conn]bool
	wg      sync.WaitGroup // of the requests: http.Server forgets a connection once it is hijacked
}

// Listen starts a stand-in on address (host:port; port 0 picks one). It runs until Close, whatever becomes of ctx: its
// clients are to get a Close frame. The error is that of net.Listen.
func Listen(ctx context.Context, address string, opts Options) (*Server, error) {
	ln, err := (&net.ListenConfig{Control: opts.Control}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if opts.Name == "" {
		opts.Name = "stand-in"
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Server{ln: ln, cancel: cancel, served: make(chan struct{}), clients: map[*websocket.Conn]bool{}}
	s.http = &http.Server{
		Handler:           s.handler(opts),
		ReadHeaderTimeout: headTimeout,
		IdleTimeout:       headTimeout,
		MaxHeaderBytes:    maxHead,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          discard,
	}
	go func() {
		defer close(s.served)
		s.http.Serve(ln) // returns when Close closes the listener
	}()
	return s, nil
}

// Addr returns the address that the stand-in listens on.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Close stops listening, sends every client a Close frame with code 1001, and waits until all are gone.
func (s *Server) Close() error {
	err := s.http.Close()
	s.mu.Lock()
	s.closing = true
	for c := range s.clients {
		s.wg.Go(func() { c.Close(websocket.StatusGoingAway, "the stand-in stops") })
	}
	s.mu.Unlock()
	gone := time.AfterFunc(farewell, s.cancel) // those who do not answer are cut
	s.wg.Wait()
	gone.Stop()
	s.cancel()
	<-s.served
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) handler(opts Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.begin() {
			return
		}
		defer s.wg.Done()
		v := visit(opts.Name, r)
		if opts.Seen != nil {
			opts.Seen(v)
		}
		w.Header().Set(Header, opts.Name)
		text, err := json.Marshal(v)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		switch {
		case v.WebSocket:
			s.tunnel(w, r, text)
		case r.Header.Get("Sec-WebSocket-Key") != "":
			// A WebSocket client asked, and its Upgrade or Connection was lost on the way (RFC 9110 15.5.22).
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUpgradeRequired)
			fmt.Fprintf(w, "%s\n", text)
		default:
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, "%s\n", text)
		}
	})
}

func visit(name string, r *http.Request) Visit {
	return Visit{
		Name: name, Remote: r.RemoteAddr,
		Request:     r.Method + " " + r.RequestURI + " " + r.Proto,
		HTTPVersion: r.Proto, Host: r.Host, Headers: r.Header,
		WebSocket: r.ProtoAtLeast(1, 1) && token(r.Header, "Connection", "upgrade") && token(r.Header, "Upgrade", "websocket"),
	}
}

// tunnel upgrades, says hello and echoes until the client goes.
func (s *Server) tunnel(w http.ResponseWriter, r *http.Request, hello []byte) {
	// Whatever the client offers is taken, and any Origin is welcome: it is the path that is tested.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, Subprotocols: tokens(r.Header, "Sec-WebSocket-Protocol"),
	})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	if !s.enter(c) {
		c.Close(websocket.StatusTryAgainLater, "too many clients, or the stand-in stops")
		return
	}
	defer s.leave(c)
	c.SetReadLimit(maxMessage)
	ctx := r.Context()
	if write(ctx, c, websocket.MessageText, hello) != nil {
		return
	}
	if every, err := time.ParseDuration(r.Header.Get(TalkHeader)); err == nil && every > 0 {
		talking, quiet := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); talk(talking, c, max(every, leastTalk)) }()
		defer func() { quiet(); <-done }()
	}
	for {
		kind, data, err := c.Read(ctx)
		if err != nil || write(ctx, c, kind, data) != nil {
			return
		}
	}
}

func write(ctx context.Context, c *websocket.Conn, kind websocket.MessageType, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.Write(ctx, kind, data)
}

// talk sends a message again and again.
func talk(ctx context.Context, c *websocket.Conn, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if write(ctx, c, websocket.MessageText, []byte("talk")) != nil {
				return
			}
		}
	}
}

// begin counts a request in, unless the stand-in stops.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.wg.Add(1)
	}
	return !s.closing
}

func (s *Server) enter(c *websocket.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || len(s.clients) >= maxClients {
		return false
	}
	s.clients[c] = true
	return true
}

func (s *Server) leave(c *websocket.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c)
}
