package balancer

import (
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
)

// fix returns the lines that put a balancer right, in the language of the balancer that it is.
func fix(o Observation) []probes.Text {
	switch o.Verdict.Kind {
	case BalancerName:
		return lines(probes.T("# correct balancer.url in wsdoctor.yaml, or add the name to DNS"))
	case BalancerRefused, BalancerUnreachable:
		return lines(probes.T("# see handshake/connect: start the balancer, or let it listen on the port of balancer.url"))
	case BalancerTLS:
		return lines(probes.T("# see handshake/tls"))
	case BalancerNotHTTP:
		return lines(probes.T("# correct the port of balancer.url: something else listens there, or the balancer is in TCP mode towards something else"))
	case BalancerDenies:
		return lines(probes.T("# look for an access rule, a login or a rate limit in the balancer for this path"))
	case BalancerDropsUpgrade, BalancerServesPage, BalancerNoPath, BalancerBreaksAnswer, BalancerRedirects:
		return passOn(o)
	case BalancerNoUpstream, BalancerTimesOut, BalancerSilent:
		return upstream(o)
	case BalancerCutsTunnel, BalancerOther:
		return lines(probes.T("# look at the balancer's error log at this moment"))
	}
	return nil
}

// passOn is the location that passes the upgrade on.
func passOn(o Observation) []probes.Text {
	var out []probes.Text
	if o.Verdict.Kind == BalancerRedirects {
		out = lines(probes.T("# the path has to be passed on as it is: remove the return, the rewrite or the slash that redirects it, or use the target as balancer.url"))
	}
	switch o.Kind {
	case cluster.Nginx:
		out = append(out, probes.T("# nginx, in http { }:"))
		out = append(out, verbatim("map $http_upgrade $connection_upgrade { default upgrade; '' close; }")...)
		out = append(out, probes.T("# in the location that serves %s (a level with a proxy_set_header of its own inherits none):", o.path))
		out = append(out, verbatim(
			"proxy_http_version 1.1;",
			"proxy_set_header Upgrade $http_upgrade;",
			"proxy_set_header Connection $connection_upgrade;",
			"proxy_set_header Host $http_host;",
		)...)
		return append(out, reload()...)
	case cluster.HAProxy:
		return append(out, lines(
			probes.T("# HAProxy passes the upgrade on by itself in \"mode http\": remove http-request del-header or set-header lines"),
			probes.T("# for Upgrade and Connection, and let use_backend or default_backend send this path to the nodes"),
		)...)
	case cluster.Caddy:
		return append(append(out, []probes.Text{probes.T("# Caddy passes the upgrade on by itself; the path has to reach this line, without header_up -Upgrade:")}...),
			verbatim("reverse_proxy "+strings.Join(o.backends, " "))...)
	case cluster.Embedded:
		return append(out, []probes.Text{probes.T("# the embedded proxy passes every upgrade on: something else listens on this port, see ports/holder")}...)
	}
	return append(out, lines(
		probes.T("# the balancer has to speak HTTP/1.1 to the backend, pass this path on,"),
		probes.T("# and send it the client's Upgrade and \"Connection: upgrade\""),
	)...)
}

// upstream is the list of backends.
func upstream(o Observation) []probes.Text {
	switch o.Kind {
	case cluster.Nginx:
		out := lines(probes.T("# nginx, in the upstream that proxy_pass names:"))
		for _, b := range o.backends {
			out = append(out, probes.Verbatim("server "+b+";"))
		}
		return append(out, reload()...)
	case cluster.HAProxy:
		out := lines(probes.T("# HAProxy, in the backend:"))
		for _, b := range o.backends {
			out = append(out, probes.Verbatim("server "+strings.NewReplacer(":", "_", "[", "", "]", "").Replace(b)+" "+b+" check"))
		}
		return out
	case cluster.Caddy:
		return verbatim("reverse_proxy " + strings.Join(o.backends, " "))
	case cluster.Embedded:
		out := lines(probes.T("# wsdoctor.yaml, under proxy:"), probes.T("backends:"))
		for _, b := range o.backends {
			out = append(out, probes.Verbatim("  - {address: \""+b+"\"}"))
		}
		return out
	}
	return []probes.Text{probes.T("# let the balancer's list of backends be: %s", strings.Join(o.backends, ", "))}
}

func reload() []probes.Text {
	return []probes.Text{probes.T("# then, in a shell:"), probes.Verbatim("nginx -t && nginx -s reload")}
}

func lines(l ...probes.Text) []probes.Text { return l }

func verbatim(l ...string) []probes.Text {
	var out []probes.Text
	for _, s := range l {
		out = append(out, probes.Verbatim(s))
	}
	return out
}
