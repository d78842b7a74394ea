package export

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

var prometheus = Target{
	Name:  "prometheus",
	Title: "what Prometheus needs for the embedded proxy: a scrape job and alert rules",
	render: func(s setup, _ Options) ([]File, error) {
		host, port, err := net.SplitHostPort(s.cfg.Proxy.Admin)
		if err != nil {
			return nil, fmt.Errorf("proxy.admin: is empty, expected the address at which the proxy serves /metrics, such as \":9380\"")
		}
		var notes []probes.Text
		switch {
		case host == "" || slices.Contains([]string{"0.0.0.0", "::"}, host):
			if host = s.cfg.Balancer.Host(); host == "" {
				return nil, fmt.Errorf("balancer.url: is missing, expected the host at which Prometheus finds proxy.admin")
			}
			if err := vetHost("balancer.url", host); err != nil {
				return nil, err
			}
		case host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1":
			notes = append(notes, probes.T("proxy.admin is %s, which only a Prometheus on the same host reaches", host))
		}
		steps := []Step{{Do: "promtool check config /etc/prometheus/prometheus.yml", Again: true}, {Do: "systemctl reload prometheus", Again: true}}
		return []File{
			{
				Name: "wsdoctor.scrape.yml", Path: "wsdoctor.scrape.yml", On: Elsewhere, Mode: 0o644,
				Data: []byte(header("prometheus", "#", notes...) + fmt.Sprintf("# put these into /etc/prometheus/prometheus.yml\nscrape_configs:\n  - job_name: wsdoctor\n    static_configs:\n      - targets: [%q]\nrule_files:\n  - /etc/prometheus/wsdoctor.rules.yml\n", net.JoinHostPort(host, port))),
			},
			{Name: "wsdoctor.rules.yml", Path: "/etc/prometheus/wsdoctor.rules.yml", On: Elsewhere, Mode: 0o644, Data: []byte(header("prometheus", "#") + alertRules(s)), Steps: steps},
		}, nil
	},
}

// alert is a rule. The expressions hold only the proxy's own metric names and numbers.
type alert struct {
	name, expr, wait, severity string
	summary                    string // {{ }} are Prometheus's
}

func alertRules(s setup) string {
	alerts := []alert{
		{"WsdoctorProxyDown", `up{job="wsdoctor"} == 0`, "1m", "critical", "the WebSocket balancer {{ $labels.instance }} does not answer"},
		{"WsdoctorNoBackendUp", `count by (instance) (wsdoctor_proxy_backend_state) unless count by (instance) (wsdoctor_proxy_backend_state{state="up"})`, "30s", "critical",
			"no node behind {{ $labels.instance }} takes clients"},
		{"WsdoctorBackendDown", `wsdoctor_proxy_backend_state{state=~"sick|out"} == 1`, "2m", "warning", "node {{ $labels.backend }} behind {{ $labels.instance }} is {{ $labels.state }}"},
		{"WsdoctorBackendConnectsFail", `rate(wsdoctor_proxy_backend_connects_failed_total[5m]) > 0.1`, "5m", "warning", "connects to {{ $labels.backend }} fail"},
		{"WsdoctorHandshakesFail", `sum by (instance) (rate(wsdoctor_proxy_handshakes_total{status=~"5.."}[5m])) > 0.05 * sum by (instance) (rate(wsdoctor_proxy_handshakes_total[5m]))`, "5m", "warning",
			"more than 5 % of the handshakes at {{ $labels.instance }} fail"},
		{"WsdoctorTunnelsCutIdle", `sum by (instance) (rate(wsdoctor_proxy_tunnels_closed_total{cause="idle"}[15m])) > 0.5 * sum by (instance) (rate(wsdoctor_proxy_tunnels_closed_total[15m])) and sum by (instance) (rate(wsdoctor_proxy_tunnels_closed_total{cause="idle"}[15m])) > 0.01`, "15m", "warning",
			"most tunnels at {{ $labels.instance }} end because nothing passes: the heartbeat does not come, or comes later than timeouts.idle"},
		{"WsdoctorBackendErrors", `sum by (instance) (rate(wsdoctor_proxy_tunnels_closed_total{cause="backend-error"}[5m])) > 1`, "5m", "warning", "tunnels at {{ $labels.instance }} break off at the node's side"},
		{"WsdoctorLogLinesLost", `increase(wsdoctor_proxy_log_lines_lost_total[15m]) > 0`, "0m", "info", "the access log of {{ $labels.instance }} is too slow and loses lines"},
	}
	if n := s.cfg.Proxy.Limits.Total; n > 0 {
		alerts = append(alerts, alert{"WsdoctorNearLimit", fmt.Sprintf("wsdoctor_proxy_tunnels_open > 0.8 * %d", n), "5m", "warning", fmt.Sprintf("{{ $value }} of %d tunnels are open at {{ $labels.instance }}", n)})
	}
	if n := s.cfg.Clients; n > 0 {
		alerts = append(alerts, alert{"WsdoctorMoreThanExpected", fmt.Sprintf("wsdoctor_proxy_tunnels_open > %d", n), "5m", "info", fmt.Sprintf("{{ $value }} tunnels are open at {{ $labels.instance }}, and the settings expect %d clients", n)})
	}
	var b strings.Builder
	b.WriteString("groups:\n  - name: wsdoctor\n    rules:\n")
	for _, a := range alerts {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: %s\n        for: %s\n        labels: {severity: %s}\n        annotations: {summary: %q}\n", a.name, a.expr, a.wait, a.severity, a.summary)
	}
	return b.String()
}
