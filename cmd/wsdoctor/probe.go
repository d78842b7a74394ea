package main

import (
	"context"
	"os"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
	"github.com/spf13/cobra"
)

const (
	// probePause is between the pings of --ping, as ping(8) has it.
	probePause = time.Second
	// probeWait is how many seconds answers are waited for unless -w says otherwise, as wscat has it.
	probeWait = 2
	// pongTimeout is when a ping counts as lost; servers answer at once.
	pongTimeout = 3 * time.Second
)

// probeFlags are the flags of `wsdoctor probe`.
type probeFlags struct {
	messages     []string
	wait         float64
	headers      []string
	origin       string
	subprotocols []string
	insecure     bool
	host         string
	connectOnly  bool
	pings        int
	direct       string
	format       string
	auth, bearer string
	cert, key    string
	ca, proxy    string
	verbose      bool
	http2        bool
}

func probeCommand(a *app) *cobra.Command {
	var f probeFlags
	cmd := &cobra.Command{
		Use:   "probe URL",
		Short: "open a WebSocket, talk through it, and say what happens on it",
		Long: `Probe opens a WebSocket as a client and tells what happened at each step: the name, TCP, TLS and the certificate, the
upgrade; then pings, messages, and who closed, how and after how long.

On a terminal it is interactive: a line is sent as a message, /help lists the commands. Otherwise each line of standard
input is one message, and the answers are waited for (-w). What the server sends goes to standard output, a message a
line; everything else goes to standard error.

It exits 0 if the connection was made and ended as it should, 1 if it was not made or ended without a Close frame or
with a code other than 1000, 1001 and 1005, and 130 if it was interrupted.`,
		Example: `  wsdoctor probe ws://192.168.6.181:38889/
  wsdoctor probe wss://ws.example.com/socket -H 'Cookie: sid=1' -x '{"op":"hello"}' -w 5
  wsdoctor probe wss://ws.example.com/ --ping 5
  wsdoctor probe ws://192.168.6.181:38889/ --direct 192.168.6.171:38888`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("probe: found %d arguments, expected one URL, such as ws://192.168.6.181:38889/", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.probe(cmd.Context(), &f, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.messages, "execute", "x", nil, "send this `message` (repeatable), wait for answers, and leave")
	flags.Float64VarP(&f.wait, "wait", "w", probeWait, "`seconds` to wait for answers after the last message; -1: until the server closes")
	flags.StringArrayVarP(&f.headers, "header", "H", nil, "send this header, `'K: V'` (repeatable)")
	flags.StringVarP(&f.origin, "origin", "o", "", "`origin` of the page, as a browser would send it")
	flags.StringArrayVarP(&f.subprotocols, "subprotocol", "s", nil, "offer this `subprotocol` (repeatable)")
	flags.BoolVarP(&f.insecure, "no-check", "n", false, "go on though the certificate has a fault")
	flags.StringVar(&f.host, "host", "", "`name` for the Host header and for TLS, instead of the URL's")
	flags.BoolVar(&f.connectOnly, "connect-only", false, "show the handshake, close, and leave")
	flags.IntVar(&f.pings, "ping", 0, "send this `number` of pings, a second apart, show their round trips, and leave")
	flags.StringVar(&f.direct, "direct", "", "compare with the handshake of the backend itself (`HOST:PORT`, or a ws:// or wss:// URL)")
	flags.StringVarP(&f.format, "format", "f", "text", "text, or json: one event a line")
	flags.StringVar(&f.auth, "auth", "", "basic authentication, `USER:PASSWORD` or @FILE")
	flags.StringVar(&f.bearer, "bearer", "", "bearer `token` or @FILE")
	flags.StringVar(&f.cert, "cert", "", "client certificate (PEM `file`, with the chain)")
	flags.StringVar(&f.key, "key", "", "key of the client certificate (PEM `file`; default: that of --cert)")
	flags.StringVar(&f.ca, "ca", "", "trust the authorities of this PEM `file` instead of this host's")
	flags.StringVar(&f.proxy, "proxy", "", "connect through this proxy: http, https (CONNECT) or socks5 `URL`")
	flags.BoolVar(&f.http2, "http2", false, "open the WebSocket over HTTP/2 (RFC 8441)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show the request and the response as they were")
	return cmd
}

// probe runs one call of `wsdoctor probe`.
func (a *app) probe(ctx context.Context, f *probeFlags, url string) error {
	req, err := a.probeRequest(f, url)
	if err != nil {
		return err
	}
	if f.direct != "" {
		return a.probeDirect(ctx, f, req)
	}
	if f.format == "text" && a.stdinTTY && a.stdoutTTY && !f.connectOnly && f.pings == 0 && len(f.messages) == 0 {
		return a.probeInteractive(ctx, f, req)
	}
	t := &talk{f: f, out: a.probeOutput(f)}
	t.session, t.trace = wsclient.Open(ctx, req)
	t.out.opened(t.trace)
	if t.session == nil {
		return refusal(ctx)
	}
	defer t.session.Stop()
	end, err := t.run(ctx, a)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case end == nil || !end.Normal() || t.unanswered():
		return exitError(probes.ExitFindings)
	}
	return nil
}

// refusal is how a call ends whose connection did not come about; the output has said why.
func refusal(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return exitError(probes.ExitFindings)
}

// talk is one connection that is used without an operator at the keyboard.
type talk struct {
	f       *probeFlags
	out     probeOutput
	session *wsclient.Session
	trace   handshake.Trace

	sent  int
	trips []time.Duration // of the pings that were answered
}

// run sends what there is to send, waits for answers, closes, and returns how the connection ended.
func (t *talk) run(ctx context.Context, a *app) (*wsclient.End, error) {
	var lines <-chan string
	var next, deadline <-chan time.Time
	var input *lineReader
	switch {
	case t.f.connectOnly:
		t.close()
	case t.f.pings > 0:
		t.ping()
		next = time.After(t.pause())
	case len(t.f.messages) > 0:
		for _, m := range t.f.messages {
			t.send(m)
		}
		deadline = t.wait()
	default:
		input = readLines(a.stdin)
		defer input.stop()
		lines = input.lines
	}
	done := ctx.Done()
	for {
		select {
		case e, ok := <-t.session.Events():
			if !ok {
				return nil, nil // only after Stop
			}
			t.out.event(e)
			if e.End != nil {
				t.summary()
				return e.End, nil
			}
			if e.RTT > 0 && t.f.pings > 0 {
				if t.trips = append(t.trips, e.RTT.Duration()); len(t.trips) == t.f.pings {
					t.close()
				}
			}
		case line, ok := <-lines:
			if !ok {
				if input.err != nil {
					return nil, usagef("reading standard input: %w", input.err)
				}
				lines, deadline = nil, t.wait()
				continue
			}
			t.send(line)
		case <-next:
			if t.sent >= t.f.pings {
				t.close()
				next = nil
				continue
			}
			t.ping()
			next = time.After(t.pause())
		case <-deadline:
			t.close()
		case <-done:
			t.close()
			done = nil
		}
	}
}

// A send that fails is no error of its own: the end of the connection follows, and says more.
func (t *talk) send(text string) {
	_ = t.session.Send(false, []byte(text))
	t.out.sent("message", text)
}

func (t *talk) ping() {
	t.sent++
	_ = t.session.Ping(nil)
}

func (t *talk) close() { _ = t.session.Close(1000, "") }

// pause is what follows a ping: another, or the time that the last one has.
func (t *talk) pause() time.Duration {
	if t.sent >= t.f.pings {
		return pongTimeout
	}
	return probePause
}

// wait returns the moment at which no more answers are waited for; nil: never.
func (t *talk) wait() <-chan time.Time {
	if t.f.wait < 0 {
		return nil
	}
	return time.After(time.Duration(t.f.wait * float64(time.Second)))
}

// unanswered tells that pings were sent and a server that upgraded answered none.
func (t *talk) unanswered() bool { return t.sent > 0 && len(t.trips) == 0 }

func (t *talk) summary() {
	if t.sent > 0 {
		t.out.pings(t.sent, t.trips)
	}
}

// secret reads a value that may be "@FILE", which keeps it out of the list of processes.
func secret(flag, value string) (string, error) {
	path, ok := strings.CutPrefix(value, "@")
	if !ok {
		return value, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("%s: %w", flag, err)
	}
	return strings.TrimSpace(string(raw)), nil
}
