package engineio

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// Polling says what is wrong with the polling half; the zero Text: nothing. It is pure.
func (o Observation) Polling() (fault probes.Text, lost bool) {
	unknown, made := 0, 0
	var other Step
	for _, s := range o.Sessions {
		made++
		for _, st := range s.Steps {
			switch {
			case st.What == "upgrade" || st.What == "connect" || st.What == "event":
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

// Fault is what is wrong with the upgrade.
type Fault struct {
	Text     probes.Text // zero: nothing
	Lost     bool        // it reached another node
	Balancer bool        // the balancer breaks it
}

// Upgrading says what is wrong with the upgrade to WebSocket. asked is false where no session came so far. It is pure.
func (o Observation) Upgrading() (f Fault, asked bool) {
	for _, s := range o.Sessions {
		st, ok := s.Step("upgrade")
		poll, _ := s.Step("poll")
		asked = asked || ok || poll.OK && !s.Offers
		switch {
		case !ok && poll.OK && !s.Offers:
			return Fault{Text: probes.T("the service offers no upgrade from polling to WebSocket, so every client stays on polling: it is switched off in the service itself (\"transports\", \"allowUpgrades\")")}, true
		case !ok || st.OK:
		case st.Lost:
			return Fault{Text: probes.T("the upgrade of a Socket.IO session reached another node (\"Session ID unknown\"): the balancer is not sticky, and clients stay on polling"), Lost: true}, true
		case st.Kind == handshake.Unauthorized || st.Kind == handshake.Forbidden || st.Kind == handshake.TooMany || st.Kind == handshake.None:
			return Fault{Text: probes.T("the upgrade of a Socket.IO session fails, so clients stay on polling without a word: %s", st.Failed)}, true
		default:
			return Fault{Text: probes.T("the service offers the upgrade to WebSocket and serves the same session by polling, but the balancer breaks the upgrade, so clients stay on polling without a word: %s", st.Failed), Balancer: true}, true
		}
	}
	return Fault{}, asked
}

// Events counts the sessions in which an event was sent, and acknowledged. It is pure.
func (o Observation) Events() (sent, acknowledged int) {
	for _, s := range o.Sessions {
		if st, ok := s.Step("event"); ok {
			sent++
			if st.OK {
				acknowledged++
			}
		}
	}
	return sent, acknowledged
}

// Unacknowledged says that the application acknowledged no event; the zero Text: it did, or was sent none. It is pure.
func (o Observation) Unacknowledged() probes.Text {
	if _, acknowledged := o.Events(); acknowledged > 0 {
		return probes.Text{}
	}
	for _, s := range o.Sessions {
		if st, ok := s.Step("event"); ok {
			return st.Failed
		}
	}
	return probes.Text{}
}
