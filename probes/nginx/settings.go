package nginx

import (
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/model"
)

// hasSettings is the Applies of rules that compare with the settings.
func hasSettings(in *Input) (probes.Status, probes.Text) {
	if in.Cluster == nil {
		return probes.Skipped, probes.T("there are no settings to compare with")
	}
	return probes.OK, probes.Text{}
}

// productPorts are the default ports of the FineReport family: the WebSocket port behind the balancer and the
// forwarding port in front of it.
var productPorts = map[int]int{38888: 38889, 39888: 38889, 48888: 48889, 49888: 48889, 58888: 58889, 59888: 58889}

func ports(list []int) string {
	var out []string
	for _, p := range list {
		out = append(out, strconv.Itoa(p))
	}
	return strings.Join(out, " or ")
}

// literalPort returns host and port of a proxy_pass that has no variable and is no socket.
func literalPort(t model.Target) (string, int, bool) {
	if t.Host == "" || strings.Contains(t.Host, "$") || strings.HasPrefix(t.Host, "unix:") {
		return "", 0, false
	}
	def := map[string]int{"http": 80, "https": 443}[t.Scheme]
	host, port, ok := strings.Cut(t.Host, ":")
	if !ok || strings.HasPrefix(t.Host, "[") {
		return t.Host, def, !strings.HasPrefix(t.Host, "[")
	}
	n, err := strconv.Atoi(port)
	return host, n, err == nil
}
