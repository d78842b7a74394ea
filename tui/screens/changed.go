package screens

import "example.com/wsdoctor/probes"

// Change is a check that has another status than in the run before.
type Change struct {
	ID      string
	Was, Is probes.Status
}

// Changed lists the checks of after that have another status than in before.
func Changed(before, after probes.Report) []Change {
	was := map[string]probes.Status{}
	for _, res := range before.Results {
		was[res.ID] = res.Status
	}
	var out []Change
	for _, res := range after.Results {
		if old, known := was[res.ID]; known && old != res.Status {
			out = append(out, Change{res.ID, old, res.Status})
		}
	}
	return out
}
