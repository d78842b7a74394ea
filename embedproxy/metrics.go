package embedproxy

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/wsdoctor/embedproxy/tunnel"
)

// collector reads the counters when they are scraped; the loops only add.
type collector struct{ p *Proxy }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wsdoctor_proxy_"+name, help, labels, nil)
}

var (
	openDesc       = desc("tunnels_open", "Tunnels that are open or being opened.")
	closedDesc     = desc("tunnels_closed_total", "Tunnels that have ended, by cause and the side it lies on.", "cause", "side")
	handshakesDesc = desc("handshakes_total", "Handshakes by the status they were answered with.", "status")
	lostDesc       = desc("log_lines_lost_total", "Lines of the access log dropped because the log was too slow.")
	drainingDesc   = desc("draining", "1 while the proxy is draining.")

	backendOpenDesc   = desc("backend_tunnels_open", "Tunnels on the backend, those being opened included.", "backend")
	backendOpenedDesc = desc("backend_tunnels_opened_total", "Tunnels opened to the backend.", "backend")
	backendFailedDesc = desc("backend_connects_failed_total", "Connects that the backend refused or did not answer.", "backend")
	backendBytesDesc  = desc("backend_bytes_total", "Bytes that have passed, counted as they pass. up: from clients.", "backend", "direction")
	backendStateDesc  = desc("backend_state", "1 for the state that the backend is in.", "backend", "state")
)

func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{openDesc, closedDesc, handshakesDesc, lostDesc, drainingDesc,
		backendOpenDesc, backendOpenedDesc, backendFailedDesc, backendBytesDesc, backendStateDesc} {
		ch <- d
	}
}

func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(openDesc, float64(c.p.Live()))
	for _, cause := range tunnel.Causes() {
		counter(closedDesc, c.p.stats.closed[cause].Load(), cause.String(), cause.Side())
	}
	for code := range c.p.stats.statuses {
		if n := c.p.stats.statuses[code].Load(); n > 0 {
			counter(handshakesDesc, n, strconv.Itoa(code))
		}
	}
	counter(lostDesc, c.p.stats.lost.Load())
	gauge(drainingDesc, float64(c.p.state.Load()))
	for _, b := range c.p.backends(c.p.version.Load()) {
		gauge(backendOpenDesc, float64(b.Open), b.Address)
		counter(backendOpenedDesc, b.Opened, b.Address)
		counter(backendFailedDesc, b.Failed, b.Address)
		counter(backendBytesDesc, b.Up, b.Address, "up")
		counter(backendBytesDesc, b.Down, b.Address, "down")
		gauge(backendStateDesc, 1, b.Address, b.State)
	}
}
