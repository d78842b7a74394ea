package wsclient

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

func differing(rows []Row) []string {
	var out []string
	for _, r := range rows {
		if r.Differs {
			out = append(out, r.What.String())
		}
	}
	return out
}

// TestCompare puts a real nginx beside the stand-in behind it.
func TestCompare(t *testing.T) {
	node, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	const pass = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;"
	for _, tc := range []struct {
		name, location string
		want           []string
	}{
		{"passed on as it is", pass + " proxy_set_header Host $http_host;", []string{"Server"}},
		{"without Host", pass, []string{"Server", "arrived: Host"}},
		{"with an address", pass + " proxy_set_header Host $http_host; proxy_set_header X-Real-IP $remote_addr;", []string{"Server", "arrived: X-Real-Ip"}},
		{"without the upgrade", "", []string{"outcome", "status", "Server", "arrived: request", "arrived: Host", "arrived: Upgrade", "arrived: Connection"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ln := probetest.Listen(t)
			probetest.Nginx(t, fmt.Sprintf("server { listen %s; location / { proxy_pass http://%s; %s } }", ln.Addr(), node.Addr(), tc.location), ln)
			url := "ws://" + ln.Addr().String() + "/x"
			a := handshake.Dial(t.Context(), handshake.Request{URL: url, FirstMessage: time.Second})
			b := handshake.Dial(t.Context(), handshake.Request{URL: "ws://" + node.Addr().String() + "/x", Host: ln.Addr().String(), FirstMessage: time.Second})
			got := differing(Compare(a, b))
			for _, what := range tc.want {
				if !slices.Contains(got, what) {
					t.Errorf("%s is not marked", what)
				}
			}
			if len(tc.want) < 5 && len(got) != len(tc.want) {
				t.Errorf("marked are %q, expected %q", got, tc.want)
			}
		})
	}
	t.Run("one of them is down", func(t *testing.T) {
		a := handshake.Dial(t.Context(), handshake.Request{URL: "ws://" + probetest.ClosedPort(t)})
		b := handshake.Dial(t.Context(), handshake.Request{URL: "ws://" + node.Addr().String(), FirstMessage: time.Second})
		if got := differing(Compare(a, b)); !slices.Contains(got, "outcome") || !slices.Contains(got, "status") {
			t.Errorf("marked are %q", got)
		}
	})
	if rows := Compare(handshake.Trace{}, handshake.Trace{}); len(rows) != 0 {
		t.Errorf("nothing compared with nothing: %v", rows)
	}
}
