package screens

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/ports"
	tea "github.com/charmbracelet/bubbletea"
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
	if p.filter == "" && p.sort == 0 {
		return o, ok
	}
	o.Ports = slices.DeleteFunc(slices.Clone(o.Ports), func(port ports.Port) bool {
		t := p.d.Theme
		hay := strings.Join([]string{strconv.Itoa(port.Port), p.roles(port), t.Say(stateWord(port.State)), holder(port)}, "\n")
		return !strings.Contains(strings.ToLower(hay), strings.ToLower(p.filter))
	})
	slices.SortStableFunc(o.Ports, portOrders[p.sort].compare)
	return o, ok
}

// typed takes a key as text of the filter.
func (p portsScreen) typed(k tea.KeyMsg) portsScreen {
	switch k.Type {
	case tea.KeyEsc:
		p.filter, p.typing = "", false
	case tea.KeyEnter, tea.KeyUp, tea.KeyDown, tea.KeyTab:
		p.typing = false
	default:
		p.filter = Edited(p.d.Theme, p.filter, k)
	}
	p.scroll = 0
	return p
}
