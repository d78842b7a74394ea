package distribution

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/probetest"
	"example.com/wsdoctor/probes/standin"
)

func TestNginx(t *testing.T) {
	var list []string
	for i := range 4 {
		s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprint("node", i+1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		list = append(list, s.Addr().String())
	}
	closed := probetest.ClosedPort(t)
	for _, tc := range []struct {
		name     string
		upstream string
		weights  map[string]int
		backends int
		from     int // addresses
		want     Kind
	}{
		{"round robin", fmt.Sprintf("server %s; server %s; server %s; server %s;", list[0], list[1], list[2], list[3]), nil, 4, 1, Even},
		{"weights", fmt.Sprintf("server %s weight=3; server %s;", list[0], list[1]), map[string]int{"node1": 3}, 2, 1, Even},
		{"weights that the settings do not know", fmt.Sprintf("server %s weight=9; server %s;", list[0], list[1]), nil, 2, 1, Uneven},
		{"ip_hash, one client", fmt.Sprintf("ip_hash; server %s; server %s;", list[0], list[1]), nil, 2, 1, OneOnly},
		{"ip_hash, eight networks", fmt.Sprintf("ip_hash; server %s; server %s;", list[0], list[1]), nil, 2, 8, Even},
		{"a node is down", fmt.Sprintf("server %s; server %s; server %s;", list[0], list[1], closed), nil, 3, 1, Missing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ln := probetest.Listen(t)
			probetest.Nginx(t, fmt.Sprintf("upstream u { %s } server { listen %s; location / { proxy_pass http://u; %s } }", tc.upstream, ln.Addr(), probetest.Pass), ln)
			opts := Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, N: 40}
			if tc.from > 1 {
				opts.Sources = backend.Sources(ln.Addr().String())
			}
			calls := 0
			opts.Progress = func(done, total int) { calls++ }
			o, err := Observe(t.Context(), opts)
			if err != nil || o.Opened != 40 || calls != 40 {
				t.Fatalf("%v, %d opened", err, o.Opened)
			}
			v := Judge(o, tc.weights, tc.backends)
			if v.Kind != tc.want && !(tc.from > 1 && v.Kind == Uneven) { // eight networks may well fall five to three
				t.Errorf("got %s (p %.3g): %s, %v", v.Kind, v.P, v.Text, v.Shares)
			}
		})
	}
	// The third seed: two of four nodes fail once while clients come, and max_fails is 1 unless told otherwise.
	t.Run("two of four are ejected", func(t *testing.T) {
		var stop []*standin.Server
		upstream := fmt.Sprintf("server %s; server %s;", list[0], list[1])
		for i := range 2 {
			s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprint("failing", i+1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			stop = append(stop, s)
			upstream += fmt.Sprintf(" server %s;", s.Addr())
		}
		ln := probetest.Listen(t)
		probetest.Nginx(t, fmt.Sprintf("upstream u { %s } server { listen %s; location / { proxy_pass http://u; %s } }", upstream, ln.Addr(), probetest.Pass), ln)
		o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, N: 60, Progress: func(done, _ int) {
			if done == 8 {
				for _, s := range stop {
					s.Close()
				}
			}
		}})
		if v := Judge(o, nil, 4); err != nil || v.Kind != Missing || !strings.Contains(v.Text.String(), "failing1, failing2 got clients at first") || !strings.Contains(v.Likely[0].String(), "one failure is enough") {
			t.Errorf("got %s: %s, %v, %v", v.Kind, v.Text, v.Shares, err)
		}
	})
	// The same with numbers: two nodes take two clients each and fail once, and the other two get the rest.
	t.Run("2/2/250/250", func(t *testing.T) {
		t.Parallel()
		var stop []*standin.Server
		upstream := ""
		for i := range 4 {
			s, err := standin.Listen(t.Context(), "127.0.0.1:0", standin.Options{Name: fmt.Sprint("n", i+1)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			if upstream += fmt.Sprintf("server %s; ", s.Addr()); i < 2 {
				stop = append(stop, s)
			}
		}
		ln := probetest.Listen(t)
		probetest.NginxWith(t, probetest.NginxOptions{WorkerConnections: 2048}, fmt.Sprintf("upstream u { %s } server { listen %s; location / { proxy_pass http://u; %s } }", upstream, ln.Addr(), probetest.Pass), ln)
		o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + ln.Addr().String() + "/"}, N: 504, Pace: time.Millisecond, Progress: func(done, _ int) {
			if done == 8 {
				for _, s := range stop {
					s.Close()
				}
			}
		}})
		v := Judge(o, nil, 4)
		// On a slow machine nginx tries the two again after fail_timeout, and its next turn is another's.
		var ok bool
		if s := v.Shares; len(s) == 4 {
			ok = s[0].Clients <= 255 && s[0].Clients+s[1].Clients == 500 && s[2].Clients == 2 && s[3].Clients == 2
		}
		if err != nil || !ok || v.Kind != Missing || !strings.Contains(v.Text.String(), "n1, n2 got clients at first and then none any more") ||
			!strings.Contains(v.Likely[0].String(), "one failure is enough, unless max_fails says otherwise") {
			t.Errorf("got %s: %s, %v, %v", v.Kind, v.Text, v.Shares, err)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		o, err := Observe(t.Context(), Options{Request: handshake.Request{URL: "ws://" + closed}})
		if err != nil || o.Failed != giveUp || Judge(o, nil, 2).Kind != Unknown {
			t.Errorf("%d failed, %v", o.Failed, err)
		}
	})
}
