package diagnosis

import "example.com/wsdoctor/probes"

// crossAnswer compares the answer to a real handshake with the one that nginx's files lead to.
func crossAnswer(s scene, r *probes.Report) {
	a, t := s.file.answer, s.shake.Balancer
	res := result(r, "nginx/answer")
	if res == nil || a == nil || t == nil || !a.Sure || t.URL != a.URL || !t.Local || t.Code() == 0 {
		return
	}
	var says probes.Text
	agrees := true
	switch a.Kind {
	case "redirect", "returned":
		if a.Status == 444 { // nginx's own for a connection that is closed without an answer
			return
		}
		agrees = t.Code() == a.Status
		says = probes.T("nginx itself answers %d", a.Status)
	case "static":
		agrees = !t.Upgraded()
		says = probes.T("it is looked for on disk")
	case "proxied":
		agrees = a.Upgrades || !t.Upgraded()
		says = probes.T("it reaches the backend without the upgrade")
	default:
		return // answered by what the files do not show
	}
	res.Status, res.Reason = probes.OK, probes.Text{}
	if agrees {
		res.Settle()
		return
	}
	f := probes.Finding{
		Severity: probes.Warning, Subject: a.URL,
		Title: probes.T("the handshake with %s was answered with %d, and by its files %s: what runs is not what they say", a.URL, t.Code(), says),
		Fix:   s.file.reload,
	}
	if a.Where != "" {
		f.Evidence = append(f.Evidence, probes.Evidence{Where: a.Where, Saw: probes.Verbatim(a.Line)})
	}
	f.Evidence = append(f.Evidence, probes.Evidence{Where: a.URL, Saw: probes.Verbatim(t.Best().Response.StatusLine)})
	if t.Upgraded() {
		f.Fix = []probes.Text{probes.T("# it works, and would not after the next reload or restart: mend the file first, then")}
		f.Fix = append(f.Fix, s.file.reload...)
	}
	add(res, f)
}
