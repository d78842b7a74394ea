package nginx

import (
	"fmt"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var listenPort = Rule{
	ID:    "nginx/listen-port",
	Title: "nginx listens on the forwarding ports",
	Why:   "Clients are told the forwarding port (WebSocketConfig.requestPorts): where nginx does not listen on it, their connections are refused",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_core_module.html#listen",
	Check: func(in *Input) []Finding {
		if in.Cluster == nil {
			return in.usualListenPort()
		}
		wanted := in.clientPorts()
		if len(wanted) == 0 || !in.Conf.Whole() || len(in.streamServers(wanted)) > 0 {
			return nil
		}
		for _, s := range in.Model.Servers {
			for _, p := range s.Ports() {
				if slices.Contains(wanted, p) {
					return nil
				}
			}
		}
		d := in.Conf.Top[0]
		if len(in.sites) > 0 && in.sites[0].Server.Scope.Dir != nil {
			d = in.sites[0].Server.Scope.Dir
			if l := in.sites[0].Server.Listens; len(l) > 0 && l[0].Dir != nil {
				d = l[0].Dir
			}
		}
		f := at(d, probes.Error, probes.T("no server listens on %s, the port that the settings say clients connect to", ports(wanted)))
		line := fmt.Sprintf("listen %d;", wanted[0])
		f.Subject = strconv.Itoa(wanted[0])
		f = f.with(line)
		if d.Name == "listen" {
			f = f.edit(insertAfter(d, line)...)
		}
		return []Finding{f}
	},
}

// clientPorts are the ports of nginx that the settings say clients connect to; none without settings.
func (in *Input) clientPorts() []int {
	if in.Cluster == nil {
		return nil
	}
	if p := in.Cluster.Balancer.Port(); p != 0 {
		return []int{p}
	}
	return in.Cluster.WebSocket.ForwardingPorts
}

// streamServers returns the servers of stream blocks that listen on one of the ports, for TCP.
func (in *Input) streamServers(wanted []int) []*conf.Directive {
	var out []*conf.Directive
	conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
		if d.Name == "listen" && d.Parent != nil && inStream(d) && !slices.Contains(d.Texts(), "udp") && slices.Contains(wanted, model.ParseListen(d).Port) {
			out = append(out, d.Parent)
		}
		return true
	})
	return out
}

// usualListenPort compares with the product's defaults where there are no settings.
func (in *Input) usualListenPort() []Finding {
	var out []Finding
	for _, s := range in.sites {
		if len(s.Server.Listens) == 0 || s.Server.Listens[0].Dir == nil {
			continue
		}
		d, port := s.Pass, 0
		t := model.SplitTarget(s.Pass.Arg(0))
		if u := in.Model.Upstream(t.Host); u != nil && len(u.Servers) > 0 {
			d, port = u.Servers[0].Dir, u.Servers[0].Port
		} else if _, p, ok := literalPort(t); ok {
			port = p
		}
		want, l := productPorts[port], s.Server.Listens[0]
		if want == 0 || slices.Contains(s.Server.Ports(), want) {
			continue
		}
		f := at(l.Dir, probes.Info, probes.T("this server listens on %d; the backend's port %d goes with the forwarding port %d by default", l.Port, port, want))
		out = append(out, f.saw(d).with(fmt.Sprintf("listen %d;", want)))
	}
	return out
}
