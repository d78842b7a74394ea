package embedproxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// admin serves /metrics, /status, /healthz and /readyz.
type admin struct {
	listener net.Listener // nil: none is wanted
	server   *http.Server
}

// adminTimeout bounds each request to the admin listener; scrapers give up after 10 s themselves.
const adminTimeout = 10 * time.Second

// statusTunnels is how many tunnels /status lists unless ?tunnels=N asks for another number.
const statusTunnels = 100

func newAdmin(ctx context.Context, p *Proxy, address string) (*admin, error) {
	a := &admin{}
	if address == "" {
		return a, nil
	}
	var err error
	if a.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
		return nil, fmt.Errorf("binding the admin listener (proxy.admin): %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(p.stats.connect, collector{p})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("tunnels"))
		if err != nil {
			n = statusTunnels
		}
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.Encode(p.Snapshot(n)) //nolint:errcheck // the client left
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok\n") }) //nolint:errcheck // the client left
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if why := p.notReady(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ready\n") //nolint:errcheck // the client left
	})
	a.server = &http.Server{Handler: mux, ReadTimeout: adminTimeout, WriteTimeout: adminTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	return a, nil
}

// notReady says why no new client should be sent here; "" where they may come.
func (p *Proxy) notReady() string {
	if p.state.Load() == draining {
		return "draining"
	}
	for _, b := range p.backends(p.version.Load()) {
		if b.State == "up" {
			return ""
		}
	}
	return "no backend is up"
}

// AdminAddress is where the admin listener is; "" where there is none.
func (p *Proxy) AdminAddress() string {
	if a := p.adminNow(); a.listener != nil {
		return a.listener.Addr().String()
	}
	return ""
}

func (a *admin) start(work *sync.WaitGroup) {
	if a.listener != nil {
		work.Go(func() { a.server.Serve(a.listener) }) //nolint:errcheck // it returns when it is closed
	}
}

func (a *admin) stop() {
	if a.listener != nil {
		a.server.Close()
	}
}
