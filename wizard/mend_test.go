package wizard

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

// The step that mends is found by real handshakes with servers that are wrong in each way.
func TestMend(t *testing.T) {
	service, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	closed := probetest.ClosedPort(t)
	good := service.Addr().String()
	_, port, _ := net.SplitHostPort(good)
	for _, c := range []struct{ through, behind, want string }{
		{"ws://does-not-exist.invalid:" + port, good, "host"},
		{"ws://" + closed, good, "forwarding"},
		{"wss://" + good, good, "tls"},
		{"ws://" + status(404), good, "path"},
		{"ws://" + status(502), closed, "ports"},
		{"ws://" + status(502), "does-not-exist.invalid:" + port, "nodes"},
		{"ws://" + status(502), status(400), "path"},
		{"ws://" + status(502), good, "balancer"},
	} {
		tr := handshake.Dial(t.Context(), handshake.Request{URL: c.through})
		node := handshake.Dial(t.Context(), handshake.Request{URL: "ws://" + c.behind})
		if got, why := Mend(tr, []handshake.Trace{node}); got != c.want || why.IsZero() {
			t.Errorf("%s before %s (%s): %s (%s), expected %s", c.through, c.behind, tr.Cause.Text, got, why, c.want)
		}
	}
}
