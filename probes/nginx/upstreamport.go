package nginx

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var upstreamPort = Rule{
	ID:      "nginx/upstream-port",
	Title:   "nginx hands on to the ports that the nodes listen on",
	Why:     "A port that no node listens on is answered with 502; a node listens on the first of its ports that it can bind, forwarding ports first in a cluster",
	Docs:    "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#server",
	Applies: hasSettings,
	Check: func(in *Input) []Finding {
		if in.Cluster == nil {
			return nil
		}
		allowed := in.Cluster.WebSocket.ListenOrderPorts()
		expected := backendPorts(*in.Cluster)
		if len(in.Cluster.WebSocket.Ports) == 0 || len(expected) == 0 {
			return nil
		}
		var out []Finding
		judge := func(d *conf.Directive, i, port int, host string) {
			if port == 0 || port == allowed[0] || slices.Contains(expected, port) {
				return
			}
			if slices.Contains(allowed, port) {
				out = append(out, in.laterPort(d, port, allowed))
				return
			}
			want := expected[0]
			text := strings.Replace(d.Arg(i), fmt.Sprintf(":%d", port), fmt.Sprintf(":%d", want), 1)
			if text == d.Arg(i) {
				text = strings.Replace(d.Arg(i), host, fmt.Sprintf("%s:%d", host, want), 1)
			}
			f := at(d, probes.Error, probes.T("the backend's port is %d, and the settings say that the service listens on %s", port, ports(allowed)))
			f.Subject = strconv.Itoa(port)
			out = append(out, f.with(d.Name+" "+text+";").edit(replaceArg(d, i, text)))
		}
		for _, s := range in.sites {
			t := model.SplitTarget(s.Pass.Arg(0))
			if u := in.Model.Upstream(t.Host); u != nil {
				for _, b := range u.Servers {
					judge(b.Dir, 0, b.Port, b.Host)
				}
			} else if h, p, ok := literalPort(t); ok {
				judge(s.Pass, 0, p, h)
			}
		}
		return out
	},
}

// backendPorts are the ports of the addresses that the settings expect behind nginx.
func backendPorts(cfg cluster.Config) []int {
	var out []int
	for _, b := range cfg.Backends() {
		if _, port, err := net.SplitHostPort(b.Address); err == nil {
			n, _ := strconv.Atoi(port)
			out = append(out, n)
		}
	}
	return out
}

// laterPort says that nodes try another port first. Whether they keep it depends on what is free there, which the
// configuration does not tell.
func (in *Input) laterPort(d *conf.Directive, port int, order []int) Finding {
	f := at(d, probes.Info, probes.T("the backend's port is %d; a node tries %d first and listens there alone if it is free", port, order[0]))
	f.Subject = strconv.Itoa(port)
	return f.with(fmt.Sprintf("# on each node: ss -ltn | grep -E ':(%d|%d) '", order[0], port))
}
