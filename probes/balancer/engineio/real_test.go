package engineio

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/probetest/embedded"
)

// server is a Socket.IO server that speaks both protocols, and acknowledges one event.
const server = `const h = require('http').createServer();
new (require('socket.io').Server)(h, { allowEIO3: true }).on('connection', s => s.on('wsdoctor', ack => ack('heard')));
h.listen(0, '127.0.0.1', () => console.log('127.0.0.1:' + h.address().port));`

// TestRealServers meets Socket.IO behind nginx, as it should be and broken in the usual ways.
func TestRealServers(t *testing.T) {
	a, b, c := probetest.NodeServer(t, server), probetest.NodeServer(t, server), probetest.NodeServer(t, server)
	polling := probetest.NodeServer(t, strings.Replace(server, "allowEIO3: true", "transports: ['polling']", 1))
	nginx := func(upstream, location string) string {
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf(`upstream u { %s } map $cookie_route $to { default u; ~. $cookie_route; } server { listen %s; %s }`, upstream, ln.Addr(), location), ln)
		return ln.Addr().String()
	}
	three := "server " + a + "; server " + b + "; server " + c + ";"
	pass := "location / { proxy_pass http://u; " + probetest.Pass + " }"
	// A server that knows EIO 3 alone, as those of Socket.IO 2.
	old := `location / { if ($arg_EIO = 4) { return 400 '{"code":5,"message":"Unsupported protocol version"}'; } proxy_pass http://u; ` + probetest.Pass + " }"
	for _, tc := range []struct {
		name             string
		address          string
		eio              int
		polling, upgrade string // what is wrong with it; "": nothing
		direct           bool
	}{
		{"one node", a, 4, "", "", true},
		{"ip_hash", nginx("ip_hash; "+three, pass), 4, "", "", true},
		{"a cookie", nginx(three, `location / { add_header Set-Cookie "route=$upstream_addr; Path=/" always; proxy_pass http://$to; `+probetest.Pass+" }"), 4, "", "", true},
		{"round robin", nginx(three, pass), 4, "not sticky", "-", true},
		{"our own proxy", embedded.Start(t, nil, a, b, c).Addresses()[0], 4, "", "", true},
		{"the upgrade is dropped", nginx("ip_hash; "+three, "location / { proxy_pass http://u; }"), 4, "", "but the balancer breaks the upgrade", false},
		{"the service offers polling alone", polling, 4, "", "switched off in the service itself", false},
		{"EIO 3, ip_hash", nginx("ip_hash; "+three, old), 3, "", "", true},
		{"EIO 3, the upgrade is dropped", nginx("server "+a+";", strings.ReplaceAll(old, probetest.Pass, "")), 3, "", "but the balancer breaks the upgrade", false},
		{"EIO 3", nginx("server "+a+";", old), 3, "", "", true},
		{"EIO 3, round robin", nginx(three, old), 3, "not sticky", "-", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, err := Observe(t.Context(), Options{URL: "ws://" + tc.address + "/socket.io/?EIO=4&transport=websocket", Event: "wsdoctor"})
			if err != nil {
				t.Fatal(err)
			}
			polling, lost := o.Polling()
			fault, asked := o.Upgrading()
			upgrade := fault.Text
			wrong := func(got probes.Text, want string) bool {
				return (got.IsZero()) != (want == "" || want == "-") || !strings.Contains(got.String(), strings.Trim(want, "-"))
			}
			if o.EIO != tc.eio || o.Direct != tc.direct || wrong(polling, tc.polling) || wrong(upgrade, tc.upgrade) || lost != (tc.polling != "") || asked == (tc.upgrade == "-") {
				t.Errorf("got EIO %d, direct %v, polling %q, upgrade %q (asked %v)\n%+v", o.EIO, o.Direct, polling, upgrade, asked, o.Sessions)
			}
			if tc.polling == "" {
				for _, s := range o.Sessions {
					if st, ok := s.Step("event"); tc.upgrade == "" && (!ok || !st.OK || st.Body != `["heard"]`) {
						t.Errorf("the event was not acknowledged: %+v", s)
					}
					if st, ok := s.Step("connect"); !ok || !st.OK {
						t.Errorf("the connection to the namespace was not acknowledged: %+v", s)
					}
				}
			}
		})
	}
}

// TestNoAcknowledgment: an application that does not know the event says nothing.
func TestNoAcknowledgment(t *testing.T) {
	t.Parallel()
	o, err := Observe(t.Context(), Options{URL: "ws://" + probetest.NodeServer(t, server) + "/socket.io/", Event: "other", Rounds: 1})
	if fault, _ := o.Upgrading(); err != nil || !fault.Text.IsZero() || !strings.Contains(o.Unacknowledged().String(), `no acknowledgment of "other"`) {
		t.Errorf("got %q, %v\n%+v", o.Unacknowledged(), err, o.Sessions)
	}
}

func TestNoSocketIO(t *testing.T) {
	var reason *probes.Reason
	for _, addr := range []string{probetest.ClosedPort(t), probetest.NodeServer(t, probetest.WSServer)} {
		if _, err := Observe(t.Context(), Options{URL: "ws://" + addr + "/"}); !errors.As(err, &reason) || reason.Status != probes.Skipped {
			t.Errorf("got %v", err)
		}
	}
}
