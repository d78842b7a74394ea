package engineio

import "example.com/wsdoctor/probes"

// Polling says what is wrong with the polling half; the zero Text: nothing. It is pure.
func (o Observation) Polling() (fault probes.Text, lost bool) {
	unknown, made := 0, 0
	var other Step
	for _, s := range o.Sessions {
		made++
		for _, st := range s.Steps {
			switch {
			case st.What == "upgrade" || st.What == "connect":
			case st.Lost:
				unknown++
			case !st.OK && other.What == "":
				other = st
			}
		}
	}
	switch {
	case unknown > 0:
		return probes.T("%d of %d Socket.IO sessions were lost between two requests (400, \"Session ID unknown\"): the second request reached another node, the balancer is not sticky", unknown, made), true
	case other.What != "":
		if other.Status != 0 {
			return probes.T("the Socket.IO request \"%s\" was answered with %d, expected 200", other.What, other.Status), false
		}
		return probes.T("the Socket.IO request \"%s\" had no answer: %s", other.What, other.Failed), false
	}
	return probes.Text{}, false
}

// Upgrading says what is wrong with the upgrade to WebSocket; the zero Text: nothing. asked is false where no session
// came so far. It is pure.
func (o Observation) Upgrading() (fault probes.Text, lost, asked bool) {
	for _, s := range o.Sessions {
		st, ok := s.Step("upgrade")
		asked = asked || ok
		switch {
		case !ok || st.OK:
		case st.Lost:
			return probes.T("the upgrade of a Socket.IO session reached another node (\"Session ID unknown\"): the balancer is not sticky, and clients stay on polling"), true, true
		default:
			return probes.T("the upgrade of a Socket.IO session fails, so clients stay on polling without a word: %s", st.Failed), false, true
		}
	}
	return probes.Text{}, false, asked
}
