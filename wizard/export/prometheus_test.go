package export

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/wsdoctor/embedproxy"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/probetest"
)

func TestPrometheusAccepts(t *testing.T) {
	for name, cfg := range cases(t) {
		prometheusTest(t, name, files(t, "prometheus", cfg, Options{}))
	}
}

func prometheusTest(t *testing.T, name string, fs []File) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range fs {
		text := strings.ReplaceAll(string(f.Data), "/etc/prometheus/", dir+"/")
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(probetest.Need(t, "promtool"), "check", "config", filepath.Join(dir, fs[0].Name)).CombinedOutput(); err != nil {
		t.Errorf("%s: promtool: %v\n%s\n%s", name, err, out, fs[1].Data)
	}
}

// alertsTest is a test of promtool: each alert fires on what it is for, and none on a healthy proxy.
const alertsTest = `rule_files: [RULES]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="wsdoctor",instance="down"}', values: '0x30'}
      - {series: 'up{job="wsdoctor",instance="well"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_backend_state{instance="none",backend="a:1",state="sick"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_backend_state{instance="none",backend="b:1",state="draining"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_backend_state{instance="well",backend="a:1",state="up"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_backend_state{instance="well",backend="b:1",state="down"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_backend_connects_failed_total{instance="none",backend="a:1"}', values: '0+60x30'}
      - {series: 'wsdoctor_proxy_backend_connects_failed_total{instance="well",backend="a:1"}', values: '1x30'}
      - {series: 'wsdoctor_proxy_handshakes_total{instance="none",status="502"}', values: '0+10x30'}
      - {series: 'wsdoctor_proxy_handshakes_total{instance="none",status="101"}', values: '0+100x30'}
      - {series: 'wsdoctor_proxy_handshakes_total{instance="well",status="502"}', values: '0+1x30'}
      - {series: 'wsdoctor_proxy_handshakes_total{instance="well",status="101"}', values: '0+100x30'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="none",cause="idle",side="proxy"}', values: '0+60x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="none",cause="client",side="client"}', values: '0+6x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="none",cause="backend-error",side="backend"}', values: '0+90x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="idle",cause="idle",side="proxy"}', values: '0+60x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="idle",cause="client",side="client"}', values: '0+6x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="well",cause="idle",side="proxy"}', values: '0+1x40'}
      - {series: 'wsdoctor_proxy_tunnels_closed_total{instance="well",cause="client",side="client"}', values: '0+60x40'}
      - {series: 'wsdoctor_proxy_log_lines_lost_total{instance="none"}', values: '0+1x30'}
      - {series: 'wsdoctor_proxy_log_lines_lost_total{instance="well"}', values: '5x30'}
      - {series: 'wsdoctor_proxy_tunnels_open{instance="none"}', values: '4500x30'}
      - {series: 'wsdoctor_proxy_tunnels_open{instance="well"}', values: '900x30'}
    promql_expr_test:
      - expr: sort(count by (alertname, instance, backend) (ALERTS{alertstate="firing"}))
        eval_time: 30m
        exp_samples:
          - {labels: '{alertname="WsdoctorProxyDown",instance="down"}', value: 1}
          - {labels: '{alertname="WsdoctorNoBackendUp",instance="none"}', value: 1}
          - {labels: '{alertname="WsdoctorBackendDown",instance="none",backend="a:1"}', value: 1}
          - {labels: '{alertname="WsdoctorBackendConnectsFail",instance="none",backend="a:1"}', value: 1}
          - {labels: '{alertname="WsdoctorHandshakesFail",instance="none"}', value: 1}
          - {labels: '{alertname="WsdoctorTunnelsCutIdle",instance="idle"}', value: 1}
          - {labels: '{alertname="WsdoctorBackendErrors",instance="none"}', value: 1}
          - {labels: '{alertname="WsdoctorLogLinesLost",instance="none"}', value: 1}
          - {labels: '{alertname="WsdoctorNearLimit",instance="none"}', value: 1}
          - {labels: '{alertname="WsdoctorMoreThanExpected",instance="none"}', value: 1}
`

func TestAlertsFire(t *testing.T) {
	dir := t.TempDir()
	cfg := cases(t)["rich"]
	rules := files(t, "prometheus", cfg, Options{})[1]
	for name, text := range map[string]string{rules.Name: string(rules.Data), "test.yml": strings.Replace(alertsTest, "RULES", rules.Name, 1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(probetest.Need(t, "promtool"), "test", "rules", filepath.Join(dir, "test.yml")).CombinedOutput(); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}
}

// Every metric, label and state in the rules is one that the proxy has.
func TestAlertMetricsExist(t *testing.T) {
	cfg := cluster.Default(cluster.Generic)
	cfg.Proxy.Backends = []cluster.Backend{{Address: probetest.ClosedPort(t), Weight: 1}}
	cfg.Proxy.ActiveHealth.Kind = "off"
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cfg.Proxy.Admin = "127.0.0.1:0"
	p, err := embedproxy.New(ctx, cfg, embedproxy.Options{Listeners: listeners(t)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	<-p.Serving()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(url string) string {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	metrics := get("http://" + p.AdminAddress() + "/metrics")
	cancel()
	<-done
	rules := string(files(t, "prometheus", cases(t)["rich"], Options{})[1].Data)
	for _, name := range regexp.MustCompile(`wsdoctor_proxy_\w+`).FindAllString(rules, -1) {
		if !strings.Contains(metrics, "\n"+name+"{") && !strings.Contains(metrics, "\n"+name+" ") &&
			name != "wsdoctor_proxy_handshakes_total" { // which is there once one was counted
			t.Errorf("the proxy has no metric %s:\n%s", name, metrics)
		}
	}
	for _, cause := range []string{`cause="idle"`, `cause="backend-error"`, `state="up"`} {
		if !strings.Contains(metrics, cause) {
			t.Errorf("the proxy's metrics have no %s", cause)
		}
	}
}
