package screens

import (
	"cmp"
	"slices"
	"strconv"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
)

// portOrders are the orders of the table; the first is the settings' own.
var portOrders = []struct {
	title   probes.Text
	compare func(a, b ports.Port) int
}{
	{probes.T("role"), func(a, b ports.Port) int { return 0 }},
	{probes.T("port"), func(a, b ports.Port) int { return cmp.Compare(a.Port, b.Port) }},
	{probes.T("state"), func(a, b ports.Port) int { return cmp.Compare(a.State, b.State) }},
	{probes.T("holder"), func(a, b ports.Port) int { return cmp.Compare(holder(a), holder(b)) }},
	{probes.T("TIME_WAIT"), func(a, b ports.Port) int {
		return cmp.Compare(b.TimeWait.Accepted+b.TimeWait.Outgoing, a.TimeWait.Accepted+a.TimeWait.Outgoing)
	}},
}

// observed is the observation with the ports that the filter lets through, as they are sorted.
func (p portsScreen) observed(st State) (ports.Observation, bool) {
	o, ok := probes.Observed[ports.Observation](st.Report)
	if p.only.text == "" && p.sort == 0 {
		return o, ok
	}
	o.Ports = slices.DeleteFunc(slices.Clone(o.Ports), func(port ports.Port) bool {
		t := p.d.Theme
		return !p.only.passes(strconv.Itoa(port.Port), p.roles(port), t.Say(stateWord(port.State)), holder(port))
	})
	slices.SortStableFunc(o.Ports, portOrders[p.sort].compare)
	return o, ok
}
