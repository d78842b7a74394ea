package handshake

import (
	"net/url"

	"example.com/wsdoctor/probes"
)

var resolveRule = probes.Rule[Observation]{
	ID:    "handshake/resolve",
	Title: "every host name resolves",
	Why: "A client looks the name up before anything else; a name that this host cannot resolve may still resolve " +
		"elsewhere, so look where the clients and the balancer run.",
	Applies: reaches(Resolving),
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		for _, f := range faults(o, Resolving) {
			out = append(out, f.finding(probes.Error, resolveFix(f)...))
		}
		return out
	},
}

func resolveFix(f fault) []probes.Text {
	u, err := url.Parse(f.trace.URL)
	if err != nil || f.cause.Kind == BadRequest {
		return []probes.Text{probes.T("# correct the URL in wsdoctor.yaml, such as ws://192.168.6.181:38889/")}
	}
	return []probes.Text{
		probes.Verbatim("getent hosts " + u.Hostname()),
		probes.T("# add the name to DNS or to the hosts file, or write the address into wsdoctor.yaml"),
	}
}
