package haproxy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
)

// TestWarningsAreRealDangers shows what the warnings speak of.
func TestWarningsAreRealDangers(t *testing.T) {
	ws := newScene(probetest.NodeServer(t, probetest.WSServer), "/ws")
	dead := probetest.ClosedPort(t)
	base := "frontend f\n  bind fd@3\n  default_backend app\nbackend app\n  balance roundrobin\n"
	warned := func(t *testing.T, config, rule string) bool {
		for _, p := range Lint(Options{Version: Version{2, 6, 12}}, ws.aim, File{"haproxy.cfg", ws.text(config)}) {
			if p.ID == "haproxy/"+rule && p.Severity == probes.Warning {
				return true
			}
		}
		return false
	}
	t.Run("check-missing", func(t *testing.T) {
		// The dead node is a backup's primary: without its check nobody ever finds out.
		bad := quick + base + "  server dead " + dead + "\n  server spare BACKEND backup\n"
		if !warned(t, bad, "check-missing") || echo(t, ws.serve(t, bad)) == nil {
			t.Error("a dead node without a check: it works, or nothing is said")
		}
		good := quick + base + "  default-server check inter 100ms fall 1\n  server dead " + dead + "\n  server spare BACKEND backup\n"
		if warned(t, good, "check-missing") {
			t.Error("something is said of a node with a check")
		}
		url := ws.serve(t, good)
		for deadline := time.Now().Add(patience); echo(t, url) != nil; { // until the first check has failed
			if time.Now().After(deadline) {
				t.Fatal("the spare node was never used")
			}
		}
	})
	t.Run("maxconn", func(t *testing.T) {
		bad := quick + "  timeout queue 500ms\n" + base + "  server node1 BACKEND check maxconn 2\n"
		url := ws.serve(t, bad)
		first, second := open(t, url), open(t, url)
		if !warned(t, bad, "maxconn") || echo(t, url) == nil {
			t.Error("the third client came in, or nothing is said")
		}
		first.CloseNow()
		second.CloseNow()
		good := strings.Replace(bad, "maxconn 2", "maxconn 3", 1)
		url = ws.serve(t, good)
		open(t, url)
		open(t, url)
		if err := echo(t, url); warned(t, good, "maxconn") || err != nil {
			t.Errorf("the third client: %v", err)
		}
	})
	t.Run("independent-streams", func(t *testing.T) {
		// A backend that sends on its own, to a client that only listens.
		pushes := newScene(probetest.NodeServer(t, strings.Replace(probetest.WSServer, "c => c.on('message', (m, binary) => c.send(m, { binary }))", "c => setInterval(() => c.send('p'), 50)", 1)), "/ws")
		config := "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 20s\nfrontend f\n  bind fd@3\n  option independent-streams\n  default_backend app\nbackend app\n  server node1 BACKEND\n"
		ws := open(t, pushes.serve(t, config))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var err error
		for err == nil {
			_, _, err = ws.Read(ctx)
		}
		if errors.Is(err, context.DeadlineExceeded) || !warned(t, config, "independent-streams") {
			t.Errorf("%v, or nothing is said", err)
		}
	})
	t.Run("http2-websocket on a server", func(t *testing.T) {
		stateful := ws
		stateful.aim.Stateful = true
		bad := quick + base + "  timeout server 1s\n  server node1 BACKEND proto h2\n"
		if got := stateful.errorsOf(bad); got != "http2-websocket" || !warned(t, bad, "http2-websocket") {
			t.Errorf("got errors %q", got)
		}
		if echo(t, ws.serve(t, bad)) == nil {
			t.Error("a backend without HTTP/2 took it")
		}
		if good := strings.Replace(bad, " proto h2", "", 1); stateful.errorsOf(good) != "" || echo(t, ws.serve(t, good)) != nil {
			t.Error("the fixed one fails")
		}
	})
	t.Run("options that close do no harm", func(t *testing.T) {
		for _, option := range []string{"httpclose", "http-server-close", "http-keep-alive"} {
			config := quick + "  option " + option + "\n" + base + "  server node1 BACKEND\n"
			if err := echo(t, ws.serve(t, config)); err != nil || ws.errorsOf(config) != "" {
				t.Errorf("option %s: %v, errors %q", option, err, ws.errorsOf(config))
			}
		}
	})
}
