package nginx

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// sharedAddress is how many tunnels one address may fairly need: an office behind one NAT.
const sharedAddress = 20

var limitConn = Rule{
	ID:    "nginx/limit-conn",
	Title: "limit_conn leaves room for tunnels",
	Why:   "A tunnel counts as one connection for as long as it lives: a limit made for requests is reached by a few clients behind one address, and the next handshake gets 503",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_limit_conn_module.html",
	Check: func(in *Input) []Finding {
		keys := map[string]*conf.Directive{}
		conf.Walk(in.Conf.Top, func(d *conf.Directive) bool {
			if d.Name == "limit_conn_zone" && len(d.Args) == 2 {
				name, _, _ := strings.Cut(strings.TrimPrefix(d.Arg(1), "zone="), ":")
				keys[name] = d
			}
			return true
		})
		var out []Finding
		for _, s := range in.sites {
			for _, d := range s.Scope.Effective("limit_conn").Lines {
				n, err := strconv.Atoi(d.Arg(1))
				if err != nil {
					continue
				}
				if f, bad := in.judgeLimit(s, d, keys[d.Arg(0)], n); bad {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func (in *Input) judgeLimit(s Site, d, zone *conf.Directive, n int) (Finding, bool) {
	if zone == nil {
		return at(d, probes.Info, probes.T("at most %d tunnels for each key of zone %q, whose limit_conn_zone is not in what could be read", n, d.Arg(0))), n < 1000
	}
	key := zone.Arg(0)
	want, each := sharedAddress, probes.T("each address")
	sev := probes.Warning
	switch {
	case strings.Contains(key, "remote_addr") || strings.Contains(key, "realip") || strings.Contains(key, "x_forwarded_for") || strings.Contains(key, "x_real_ip"):
	case strings.Contains(key, "server_name") || strings.Contains(key, "$host") || strings.Contains(key, "server_port") || strings.Contains(key, "http_host") || !strings.Contains(key, "$"):
		want, each = 1000, probes.T("the whole server")
		if in.Cluster != nil {
			want, sev = in.Cluster.Clients, probes.Error
		}
	default:
		return Finding{}, false // a key of the application's own
	}
	if n >= want {
		return Finding{}, false
	}
	line := fmt.Sprintf("limit_conn %s %d;", d.Arg(0), want)
	f := at(d, in.grade(s, sev, nil), probes.T("at most %d tunnels for %s (the key is %s), expected room for %d: the next handshake is answered with 503", n, each, key, want))
	return f.saw(zone).with(line).edit(replaceArg(d, 1, strconv.Itoa(want))), true
}
