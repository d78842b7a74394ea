package handshake

import (
	"net"
	"net/url"
	"slices"

	"example.com/wsdoctor/probes"
)

// fault is one cause of one URL, with every attempt that met it.
type fault struct {
	trace    *Trace
	cause    Cause
	attempts []*Attempt
	others   bool // another address of the same name got past this phase
}

// faults returns what went wrong in the given phase. Each fault belongs to the phase in which it happened, so that no
// two rules report the same one.
func faults(o Observation, phase Phase) []fault {
	var out []fault
	for _, tr := range o.Traces() {
		if len(tr.Attempts) == 0 {
			if tr.Cause.Phase == phase {
				out = append(out, fault{trace: tr, cause: tr.Cause})
			}
			continue
		}
		past := slices.ContainsFunc(tr.Attempts, func(a Attempt) bool { return passed(&a, phase) })
		byKind := map[Kind]int{}
		for i := range tr.Attempts {
			a := &tr.Attempts[i]
			if a.Cause.Kind == None || a.Cause.Phase != phase {
				continue
			}
			n, ok := byKind[a.Cause.Kind]
			if !ok {
				n = len(out)
				byKind[a.Cause.Kind] = n
				out = append(out, fault{trace: tr, cause: a.Cause, others: past})
			}
			out[n].attempts = append(out[n].attempts, a)
		}
	}
	return out
}

// passed tells whether an attempt got past a phase.
func passed(a *Attempt, phase Phase) bool {
	return a.Cause.Kind == None || order[a.Cause.Phase] > order[phase]
}

// reaches returns the Applies of a rule: skipped unless some URL came as far as its phase. A plain URL never comes to
// Securing.
func reaches(phase Phase) func(Observation) (probes.Status, probes.Text) {
	return func(o Observation) (probes.Status, probes.Text) {
		secure := false
		for _, tr := range o.Traces() {
			secure = secure || tr.Secure
			if phase == Resolving {
				return probes.OK, probes.Text{}
			}
			for i := range tr.Attempts {
				a := &tr.Attempts[i]
				if order[a.Reached] >= order[phase] && (phase != Securing || tr.Secure) {
					return probes.OK, probes.Text{}
				}
			}
		}
		if phase == Securing && !secure {
			return probes.Skipped, probes.T("no URL in the settings begins with wss://")
		}
		return probes.Skipped, probes.T("no connection to judge")
	}
}

// evidence shows the exchange of each attempt.
func (f fault) evidence() []probes.Evidence {
	var out []probes.Evidence
	for _, a := range f.attempts {
		where := a.Address
		if len(a.Request) > 0 {
			where = a.Request[0] + " → " + a.Address
		}
		if r := a.Response; r != nil {
			out = append(out, probes.Evidence{Where: where, Saw: probes.Verbatim(r.StatusLine)})
			for _, name := range []string{"Server", "Location", "Upgrade", "Connection"} {
				if v := r.Get(name); v != "" {
					out = append(out, probes.Evidence{Where: a.Address, Saw: probes.Verbatim(name + ": " + v)})
				}
			}
			if r.Body != "" {
				out = append(out, probes.Evidence{Where: a.Address, Saw: probes.T("body: %s", short(r.Body))})
			}
		}
		if a.TLS != nil && a.TLS.Certificate != nil && len(a.TLS.Certificate.Problems) > 0 {
			out = append(out, probes.Evidence{Where: a.Address, Saw: probes.T("went on without checking the certificate, which has a fault of its own")})
		}
		if len(f.attempts) > 1 && a.Response == nil {
			out = append(out, probes.Evidence{Where: a.Address, Saw: a.Cause.Text})
		}
	}
	return out
}

// short cuts a body for a terminal; the whole stands in the report's observations.
func short(s string) string {
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

// finding makes the finding of a fault.
func (f fault) finding(sev probes.Severity, fix ...probes.Text) probes.Finding {
	title := f.cause.Text
	if f.trace.Name != "" {
		title = probes.T("%s: %s", f.trace.Name, f.cause.Text)
	}
	return probes.Finding{Severity: sev, Subject: f.trace.URL, Title: title, Evidence: f.evidence(), Fix: fix}
}

// port returns the port that a trace's URL names, as text.
func (t *Trace) port() string {
	if u, err := url.Parse(t.URL); err == nil && u.Port() != "" {
		return u.Port()
	}
	if t.Secure {
		return "443"
	}
	return "80"
}

// ip returns the address part of ip:port.
func ip(address string) string {
	h, _, _ := net.SplitHostPort(address)
	return h
}

// hostOf returns the host of a URL without its port.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	return u.Hostname()
}
