package screens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	tea "github.com/charmbracelet/bubbletea"
)

const (
	// statusTimeout bounds one look at a proxy of another process, which answers from memory.
	statusTimeout = 3 * time.Second
	// statusTunnels is how many tunnels are looked at; a person reads no more.
	statusTunnels = 500
	// mostStatus bounds the answer of an admin address, whoever is behind it.
	mostStatus = 8 << 20
	// mostLog is how many lines of the log are kept.
	mostLog = 500
)

// proxySource is a proxy that is watched: one of this program, or one behind an admin address.
type proxySource struct {
	own   *embedproxy.Proxy // nil: of another process
	admin string            // host:port
}

// status returns what the proxy is doing. The error says why that is not known.
func (s proxySource) status(ctx context.Context) (embedproxy.Snapshot, error) {
	if s.own != nil {
		select {
		case <-s.own.Done():
			return embedproxy.Snapshot{}, errors.New("the proxy has ended")
		default:
			return s.own.Snapshot(statusTunnels), nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	var out embedproxy.Snapshot
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/status?tunnels=%d", s.admin, statusTunnels), nil)
	if err != nil {
		return out, fmt.Errorf("asking %s: %w", s.admin, err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op
		}
		return out, fmt.Errorf("asking the proxy: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return out, fmt.Errorf("asking the proxy: http://%s/status answered %q, expected 200", s.admin, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, mostStatus)).Decode(&out); err != nil || out.State == "" {
		return embedproxy.Snapshot{}, fmt.Errorf("asking the proxy: http://%s/status is not a proxy of wsdoctor", s.admin)
	}
	return out, nil
}

// Messages of the proxy screen.
type (
	proxyStatus struct {
		watch int // the number of the watching
		at    time.Time
		seen  embedproxy.Snapshot
		err   error
	}
	proxyLook   struct{ watch int }
	proxyServes struct{ own *embedproxy.Proxy }
	proxyEnded  struct{ err error }
	proxyLine   string
)

// serve runs a proxy until ctx is done, and then drains it.
func serve(ctx context.Context, cfg cluster.Config, tell func(tea.Msg, bool)) {
	p, err := embedproxy.New(ctx, cfg, embedproxy.Options{Logger: slog.New(slog.NewTextHandler(lineWriter{tell}, &slog.HandlerOptions{ReplaceAttr: shortTime}))})
	if err != nil {
		tell(proxyEnded{err}, false)
		return
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		select {
		case <-p.Serving():
			tell(proxyServes{p}, false)
		case <-p.Done():
		}
	}()
	err = p.Run(ctx)
	<-told
	tell(proxyEnded{err}, false)
}

// lineWriter tells of each line of a log.
type lineWriter struct{ tell func(tea.Msg, bool) }

func (w lineWriter) Write(b []byte) (int, error) {
	w.tell(proxyLine(strings.TrimRight(string(b), "\n")), false)
	return len(b), nil
}

// shortTime writes the time of day and no level that says nothing.
func shortTime(_ []string, a slog.Attr) slog.Attr {
	switch {
	case a.Key == slog.TimeKey:
		return slog.String("at", a.Value.Time().Format(time.TimeOnly))
	case a.Key == slog.LevelKey && a.Value.String() == "INFO":
		return slog.Attr{}
	}
	return a
}

// binds says where a proxy of these settings would listen.
func binds(cfg cluster.Config) probes.Text {
	all := strings.Join(embedproxy.ListenAddresses(cfg), ", ")
	if cfg.Proxy.Bind == "all" {
		return probes.T("binds %s", all)
	}
	return probes.T("binds the first of %s that is free", all)
}
