package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/changes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/report"
)

const (
	// boardTimeout bounds each request; scrapers give up after 10 s themselves.
	boardTimeout = 10 * time.Second
	// runAllowance is how long a run may take before /healthz calls the watch stuck: an area has 90 s at most.
	runAllowance = 2 * time.Minute
)

// watchBoard shows the last run of a watch over HTTP. A nil board shows nothing.
type watchBoard struct {
	every    time.Duration
	failOn   probes.Severity
	listener net.Listener
	server   *http.Server
	ended    chan struct{}

	mu      sync.Mutex
	text    []byte // of /metrics; nil before the first run
	last    time.Time
	runs    int
	changes map[changes.Kind]int
}

func serveWatch(ctx context.Context, address string, every time.Duration, failOn probes.Severity) (*watchBoard, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	b := &watchBoard{every: every, failOn: failOn, listener: l, ended: make(chan struct{}), last: time.Now(), changes: map[changes.Kind]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", b.metrics)
	mux.HandleFunc("GET /healthz", b.health)
	b.server = &http.Server{Handler: mux, ReadTimeout: boardTimeout, WriteTimeout: boardTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		defer close(b.ended)
		_ = b.server.Serve(l) // until close
	}()
	return b, nil
}

func (b *watchBoard) address() string { return b.listener.Addr().String() }

func (b *watchBoard) close() {
	b.server.Close()
	<-b.ended
}

// show takes over a finished run.
func (b *watchBoard) show(r probes.Report, s changes.State, changed []changes.Change) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs++
	b.last = time.Now()
	for _, c := range changed {
		b.changes[c.Kind]++
	}
	var text bytes.Buffer
	m := b.ownMetrics(s)
	probeMetrics(m, r, b.failOn)
	_, _ = m.WriteTo(&text) // into memory
	if format, ok := report.Lookup("prometheus"); ok {
		_ = format.Write(&text, r, report.Options{})
	}
	b.text = text.Bytes()
}

// ownMetrics are those of the watch itself.
func (b *watchBoard) ownMetrics(s changes.State) *report.Metrics {
	m := &report.Metrics{}
	m.Counter("wsdoctor_watch_runs_total", "How many runs the watch has finished.")
	m.Sample("wsdoctor_watch_runs_total", float64(b.runs))
	m.Counter("wsdoctor_watch_changes_total", "How many changes the watch has seen, by kind.")
	for _, k := range []changes.Kind{changes.New, changes.Gone, changes.Worse, changes.Better, changes.Changed} {
		m.Sample("wsdoctor_watch_changes_total", float64(b.changes[k]), "change", string(k))
	}
	m.Metric("wsdoctor_watch_standing", "How much stands against the system, by level.")
	count := map[changes.Level]int{}
	for _, x := range s {
		count[x.Level]++
	}
	for _, l := range []changes.Level{changes.Error, changes.Warning, changes.Unknown} {
		m.Sample("wsdoctor_watch_standing", float64(count[l]), "level", string(l))
	}
	return m
}

// probeMetrics adds what the blackbox exporter calls probe_…, so that its alerts and dashboards fit: the run as a
// whole, and for each URL the phases of its handshake, by the names of its HTTP prober.
func probeMetrics(m *report.Metrics, r probes.Report, failOn probes.Severity) {
	number := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	m.Metric("probe_success", "1 if nothing stands at or above --fail-on.")
	m.Sample("probe_success", number(r.Exit(failOn, false) == probes.ExitOK))
	m.Metric("probe_duration_seconds", "How long the last run took.")
	m.Sample("probe_duration_seconds", r.Took.Seconds())

	seen, _ := probes.Observed[handshake.Observation](r)
	all := seen.Traces()
	each := func(name, help string, value func(*handshake.Trace, *handshake.Attempt) (float64, bool)) {
		begun := false
		for _, t := range all {
			best := t.Best()
			if best == nil {
				best = &handshake.Attempt{}
			}
			if v, ok := value(t, best); ok {
				if !begun {
					m.Metric(name, help)
					begun = true
				}
				m.Sample(name, v, "role", string(t.Role), "name", t.Name, "url", t.URL)
			}
		}
	}
	type value = func(*handshake.Trace, *handshake.Attempt) (float64, bool)
	always := func(f func(*handshake.Trace, *handshake.Attempt) float64) value {
		return func(t *handshake.Trace, a *handshake.Attempt) (float64, bool) { return f(t, a), true }
	}
	each("wsdoctor_url_up", "1 if the URL answers the upgrade and a ping.", always(func(t *handshake.Trace, _ *handshake.Attempt) float64 { return number(t.Cause.Kind == handshake.None) }))
	each("wsdoctor_url_ping_seconds", "The round trip of one ping.", func(_ *handshake.Trace, a *handshake.Attempt) (float64, bool) {
		return a.Ping.Duration().Seconds(), a.Ping > 0
	})
	each("probe_dns_lookup_time_seconds", "How long the name took to resolve.", always(func(t *handshake.Trace, _ *handshake.Attempt) float64 { return t.DNS.Duration().Seconds() }))
	each("probe_http_status_code", "The status of the answer to the upgrade; 0: none came.", always(func(t *handshake.Trace, _ *handshake.Attempt) float64 { return float64(t.Code()) }))
	each("probe_http_ssl", "1 if the URL is one of TLS.", always(func(t *handshake.Trace, _ *handshake.Attempt) float64 { return number(t.Secure) }))
	each("probe_ssl_earliest_cert_expiry", "When the certificate ends, in seconds since 1970.", func(_ *handshake.Trace, a *handshake.Attempt) (float64, bool) {
		if a.TLS == nil || a.TLS.Certificate == nil {
			return 0, false
		}
		return float64(a.TLS.Certificate.NotAfter.Unix()), true
	})
	if len(all) == 0 {
		return
	}
	m.Metric("probe_http_duration_seconds", "How long each phase of the handshake took.")
	for _, t := range all {
		best := t.Best()
		if best == nil {
			best = &handshake.Attempt{}
		}
		for _, phase := range []struct {
			name string
			took probes.Seconds
		}{{"resolve", t.DNS}, {"connect", best.TCP}, {"tls", best.TLSTime}, {"processing", best.Upgrade}} {
			m.Sample("probe_http_duration_seconds", phase.took.Duration().Seconds(), "phase", phase.name, "role", string(t.Role), "name", t.Name, "url", t.URL)
		}
	}
}

func (b *watchBoard) metrics(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	text := b.text
	b.mu.Unlock()
	if text == nil {
		http.Error(w, "the first run has not finished", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(text) // the client left
}

// health tells whether the watch is at work, and not whether what it watches is well: that is what /metrics is for.
func (b *watchBoard) health(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	age, runs := time.Since(b.last), b.runs
	b.mu.Unlock()
	if age > 2*b.every+runAllowance {
		http.Error(w, fmt.Sprintf("the last run ended %s ago", age.Round(time.Second)), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, "ok, %s\n", probes.Counted(runs, "1 run", "%d runs"))
}

// listenError is what the system said, without the address that was named before.
func listenError(err error) error {
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		return sys.Err
	}
	return err
}

// isCheck tells whether there is a check of that id.
func isCheck(id string) bool {
	return strings.Contains(id, "/") && slices.Contains(checkNames(), id)
}
