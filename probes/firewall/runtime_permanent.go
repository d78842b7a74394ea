package firewall

import (
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
)

var runtimePermanent = probes.Rule[Observation]{
	ID:    "firewall/runtime-permanent",
	Title: "firewalld opens the needed ports now and after a reload alike",
	Why: "firewall-cmd changes either the rules that run or, with --permanent, those that hold after a reload or a " +
		"restart (firewall-cmd(1)). A port opened in one of them alone works today and not tomorrow, or the other way round.",
	Applies: func(o Observation) (probes.Status, probes.Text) {
		if o.Firewalld == nil {
			return probes.Skipped, probes.T("firewalld does not run on this host")
		}
		if o.Firewalld.Unread != "" {
			return probes.Unknown, probes.Verbatim(o.Firewalld.Unread)
		}
		return probes.OK, probes.Text{}
	},
	Check: func(o Observation) []probes.Finding {
		var out []probes.Finding
		done := map[string]bool{}
		for _, p := range o.Ports {
			for _, path := range p.Paths {
				zone := o.zoneOf(path.Interface)
				key := fmt.Sprint(zone.Name, p.Port)
				if !path.Expected || zone.Name == "" || done[key] {
					continue
				}
				done[key] = true
				if f, differs := compareZone(zone, p.Port); differs {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// compareZone tells whether a zone opens a port only now, or only after a reload.
func compareZone(z Zone, port int) (probes.Finding, bool) {
	now, later := z.Runtime.allows(port), z.Permanent.allows(port)
	if (len(now) > 0) == (len(later) > 0) {
		return probes.Finding{}, false
	}
	f := probes.Finding{Severity: probes.Warning, Subject: strconv.Itoa(port)}
	at := fmt.Sprintf("--zone=%s", z.Name)
	if len(now) > 0 {
		f.Title = probes.T("firewalld opens port %d in the zone %q now, and not after the next reload or restart, expected both", port, z.Name)
		f.Evidence = []probes.Evidence{
			{Where: "firewall-cmd " + at + " --list-all", Saw: probes.Verbatim(strings.Join(now, "; "))},
			{Where: "firewall-cmd --permanent " + at + " --list-all", Saw: probes.T("nothing opens port %d", port)},
		}
		f.Fix = pair(fmt.Sprintf("firewall-cmd --permanent %s --add-port=%d/tcp", at, port), fmt.Sprintf("firewall-cmd --permanent %s --remove-port=%d/tcp", at, port))
		return f, true
	}
	f.Title = probes.T("firewalld opens port %d in the zone %q only after the next reload or restart, and not now, expected both", port, z.Name)
	f.Evidence = []probes.Evidence{
		{Where: "firewall-cmd " + at + " --list-all", Saw: probes.T("nothing opens port %d", port)},
		{Where: "firewall-cmd --permanent " + at + " --list-all", Saw: probes.Verbatim(strings.Join(later, "; "))},
	}
	f.Fix = pair(fmt.Sprintf("firewall-cmd %s --add-port=%d/tcp", at, port), fmt.Sprintf("firewall-cmd %s --remove-port=%d/tcp", at, port))
	return f, true
}
