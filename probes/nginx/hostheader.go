package nginx

import (
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

var hostHeader = Rule{
	ID:    "nginx/host-header",
	Title: "the backend sees the host that the browser asked",
	Why:   "Without it the backend sees the upstream's name: servers that compare Origin with Host (Go, Django, Rails, Jupyter) answer 403. $host drops the port, $server_port may add one that the browser does not write",
	Docs:  "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header",
	Check: func(in *Input) []Finding {
		var out []Finding
		for _, s := range in.sites {
			h := headersAt(s.Scope)
			d := h.last("host")
			line := "proxy_set_header Host $http_host;"
			if d == nil || d.Arg(1) == "$proxy_host" {
				pass := s.Pass
				if d != nil {
					pass = d
				}
				host := model.SplitTarget(s.Pass.Arg(0)).HostHeader()
				if slices.Contains(s.Server.Names, strings.ToLower(host)) {
					continue // the upstream is called like the server
				}
				title := probes.T("no Host header in effect at %s, expected the client's own: the backend sees %q", s.Scope.Title(), host)
				if strings.Contains(s.Pass.Arg(0), "$") {
					title = probes.T("no Host header in effect at %s, expected the client's own: the backend sees the name in proxy_pass", s.Scope.Title())
				}
				if d != nil {
					title = probes.T("Host is %q at %s, the name in proxy_pass, expected the client's own", d.Arg(1), s.Scope.Title())
				}
				sev := in.grade(s, probes.Warning, h.Unsure)
				dropped := in.dropped(s)
				if dropped && len(setting(h.Above("proxy_set_header").Lines, "host")) > 0 {
					sev = probes.Info // header-inheritance names the cause, and brings Host back with the others
				}
				if len(h.all("host")) > 1 {
					sev = probes.Info // duplicate-header names the cause
				}
				f := at(pass, sev, title)
				if d != nil {
					f = f.edit(replaceArg(d, 1, "$http_host"))
				} else if !dropped {
					f = f.edit(h.add(s.Pass, line)...)
				}
				out = append(out, unsureNote(f.with(line), h.Unsure))
				continue
			}
			out = append(out, in.hostValue(s, d)...)
		}
		return append(out, in.forwardedHost()...)
	},
}

// hostValue judges what Host is set to.
func (in *Input) hostValue(s Site, d *conf.Directive) []Finding {
	v := d.Arg(1)
	odd := oddPort(s.Server)
	fix := func(f Finding) []Finding {
		return []Finding{f.with("proxy_set_header Host $http_host;").edit(replaceArg(d, 1, "$http_host"))}
	}
	switch {
	case v == "":
		return fix(at(d, in.grade(s, probes.Error, nil), probes.T("Host is blanked, so that none is sent; HTTP/1.1 requires one (RFC 9112 section 3.2), and backends answer 400")))
	case v == "$host" && odd != 0:
		return fix(at(d, probes.Info, probes.T("Host is %q, without the port; browsers at port %d write it into Origin, and a backend that compares the two refuses", v, odd)))
	case strings.Contains(v, "$server_port") && odd == 0:
		sev := probes.Info
		if len(s.Server.Listens) > 0 {
			sev = in.grade(s, probes.Warning, nil)
		}
		return fix(at(d, sev, probes.T("Host is %q; at port 80 or 443 browsers write no port into Origin, and a backend that compares the two refuses", v)))
	case strings.Contains(v, "$http_host:"):
		return fix(at(d, in.grade(s, probes.Warning, nil), probes.T("Host is %q; $http_host holds the port already", v)))
	case v == "$server_name" && (len(s.Server.Names) != 1 || strings.ContainsAny(s.Server.Names[0], "~*_")):
		return fix(at(d, in.grade(s, probes.Warning, nil), probes.T("Host is %q, which is the server's first name whatever the browser asked", v)))
	case fixedPort(v) != 0 && len(s.Server.Listens) > 0 && !slices.Contains(s.Server.Ports(), fixedPort(v)):
		return fix(at(d, in.grade(s, probes.Warning, nil), probes.T("Host is %q, and this server does not listen on %d: browsers write another port into Origin", v, fixedPort(v))))
	case !strings.Contains(v, "$") && v != "" && !slices.Contains(s.Server.Names, strings.ToLower(hostName(v))):
		return fix(at(d, in.grade(s, probes.Warning, nil), probes.T("Host is %q whatever the browser asked; a backend that compares it with Origin refuses", v)))
	}
	return nil
}

// fixedPort returns the port in a value such as $host:8080.
func fixedPort(v string) int {
	if rest, ok := strings.CutPrefix(v, "$host:"); ok {
		n, _ := strconv.Atoi(rest)
		return n
	}
	return 0
}

func hostName(v string) string {
	h, _, _ := strings.Cut(v, ":")
	return h
}

// oddPort returns a port of the server that browsers write into Origin; 0 where it listens on 80 or 443 as well, or
// where no port is known.
func oddPort(s *model.Server) int {
	odd := 0
	for _, p := range s.Ports() {
		if p == 80 || p == 443 {
			return 0
		}
		odd = p
	}
	return odd
}

// forwardedHost reports an X-Forwarded-Host with a port that the browser may not write.
func (in *Input) forwardedHost() []Finding {
	var out []Finding
	for _, s := range in.sites {
		d := headersAt(s.Scope).last("x-forwarded-host")
		if d == nil || !strings.Contains(d.Arg(1), "$server_port") || oddPort(s.Server) != 0 {
			continue
		}
		sev := probes.Info
		if len(s.Server.Listens) > 0 {
			sev = in.grade(s, probes.Warning, nil)
		}
		f := at(d, sev, probes.T("X-Forwarded-Host is %q; at port 80 or 443 browsers write no port into Origin, and a backend that compares the two refuses", d.Arg(1)))
		out = append(out, f.with("proxy_set_header X-Forwarded-Host $http_host;").edit(replaceArg(d, 1, "$http_host")))
	}
	return out
}
