package rehearsal

import (
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
)

// Kind names a verdict. The values are stable.
type Kind string

// The verdicts.
const (
	Unknown   Kind = "unknown"
	Untouched Kind = "untouched" // no tunnel was dropped
	Announced Kind = "announced" // each that was dropped was told so by a Close frame
	Abrupt    Kind = "abrupt"    // some were dropped without one
	Stranded  Kind = "stranded"  // some were not back at the end
)

// herd is how many tunnels that end within a second are worth a word: their clients come back together.
const herd = 10

// Verdict is what an Observation says.
type Verdict struct {
	Kind    Kind           `json:"kind"`
	Drops   int            `json:"drops"`
	Away    int            `json:"away"` // not back at the end
	First   probes.Seconds `json:"first_drop_seconds,omitempty"`
	Last    probes.Seconds `json:"last_drop_seconds,omitempty"`
	Peak    int            `json:"most_drops_in_a_second,omitempty"`
	Median  probes.Seconds `json:"back_after_median_seconds,omitempty"`
	Slowest probes.Seconds `json:"back_after_most_seconds,omitempty"`
	Text    probes.Text    `json:"text"`
	// Shares is how many clients each backend had before and after, by its name.
	Shares []Share       `json:"shares,omitempty"`
	Advice []probes.Text `json:"advice,omitempty"` // the likeliest first
}

// Share is what one backend had.
type Share struct {
	Backend string `json:"backend"`
	Before  int    `json:"before"`
	After   int    `json:"after"`
}

// Judge says what a restart does to clients. It is pure.
func Judge(o Observation) Verdict {
	v := Verdict{Shares: shares(o)}
	if o.Opened == 0 {
		v.Kind, v.Text = Unknown, probes.T("no connection came about: %s", o.Cause.Text)
		return v
	}
	if o.Failure != "" {
		v.Kind, v.Text = Unknown, probes.T("what was to be rehearsed did not work: %s", o.Failure)
		return v
	}
	if len(o.Outages) == 0 {
		v.Kind, v.Text = Untouched, probes.T("none of %d tunnels was dropped within %s", o.Opened, o.Watched)
		return v
	}
	var times, backs []probes.Seconds
	silent := 0
	for _, x := range o.Outages {
		times = append(times, x.At)
		if x.Back {
			backs = append(backs, x.After)
		} else {
			v.Away++
		}
		if x.How != handshake.ByCloseFrame {
			silent++
		}
	}
	slices.Sort(times)
	slices.Sort(backs)
	v.First, v.Last, v.Peak = times[0], times[len(times)-1], peak(times)
	v.Drops = len(o.Outages)
	dropped := probes.T("%d drops of %d tunnels, %s to %s after the beginning: %s", len(o.Outages), o.Opened, v.First, v.Last, hows(o.Outages))
	if len(backs) > 0 {
		v.Median, v.Slowest = backs[len(backs)/2], backs[len(backs)-1]
	}
	switch {
	case v.Away == len(o.Outages):
		v.Kind, v.Text = Stranded, probes.T("%s; nobody was back within %s: %s", dropped, o.Watched, lastCause(o))
	case v.Away > 0:
		v.Kind, v.Text = Stranded, probes.T("%s; %d were not back within %s: %s", dropped, v.Away, o.Watched, lastCause(o))
	case silent > 0:
		v.Kind = Abrupt
	default:
		v.Kind = Announced
	}
	if v.Away == 0 {
		v.Text = probes.T("%s; all were back, half of them within %s, the last after %s", dropped, v.Median, v.Slowest)
	}
	v.Advice = advice(o, v, silent)
	return v
}

// peak is how many of the sorted times lie within one second.
func peak(times []probes.Seconds) int {
	most, from := 0, 0
	for i, t := range times {
		for t.Duration()-times[from].Duration() >= beat {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// hows counts by what the tunnels ended.
func hows(all []Outage) probes.Text {
	count := map[string]int{}
	words := map[string]probes.Text{}
	for _, x := range all {
		key := fmt.Sprint(x.How, x.Code)
		count[key]++
		switch x.How {
		case handshake.ByCloseFrame:
			words[key] = probes.T("with a Close frame (%d, %s)", x.Code, handshake.CloseWords(x.Code))
		case handshake.ByFIN:
			words[key] = probes.T("with a bare FIN (clients see 1006)")
		case handshake.ByReset:
			words[key] = probes.T("with an RST (clients see 1006)")
		case handshake.BySilence:
			words[key] = probes.T("without a word: pings were not answered any more")
		default:
			words[key] = probes.T("in an unusual way (%s)", string(x.How))
		}
	}
	keys := make([]string, 0, len(count))
	for k := range count {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	out := probes.T("%d %s", count[keys[0]], words[keys[0]])
	for _, k := range keys[1:] {
		out = probes.T("%s, %d %s", out, count[k], words[k])
	}
	return out
}

// lastCause is why the last client that did not come back could not.
func lastCause(o Observation) probes.Text {
	for _, x := range slices.Backward(o.Outages) {
		if !x.Back && x.Cause.Kind != handshake.None {
			return x.Cause.Text
		}
	}
	return probes.T("they were still waiting for their next try")
}

func advice(o Observation, v Verdict, silent int) []probes.Text {
	var out []probes.Text
	nginx := strings.HasPrefix(strings.ToLower(o.Server), "nginx")
	switch {
	case silent > 0 && nginx:
		out = append(out, probes.T("nginx sends no Close frame: a reload leaves tunnels to its old workers and cuts them after worker_shutdown_timeout (never where it is not set), and a node that stops cuts its own"))
	case silent > 0:
		out = append(out, probes.T("let what stops say so: a service or a proxy that sends Close frames (1001, 1012) before it ends lets clients come back at once and on purpose"))
	}
	if v.Peak >= herd && v.Peak*2 > len(o.Outages) {
		out = append(out, probes.T("%d of them ended within one second, so their clients come back together: spread the ends (timeouts.drain of wsdoctor's proxy, close-spread-time in HAProxy), or let clients wait a random time", v.Peak))
	}
	if v.Kind == Stranded {
		out = append(out, probes.T("nothing took their place in time: see handshake/connect, or watch for longer"))
	}
	return out
}

// shares counts the clients of each backend before and after.
func shares(o Observation) []Share {
	var out []Share
	add := func(name string, change func(*Share)) {
		if name == "" {
			return
		}
		i := slices.IndexFunc(out, func(s Share) bool { return s.Backend == name })
		if i < 0 {
			i, out = len(out), append(out, Share{Backend: name})
		}
		change(&out[i])
	}
	for i := range o.Before {
		add(o.Before[i], func(s *Share) { s.Before++ })
		add(o.After[i], func(s *Share) { s.After++ })
	}
	slices.SortFunc(out, func(a, b Share) int { return strings.Compare(a.Backend, b.Backend) })
	return out
}
