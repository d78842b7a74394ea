package idle

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// Kind names a verdict. The values are stable.
type Kind string

// The verdicts.
const (
	Unknown  Kind = "unknown"
	NoLimit  Kind = "no_limit"       // up to Max
	Limit    Kind = "idle_limit"     // silence ends a tunnel
	Lifetime Kind = "lifetime"       // age ends a tunnel, busy or not
	Drop     Kind = "silent_drop"    // silence ends a tunnel, and nobody says so
	Service  Kind = "service_limit"  // the service itself ends silent tunnels
	Beats    Kind = "server_talks"   // nothing was silent: the server sends frames of its own
	Unstable Kind = "unstable"       // tunnels end at times that have nothing in common
	oneWay        = 1.08             // how much later than a silent one another tunnel has to end to have lived on
	near          = 0.08             // how far two times may lie apart and be the same limit
	slack         = time.Second / 10 // of a timer, and of a busy machine
)

// Verdict is what an Observation says.
type Verdict struct {
	Kind  Kind           `json:"kind"`
	Limit probes.Seconds `json:"limit_seconds,omitempty"`
	Plus  probes.Seconds `json:"uncertainty_seconds,omitempty"` // to either side
	How   handshake.How  `json:"how,omitempty"`
	Text  probes.Text    `json:"text"`
	Who   probes.Text    `json:"who,omitzero"` // the hop that it points to
	// ClientTalkHelps tells whether frames of the client alone keep a tunnel open; false also where nothing was cut.
	ClientTalkHelps bool `json:"client_talk_helps"`
	// ServerTalkHelps tells the same of frames of the server alone; nil: not tested, there was no stand-in.
	ServerTalkHelps *bool          `json:"server_talk_helps,omitempty"`
	Heartbeat       probes.Seconds `json:"heartbeat_seconds,omitempty"` // that keeps a tunnel open
}

// Judge tells an idle limit from a maximum lifetime. It is pure.
func Judge(o Observation) Verdict {
	cut := o.silentlyCut()
	opened := slices.ContainsFunc(o.Sockets, func(s Socket) bool { return s.Outcome != Refused && s.Way != Direct })
	switch {
	case !opened && len(o.Sockets) > 0:
		return Verdict{Kind: Unknown, Text: probes.T("no connection came about: %s", o.Sockets[0].Cause.Text)}
	case len(cut) == 0:
		return o.uncut(o.of(Silent))
	}
	// The one in the middle, and how far those around it lie apart: what a busy machine delays are single ones.
	typical := cut[(len(cut)-1)/2]
	limit, least, most := typical.silence(), cut[len(cut)/4].silence(), cut[len(cut)-1-len(cut)/4].silence()
	age := typical.Age
	v := Verdict{How: typical.How}
	busy := o.first(Pings)
	if busy.Outcome == Cut && !later(busy.Age, age) {
		v.Kind, v.Limit = Lifetime, age
		v.Plus = probes.Seconds(slack) + (busy.Age-age)/2
		v.Text = probes.T("tunnels end after %s ± %s whether they are silent or not: a maximum lifetime, no idle limit", v.Limit, v.Plus)
		v.Who = whoEnds(v.Limit, typical, true)
		return v
	}
	if float64(most-least) > near*float64(most)+float64(slack) {
		return Verdict{Kind: Unstable, How: v.How, Text: probes.T("silent tunnels ended after %s and after %s: no one limit, such as a restart or a backend that goes", least, most)}
	}
	v.Kind, v.Limit = Limit, limit
	v.Plus = (most-least)/2 + min(typical.Age-typical.Idle, probes.Seconds(greeting))/2 + probes.Seconds(slack)
	v.ClientTalkHelps = o.first(ClientOnly).Outcome == Lived
	if s := o.of(ServerOnly); len(s) > 0 && s[0].Outcome != Refused {
		helps := s[0].Outcome == Lived
		v.ServerTalkHelps = &helps
	}
	v.Heartbeat = heartbeat(v.Limit)
	v.Text = probes.T("a tunnel on which nothing is said is ended after %s ± %s, %s", v.Limit, v.Plus, howWords(typical))
	if d := o.first(Direct); d.Outcome == Cut && !later(d.Idle, limit) {
		v.Kind = Service
		v.Who = probes.T("the service itself: a silent tunnel to %s without the balancer ends after %s too", d.URL, d.Idle)
		return v
	}
	if typical.Heard > 0 {
		v.Kind = Beats
		v.Text = probes.T("a tunnel that the client leaves unanswered is ended after %s ± %s of silence, %s", v.Limit, v.Plus, howWords(typical))
		v.Who = probes.T("the service's own heartbeat: it spoke %d times, and had no answer that it understands", typical.Heard)
		return v
	}
	v.Who = whoEnds(v.Limit, typical, false)
	return v
}

// silentlyCut returns the sockets that were cut while this side was silent, by how long they were: those that were to be
// silent to the end, and, once one of those was cut, those that were to wake later. The half is left out of which it is
// less clear when their silence began: a machine that is busy when they are opened reads the answer late.
func (o Observation) silentlyCut() []Socket {
	var out []Socket
	for _, s := range o.Sockets {
		if s.Outcome == Cut && (s.Way == Silent || s.Way == Wakes && !s.Woke) {
			out = append(out, s)
		}
	}
	if !slices.ContainsFunc(out, func(s Socket) bool { return s.Way == Silent }) {
		return nil
	}
	unclear := func(s Socket) probes.Seconds { return s.Opening + s.Age - s.Idle }
	slices.SortFunc(out, func(a, b Socket) int { return cmp.Compare(unclear(a), unclear(b)) })
	out = out[:max(min(len(out), 2), len(out)/2)]
	slices.SortFunc(out, func(a, b Socket) int { return cmp.Compare(a.silence(), b.silence()) })
	return out
}

// silence is how long a socket was silent before it ended. nginx does not arm a timer anew within 300 ms of the last time
// (NGX_TIMER_LAZY_DELAY, ngx_event_timer.h), so behind a greeting its limit counts from before it; others count from
// the greeting. The truth is between the two.
func (s Socket) silence() probes.Seconds {
	if s.Age-s.Idle <= probes.Seconds(greeting) {
		return (s.Age + s.Idle) / 2
	}
	return s.Idle
}

// uncut judges a test in which no silent socket was seen to end.
func (o Observation) uncut(silent []Socket) Verdict {
	var lived, dead probes.Seconds // the longest silence after which a tunnel answered, and the shortest after which not
	var how handshake.How
	for _, s := range o.of(Wakes) {
		switch {
		case s.Outcome == Lived && s.Woke:
			lived = max(lived, s.Silence)
		case s.Outcome == Dropped && (dead == 0 || s.Silence < dead):
			dead, how = s.Silence, s.How
		}
	}
	switch {
	case dead > 0 && dead > lived:
		v := Verdict{Kind: Drop, How: how, Limit: (lived + dead) / 2, Plus: (dead-lived)/2 + probes.Seconds(slack), Heartbeat: heartbeat(lived)}
		v.Text = probes.T("a tunnel is dropped without a word after %s ± %s of silence: it looks open, and what is sent on it is lost", v.Limit, v.Plus)
		v.Who = whoDrops(v.Limit)
		return v
	case dead > 0:
		return Verdict{Kind: Unstable, Text: probes.T("a ping after %s of silence was not answered, one after %s was", dead, lived)}
	case slices.ContainsFunc(silent, func(s Socket) bool { return s.Outcome == Lived && s.Heard > 0 }):
		return Verdict{Kind: NoLimit, Text: probes.T("no tunnel was ended within %s; the server sends frames of its own, so that none was quite silent", o.Max)}
	}
	return Verdict{Kind: NoLimit, Text: probes.T("no tunnel was ended within %s, silent or not", o.Max)}
}

func (o Observation) of(w Way) []Socket {
	var out []Socket
	for _, s := range o.Sockets {
		if s.Way == w {
			out = append(out, s)
		}
	}
	return out
}

func (o Observation) first(w Way) Socket {
	if all := o.of(w); len(all) > 0 {
		return all[0]
	}
	return Socket{}
}

// later tells whether a lies behind b by more than chance.
func later(a, b probes.Seconds) bool { return float64(a) > oneWay*float64(b)+float64(slack) }

// heartbeat is half the limit, in whole seconds where it has some: one that is lost may be repeated.
func heartbeat(limit probes.Seconds) probes.Seconds {
	half := limit.Duration() / 2
	if half >= time.Second {
		half = half.Truncate(time.Second)
	}
	return probes.Seconds(half)
}

func howWords(s Socket) probes.Text {
	switch s.How {
	case handshake.ByCloseFrame:
		return probes.T("with a Close frame, code %d", s.Code)
	case handshake.ByFIN:
		return probes.T("with a bare FIN (clients see 1006)")
	case handshake.ByReset:
		return probes.T("with an RST (clients see 1006)")
	}
	return probes.T("in an unusual way (%s)", string(s.How))
}

// whoEnds names the hop whose default and manner fit. The times are those of the products' documentation.
func whoEnds(limit probes.Seconds, s Socket, lifetime bool) probes.Text {
	server := strings.ToLower(s.Server)
	is := func(d time.Duration) bool {
		diff := limit.Duration() - d
		return max(diff, -diff) <= max(time.Duration(near*float64(d)/2), 2*slack)
	}
	switch {
	case s.How == handshake.ByCloseFrame && s.Code == 1001 && s.Reason == "idle for too long":
		return probes.T("wsdoctor's own proxy by the reason that it gives: timeouts.idle in wsdoctor.yaml")
	case lifetime && is(30*time.Second):
		return probes.T("Google Cloud's HTTP load balancer has a backend timeout of 30 s that ends busy tunnels too; or stream_timeout in Caddy")
	case lifetime:
		return probes.T("a maximum lifetime on the way: stream_timeout in Caddy, max_connection_duration in Envoy, timeouts.lifetime of wsdoctor's proxy, or the service itself")
	case s.How == handshake.ByCloseFrame:
		return probes.T("the service, or a proxy that speaks WebSocket itself: nginx and HAProxy send no Close frame")
	case strings.HasPrefix(server, "nginx") && is(time.Minute):
		return probes.T("nginx: 60 s is proxy_read_timeout where the configuration sets none, and a bare FIN is its way")
	case strings.HasPrefix(server, "nginx"):
		return probes.T("nginx by its Server header: look for proxy_read_timeout and proxy_send_timeout of %s, or a hop behind it", limit)
	case is(time.Minute):
		return probes.T("60 s is the default of nginx (proxy_read_timeout) and of the AWS Application Load Balancer (idle timeout)")
	case is(4 * time.Minute):
		return probes.T("240 s is the default of the Azure Load Balancer")
	case is(350 * time.Second):
		return probes.T("350 s is the idle limit of the AWS Network Load Balancer")
	case is(time.Hour):
		return probes.T("1 h is the default of HAProxy's timeout tunnel in many packages, and of Istio")
	}
	return probes.T("a hop with a limit of %s: proxy_read_timeout in nginx, timeout tunnel (or client and server) in HAProxy, the service itself", limit)
}

func whoDrops(limit probes.Seconds) probes.Text {
	switch d := limit.Duration(); {
	case d > 300*time.Second && d < 400*time.Second:
		return probes.T("the AWS Network Load Balancer forgets a silent connection after 350 s without telling either side")
	case d > 210*time.Second && d < 270*time.Second:
		return probes.T("the Azure Load Balancer forgets a silent connection after 240 s without telling either side")
	}
	return probes.T("a firewall or a NAT on the way forgets silent connections without telling either side")
}
