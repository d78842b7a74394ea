package handshake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

// run runs the whole area and returns its report.
func run(t *testing.T, cfg cluster.Config) probes.Report {
	t.Helper()
	target := probes.Target{Config: cfg, Local: func() ([]netip.Addr, error) { return nil, nil }}
	return probes.Run(t.Context(), target, []probes.Probe{Probe()}, probes.Options{}, nil)
}

// settings has one node at addr and, unless "", a balancer.
func settings(product cluster.Product, addr, balancer string) cluster.Config {
	cfg := cluster.Default(product)
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	cfg.Nodes = []cluster.Node{{Name: "node1", Host: host}}
	cfg.WebSocket.Ports, cfg.WebSocket.ForwardingPorts, cfg.WebSocket.Path = []int{n}, nil, "/"
	cfg.Balancer.URL = balancer
	return cfg
}

func statuses(r probes.Report) string {
	var out []string
	for _, res := range r.Results {
		out = append(out, strings.TrimPrefix(res.ID, "handshake/")+"="+res.Status.String())
	}
	return strings.Join(out, " ")
}

func TestArea(t *testing.T) {
	good := serve(t, upgraded(wellBehaved))
	bad := serve(t, answer("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"))
	closed := probetest.ClosedPort(t)
	for _, tc := range []struct {
		name           string
		node, balancer string
		want           string
		title          string // of the only finding
	}{
		{"all fine", good, "ws://" + good, "resolve=ok connect=ok tls=skipped certificate=skipped upgrade=ok accept-key=ok ping=ok", ""},
		{"no balancer", good, "", "resolve=ok connect=ok tls=skipped certificate=skipped upgrade=ok accept-key=ok ping=ok", ""},
		{"nothing listens", closed, "", "resolve=ok connect=failed tls=skipped certificate=skipped upgrade=skipped accept-key=skipped ping=skipped",
			"node1: nothing listens on " + closed + " (connection refused)"},
		{"balancer answers 502", good, "ws://" + bad, "resolve=ok connect=ok tls=skipped certificate=skipped upgrade=failed accept-key=ok ping=ok",
			"balancer: " + bad + " answers 502"},
		{"balancer refuses", good, "ws://" + closed, "resolve=ok connect=failed tls=skipped certificate=skipped upgrade=ok accept-key=ok ping=ok",
			"balancer: nothing listens on " + closed},
		{"TLS refused", good, "wss://" + closed, "resolve=ok connect=failed tls=skipped certificate=skipped upgrade=ok accept-key=ok ping=ok",
			"balancer: nothing listens on " + closed},
		{"TLS on a plain port", good, "wss://" + good, "resolve=ok connect=ok tls=failed certificate=skipped upgrade=ok accept-key=ok ping=ok",
			"balancer: " + good + " closed the connection in the TLS handshake"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := run(t, settings(cluster.Generic, tc.node, tc.balancer))
			if got := statuses(r); got != tc.want {
				t.Errorf("got      %s\nexpected %s", got, tc.want)
			}
			var titles []string
			for _, res := range r.Results {
				for _, f := range res.Findings {
					titles = append(titles, f.Title.String())
				}
			}
			if tc.title == "" && len(titles) > 0 || tc.title != "" && (len(titles) != 1 || !strings.HasPrefix(titles[0], tc.title)) {
				t.Errorf("got findings %q, expected one: %s", titles, tc.title)
			}
			if o, ok := probes.Observed[Observation](r); !ok {
				t.Error("no observation")
			} else if _, err := json.Marshal(o); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOtherPortOfTheListenOrder: the node took its second port, as a product of the FineReport family does.
func TestOtherPortOfTheListenOrder(t *testing.T) {
	good, closed := serve(t, upgraded(wellBehaved)), probetest.ClosedPort(t)
	gateway := serve(t, answer("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
	_, goodPort, _ := net.SplitHostPort(good)
	n, _ := strconv.Atoi(goodPort)
	for _, tc := range []struct {
		name     string
		product  cluster.Product
		balancer string
		want     string // severity and part of the title
		answers  int
	}{
		{"no balancer", cluster.FineReport, "", "warning: the service answers on " + goodPort, n},
		{"balancer does not reach it", cluster.FineReport, "ws://" + gateway, "error: the service answers on " + goodPort, n},
		{"the other port is the balancer's", cluster.FineReport, "ws://" + good, "error: nothing listens", 0},
		{"another product", cluster.Generic, "", "error: nothing listens", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := settings(tc.product, closed, tc.balancer)
			cfg.WebSocket.ForwardingPorts = []int{n}
			r := run(t, cfg)
			o, _ := probes.Observed[Observation](r)
			if o.Nodes[0].AnswersOn != tc.answers {
				t.Errorf("answers on %d, expected %d", o.Nodes[0].AnswersOn, tc.answers)
			}
			f := r.Results[1].Findings[0]
			if got := fmt.Sprintf("%s: %s", f.Severity, f.Title); !strings.HasPrefix(got, strings.SplitAfter(tc.want, ": ")[0]) || !strings.Contains(got, strings.SplitAfter(tc.want, ": ")[1]) {
				t.Errorf("got %s, expected %s", got, tc.want)
			}
		})
	}
}

func TestObserveEnds(t *testing.T) {
	var reason *probes.Reason
	if _, err := Observe(t.Context(), probes.Target{Config: cluster.Config{}}); !errors.As(err, &reason) || reason.Status != probes.Skipped {
		t.Errorf("without any URL: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Observe(ctx, probes.Target{Config: settings(cluster.Generic, probetest.ClosedPort(t), "")}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}
