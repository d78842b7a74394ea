package distribution

import (
	"math"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
)

// significant is the probability below which a spread is not taken for chance.
const significant = 0.01

// Kind names a verdict. The values are stable.
type Kind string

// The verdicts.
const (
	Unknown  Kind = "unknown"
	Even     Kind = "even" // as the weights say, or as chance has it
	OneOnly  Kind = "one_backend"
	Missing  Kind = "missing_backend" // a backend gets nobody, or gets nobody any more
	Uneven   Kind = "uneven"
	TooFew   Kind = "too_few"  // clients to say anything
	Refusals Kind = "refusals" // so many failed that the rest says nothing
)

// Share is how many clients a backend has.
type Share struct {
	Backend  string  `json:"backend"`
	Clients  int     `json:"clients"`
	Expected float64 `json:"expected"` // by its weight
}

// Verdict is what an Observation says.
type Verdict struct {
	Kind   Kind        `json:"kind"`
	Shares []Share     `json:"shares"` // the most clients first
	Chi2   float64     `json:"chi_square"`
	P      float64     `json:"p"` // that chance alone spreads as unevenly
	Text   probes.Text `json:"text"`
	// Likely are causes that lead to such a picture, the most likely first.
	Likely []probes.Text `json:"likely_causes,omitempty"`
}

// Judge compares the shares with what the weights ask for. weights is by backend, as the answers name them; one that
// is missing has weight 1. backends is how many the balancer should have; 0: not known. It is pure.
func Judge(o Observation, weights map[string]int, backends int) Verdict {
	v := Verdict{P: 1}
	switch {
	case o.By.IsZero() && o.Opened == 0:
		v.Kind, v.Text = Unknown, probes.T("no connection came about: %s", o.Cause.Text)
		return v
	case o.By.IsZero():
		v.Kind, v.Text = Unknown, backend.Untold()
		return v
	}
	v.Shares = shares(o.Clients, weights)
	n, k := len(o.Clients), len(v.Shares)
	expected := max(backends, k)
	v.Chi2, v.P = chiSquare(v.Shares, expected-k)
	switch {
	case o.Failed*2 > n:
		v.Kind, v.Text = Refusals, probes.T("%d of %d clients were refused: %s", o.Failed, n+o.Failed, o.Cause.Text)
	case n < 5*expected: // the usual bound below which chi-square says nothing
		v.Kind, v.Text = TooFew, probes.T("%d clients are too few for %d backends, expected %d or more", n, expected, 5*expected)
	case k == 1 && expected > 1:
		v.Kind, v.Text = OneOnly, probes.T("all %d clients are on %s, expected %d backends", n, v.Shares[0].Backend, expected)
		v.Likely = oneOnly(o)
	case k == 1:
		v.Kind, v.Text = Even, probes.T("all %d clients are on %s, the only backend that is known", n, v.Shares[0].Backend)
	case k < expected:
		v.Kind, v.Text = Missing, probes.T("the clients are on %d backends, expected %d: %d get nobody", k, expected, expected-k)
		v.Likely = out()
	case v.P >= significant:
		v.Kind, v.Text = Even, probes.T("%d clients are spread over %d backends as their weights say", n, k)
	default:
		if gone := stopped(o.Clients, v.Shares); len(gone) > 0 {
			v.Kind, v.Text = Missing, probes.T("%s got clients at first and then none any more", strings.Join(gone, ", "))
			v.Likely = out()
			return v
		}
		v.Kind, v.Text = Uneven, probes.T("%d clients are spread over %d backends as chance would do it once in %.0f times", n, k, math.Min(1/v.P, 1e6))
		v.Likely = uneven(o)
	}
	return v
}

func oneOnly(o Observation) []probes.Text {
	hash := probes.T("the balancer hashes the address and sees one only (ip_hash looks at the first three octets of IPv4: everybody behind one NAT or one proxy is one client)")
	rest := []probes.Text{
		probes.T("the other backends are out: they failed once, and max_fails is 1 unless told otherwise"),
		probes.T("the upstream lists one backend only, or the others are backup or down"),
	}
	if o.Sources > 1 {
		return append(rest, probes.T("the balancer hashes something that all clients share, such as the URI or the Host"))
	}
	return append([]probes.Text{hash}, rest...)
}

func out() []probes.Text {
	return []probes.Text{
		probes.T("the balancer has ejected them: one failure is enough, unless max_fails says otherwise, and they are out for fail_timeout (10 s)"),
		probes.T("they do not listen where the balancer looks; see handshake/connect"),
		probes.T("they are not in the balancer's list, or are marked backup or down"),
	}
}

func uneven(o Observation) []probes.Text {
	causes := []probes.Text{
		probes.T("backends were ejected after a failure (max_fails is 1 unless told otherwise) and taken up again after fail_timeout: their clients went to the others"),
		probes.T("weights differ from those in the settings"),
	}
	if o.Sources < 20 {
		causes = append([]probes.Text{probes.T("the balancer hashes addresses, and %d of them are too few to spread evenly", o.Sources)}, causes...)
	}
	return causes
}

// shares counts the clients of each backend.
func shares(clients []string, weights map[string]int) []Share {
	count := map[string]int{}
	total := 0
	weight := func(b string) int {
		if w, ok := weights[b]; ok {
			return w
		}
		return 1
	}
	for _, c := range clients {
		count[c]++
	}
	for b := range count {
		total += weight(b)
	}
	var out []Share
	for b, n := range count {
		out = append(out, Share{b, n, float64(len(clients)*weight(b)) / float64(max(total, 1))})
	}
	slices.SortFunc(out, func(a, b Share) int {
		if a.Clients != b.Clients {
			return b.Clients - a.Clients
		}
		return strings.Compare(a.Backend, b.Backend)
	})
	return out
}

// stopped lists backends that had their share of the first clients and none of the last two thirds: what is ejected
// while clients come looks so.
func stopped(clients []string, all []Share) []string {
	var out []string
	for _, s := range all {
		last := 0
		for i, c := range clients {
			if c == s.Backend {
				last = i
			}
		}
		if last*3 < len(clients) && s.Expected >= 5 {
			out = append(out, s.Backend)
		}
	}
	slices.Sort(out)
	return out
}

// chiSquare is Pearson's test against the expected numbers, with empty more backends that got nobody.
func chiSquare(all []Share, empty int) (x, p float64) {
	n := 0
	for _, s := range all {
		n += s.Clients
	}
	// The backends that got nobody take their part of what was expected.
	scale := float64(len(all)) / float64(len(all)+empty)
	for _, s := range all {
		e := s.Expected * scale
		if e > 0 {
			x += (float64(s.Clients) - e) * (float64(s.Clients) - e) / e
		}
	}
	x += float64(n) * (1 - scale)
	freedom := len(all) + empty - 1
	if freedom < 1 {
		return 0, 1
	}
	return x, upperGamma(float64(freedom)/2, x/2)
}

// upperGamma is the regularised incomplete gamma function Q(a, x), the upper tail of chi-square (Abramowitz and Stegun
// 26.4.19, computed by their 6.5.29 below a+1 and by the continued fraction 6.5.31 above).
func upperGamma(a, x float64) float64 {
	const steps, tiny = 1000, 1e-300
	if x <= 0 {
		return 1
	}
	lg, _ := math.Lgamma(a)
	front := math.Exp(a*math.Log(x) - x - lg)
	if x < a+1 {
		term := 1 / a
		sum := term
		for n := 1; n < steps && term > sum*1e-14; n++ {
			term *= x / (a + float64(n))
			sum += term
		}
		return 1 - front*sum
	}
	b := x + 1 - a
	c, d := 1/tiny, 1/b
	h := d
	for i := 1; i < steps; i++ {
		an := -float64(i) * (float64(i) - a)
		b += 2
		d = 1 / nonZero(an*d+b, tiny)
		c = nonZero(b+an/c, tiny)
		h *= d * c
		if math.Abs(d*c-1) < 1e-14 {
			break
		}
	}
	return front * h
}

func nonZero(v, tiny float64) float64 {
	if math.Abs(v) < tiny {
		return tiny
	}
	return v
}
