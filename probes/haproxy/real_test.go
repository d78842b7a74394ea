package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// patience bounds one handshake with a real HAProxy; it is far more than any takes that comes to an end.
const patience = 20 * time.Second

// beat stands for the application's heartbeat. No test waits for it.
const beat = 400 * time.Millisecond

// scene is a real WebSocket backend and the aim that goes with it.
type scene struct {
	backend string // HOST:PORT
	aim     Aim
}

func newScene(backend, path string) scene {
	_, port, _ := net.SplitHostPort(backend)
	n, _ := strconv.Atoi(port)
	return scene{backend, Aim{Host: "127.0.0.1", Path: path, Ports: []int{n}, Nodes: []string{"127.0.0.1"}, Addresses: []string{backend}, Heartbeat: beat, Clients: 3}}
}

// quick is the defaults section of the tests with real connections.
const quick = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 10s\n  timeout server 10s\n  timeout tunnel 1h\n  retries 0\n"

// text fills a configuration in: BACKEND is the address of the backend.
func (s scene) text(config string) string { return strings.ReplaceAll(config, "BACKEND", s.backend) }

// serve runs HAProxy and returns the URL that clients connect to. "fd@3" is its listener.
func (s scene) serve(t *testing.T, config string) string {
	t.Helper()
	ln := probetest.Listen(t)
	probetest.HAProxy(t, s.text(config), ln)
	return "http://" + ln.Addr().String() + s.aim.Path
}

// errorsOf returns the ids of errors that the rules find.
func (s scene) errorsOf(config string) string {
	var out []string
	for _, p := range Lint(Options{Version: Version{2, 6, 12}}, s.aim, File{"haproxy.cfg", s.text(config)}) {
		if p.Severity == probes.Error {
			out = append(out, strings.TrimPrefix(p.ID, "haproxy/"))
		}
	}
	return strings.Join(out, " ")
}

// echo says whether a message comes back through a WebSocket.
func echo(t *testing.T, url string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: fresh()})
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	if err := ws.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		return err
	}
	_, got, err := ws.Read(ctx)
	if err == nil && string(got) != "hello" {
		err = fmt.Errorf("got %q", got)
	}
	return err
}

// fresh is a client that keeps no connection, so that no goroutine of it outlives a test.
func fresh() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // as a browser does
	}
}

// TestErrorsAreRealFailures shows for each rule of severity error that HAProxy fails with what the rule holds against it,
// and works with what the fix says.
func TestErrorsAreRealFailures(t *testing.T) {
	ws := newScene(probetest.NodeServer(t, probetest.WSServer), "/ws")
	closed := probetest.ClosedPort(t)
	frontend := "frontend f\n  bind fd@3\n"
	app := "backend app\n  server node1 BACKEND\n"
	for _, tc := range []struct {
		rule       string
		bad, fixed string
	}{
		{"header-lost", frontend + "  http-request del-header Upgrade\n  default_backend app\n" + app, frontend + "  http-request del-header Upgrade unless { req.hdr(Upgrade) -i websocket }\n  default_backend app\n" + app},
		{"header-lost", frontend + "  http-request del-header Connection\n  default_backend app\n" + app, frontend + "  default_backend app\n" + app},
		{"header-lost", frontend + "  http-request del-header Sec-WebSocket-Key\n  default_backend app\n" + app, frontend + "  default_backend app\n" + app},
		{"header-lost", frontend + "  http-request del-header Sec-WebSocket-Version\n  default_backend app\n" + app, frontend + "  default_backend app\n" + app},
		{"header-lost", frontend + "  http-request del-header ^sec-websocket- -m reg\n  default_backend app\n" + app, frontend + "  http-request del-header ^sec-websocketx- -m reg\n  default_backend app\n" + app},
		{"header-lost", frontend + "  default_backend app\n" + app + "  http-request set-header Connection close\n", frontend + "  default_backend app\n" + app + "  http-request set-header Connection Upgrade\n"},
		{"header-lost", frontend + "  default_backend app\n" + app + "  http-request set-header Upgrade h2c\n", frontend + "  default_backend app\n" + app + "  http-request set-header Upgrade %[req.hdr(upgrade)]\n"},
		{"header-lost", frontend + "  default_backend app\n" + app + "  http-request replace-header Connection .* keep-alive\n", frontend + "  default_backend app\n" + app + "  http-request replace-header Connection close keep-alive\n"},
		{"header-lost", frontend + "  default_backend app\n" + app + "  http-request replace-value Connection .* keep-alive\n", frontend + "  default_backend app\n" + app + "  http-request replace-value Connection close keep-alive\n"},
		{"header-lost", frontend + "  http-response del-header Upgrade\n  default_backend app\n" + app, frontend + "  http-response del-header Server\n  default_backend app\n" + app},
		{"header-lost", frontend + "  http-response del-header Connection\n  default_backend app\n" + app, frontend + "  http-response del-header Sec-WebSocket-Accept\n  default_backend app\n" + app},
		{"answered-here", frontend + "  http-request redirect scheme https unless { ssl_fc }\n  default_backend app\n" + app, frontend + "  http-request redirect scheme https unless { ssl_fc } or { path_beg /ws }\n  default_backend app\n" + app},
		{"answered-here", frontend + "  acl admin path_beg /w\n  http-request deny if admin\n  default_backend app\n" + app, frontend + "  acl admin path_beg /wsx\n  http-request deny if admin\n  default_backend app\n" + app},
		{"answered-here", frontend + "  monitor-uri /ws\n  default_backend app\n" + app, frontend + "  monitor-uri /alive\n  default_backend app\n" + app},
		{"answered-here", frontend + "  default_backend app\n" + app + "  redirect location /login if { url_sub w } !{ hdr(cookie) -m found } || TRUE\n", frontend + "  default_backend app\n" + app},
		{"path-not-routed", frontend + "  use_backend app if { path_beg /socket }\n" + app, frontend + "  use_backend app if { path_beg /socket } or { path_beg /ws }\n" + app},
		{"path-not-routed", frontend + "  use_backend app if { path /ws/ }\n  default_backend web\nbackend web\n  server w " + closed + "\n" + app, frontend + "  use_backend app if { path_beg /ws }\n  default_backend web\nbackend web\n  server w " + closed + "\n" + app},
		{"no-servers", frontend + "  default_backend app\nbackend app\n", frontend + "  default_backend app\n" + app},
		{"no-servers", frontend + "  default_backend app\nbackend app\n  server node1 BACKEND weight 0\n", frontend + "  default_backend app\nbackend app\n  server node1 BACKEND weight 1\n"},
		{"no-servers", frontend + "  server node1 BACKEND\n  default_backend app\nbackend app\n  server node1 BACKEND disabled\n", "listen f\n  bind fd@3\n  server node1 BACKEND\n"},
		{"server-port", frontend + "  default_backend app\nbackend app\n  server node1 " + closed + "\n", frontend + "  default_backend app\n" + app},
		{"http2-websocket", strings.Replace(frontend, "fd@3", "fd@3 proto h2", 1) + "  default_backend app\n" + app, frontend + "  default_backend app\n" + app},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			if got := ws.errorsOf(quick + tc.bad); got != tc.rule {
				t.Errorf("the failing one: got errors %q, expected %q\n%s", got, tc.rule, tc.bad)
			}
			if err := echo(t, ws.serve(t, quick+tc.bad)); err == nil {
				t.Errorf("it works:\n%s", tc.bad)
			}
			if got := ws.errorsOf(quick + tc.fixed); got != "" {
				t.Errorf("the fixed one has errors %q\n%s", got, tc.fixed)
			}
			if err := echo(t, ws.serve(t, quick+tc.fixed)); err != nil {
				t.Errorf("%v:\n%s", err, tc.fixed)
			}
		})
	}
}

// open opens a WebSocket for the time of the test. The timeouts that are tried are short, and a busy machine may not
// make the handshake in time; that is not what is tried, so it is made again.
func open(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: fresh()})
		if err == nil {
			t.Cleanup(func() { ws.CloseNow() })
			return ws
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// cut waits until HAProxy ends a WebSocket on which nothing is said.
func cut(t *testing.T, ws *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, _, err := ws.Read(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it was not cut: %v", err)
	}
}

// outlives tells that a tunnel still works when a later one, which the timeouts of control cut, is gone.
func outlives(t *testing.T, ws *websocket.Conn, control string) {
	t.Helper()
	cut(t, open(t, control))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := ws.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
		t.Error(err)
	}
	if _, got, err := ws.Read(ctx); err != nil || string(got) != "hello" {
		t.Errorf("it was cut: %q, %v", got, err)
	}
}

func TestTimeoutsCutTunnels(t *testing.T) {
	ws := newScene(probetest.NodeServer(t, probetest.WSServer), "/ws")
	defaults := "defaults\n  mode http\n  timeout connect 1s\n"
	rest := "frontend f\n  bind fd@3\n  default_backend app\nbackend app\n  server node1 BACKEND\n"
	const short, long = "200ms", "30s"
	control := ws.serve(t, defaults+"  timeout client 300ms\n  timeout server 300ms\n"+rest)
	for _, tc := range []struct {
		rule                   string
		client, server, tunnel string
	}{
		{"timeout-tunnel", long, long, short},
		{"timeout-client", short, long, ""},
		{"timeout-client", short, short, "0"},
		{"timeout-server", long, short, ""},
		{"", long, long, ""},
		{"", short, short, long},
	} {
		for _, mode := range []string{"http", "tcp"} {
			t.Run(fmt.Sprint(mode, tc), func(t *testing.T) {
				t.Parallel()
				config := strings.Replace(defaults, "http", mode, 1) + "  timeout client " + tc.client + "\n  timeout server " + tc.server + "\n"
				if tc.tunnel != "" {
					config += "  timeout tunnel " + tc.tunnel + "\n"
				}
				if got := ws.errorsOf(config + rest); got != tc.rule {
					t.Errorf("got errors %q, expected %q", got, tc.rule)
				}
				conn := open(t, ws.serve(t, config+rest))
				if tc.rule != "" {
					cut(t, conn)
				} else {
					outlives(t, conn, control)
				}
			})
		}
	}
	t.Run("set-timeout in the backend", func(t *testing.T) {
		config := defaults + "  timeout client 200ms\n  timeout server 200ms\n" + rest + "  http-request set-timeout tunnel 30s\n"
		if got := ws.errorsOf(config); got != "" {
			t.Errorf("got errors %q", got)
		}
		outlives(t, open(t, ws.serve(t, config)), control)
	})
	t.Run("a frontend's timeout tunnel is ignored", func(t *testing.T) {
		config := defaults + "  timeout client 200ms\n  timeout server 200ms\n" + strings.Replace(rest, "  default", "  timeout tunnel 30s\n  default", 1)
		if got := ws.errorsOf(config); got != "timeout-client" {
			t.Errorf("got errors %q", got)
		}
		cut(t, open(t, ws.serve(t, config)))
	})
}

// TestStickiness makes the polling requests of one Engine.IO session through HAProxy, in front of two nodes.
func TestStickiness(t *testing.T) {
	one, two := probetest.NodeServer(t, probetest.SocketIOServer), probetest.NodeServer(t, probetest.SocketIOServer)
	s := newScene(one, "/socket.io/")
	s.aim.Query, s.aim.Stateful, s.aim.Product = "EIO=4&transport=websocket", true, "a Socket.IO application"
	_, port, _ := net.SplitHostPort(two)
	n, _ := strconv.Atoi(port)
	s.aim.Ports, s.aim.Addresses = append(s.aim.Ports, n), append(s.aim.Addresses, two)
	servers := "  server node1 " + one + " check\n  server node2 " + two + " check\n"
	backend := quick + "frontend f\n  bind fd@3\n  default_backend app\nbackend app\n"
	for _, tc := range []struct {
		name, lines, servers string
		sticks               bool
	}{
		{"roundrobin", "  balance roundrobin\n", servers, false},
		{"nothing", "", servers, false},
		{"url_param sid", "  balance url_param sid\n", servers, false},
		{"a table alone", "  stick-table type ip size 1m expire 1h\n", servers, false},
		{"a cookie without values", "  cookie S insert indirect nocache\n", servers, false},
		{"source", "  balance source\n  hash-type consistent\n", servers, true},
		{"uri", "  balance uri\n", servers, true},
		{"stick on", "  stick-table type ip size 1m expire 1h\n  stick on src\n", servers, true},
		{"cookie", "  cookie S insert indirect nocache\n", strings.ReplaceAll(strings.Replace(servers, "check\n", "check cookie a\n", 1), "check\n", "check cookie b\n"), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			config := backend + tc.lines + tc.servers
			want := "stickiness"
			if tc.sticks {
				want = ""
			}
			if got := s.errorsOf(config); got != want {
				t.Errorf("got errors %q, expected %q", got, want)
			}
			if failed := polls(t, s.serve(t, config)); tc.sticks == (failed > 0) {
				t.Errorf("%d of the polling requests failed", failed)
			}
		})
	}
}

// polls opens Engine.IO sessions and polls in each, with cookies as a browser does; it counts those that the server does
// not know.
func polls(t *testing.T, base string) (failed int) {
	t.Helper()
	client := fresh()
	for range 24 { // by chance, a session in two stays on its node without any stickiness
		var cookies []*http.Cookie
		get := func(query string) (int, string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"?EIO=4&transport=polling"+query, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range cookies {
				req.AddCookie(c)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			cookies = append(cookies, resp.Cookies()...)
			body, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, string(body)
		}
		status, body := get("")
		_, rest, ok := strings.Cut(body, `"sid":"`)
		if !ok {
			t.Fatalf("no session: %d %s", status, body)
		}
		sid, _, _ := strings.Cut(rest, `"`)
		// A message of the client makes the pending poll end at once.
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"?EIO=4&transport=polling&sid="+sid, strings.NewReader("40"))
		for _, c := range cookies {
			req.AddCookie(c)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusBadRequest {
			failed++
			continue
		}
		if status, _ := get("&sid=" + sid); status == http.StatusBadRequest {
			failed++
		}
	}
	return failed
}
