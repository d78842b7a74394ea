// Package stickiness finds out whether a balancer brings a client back to its backend, and by what: it reconnects from
// one address, with the cookies that it was given, from several addresses, with several X-Forwarded-For, and beside a
// connection that it holds, and compares which backend answers.
//
// It reads no configuration; what it says about the policy is what the answers look like from outside.
package stickiness

import (
	"context"
	"net/netip"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/handshake"
)

// goodbyeWait is how long the end of a connection is waited for, so that the balancer has counted it out before the
// next one comes.
const goodbyeWait = 500 * time.Millisecond

// A Way is how a series of connections was made.
type Way string

// The ways.
const (
	Plain     Way = "one_address"
	Cookie    Way = "with_cookie"
	Addresses Way = "several_addresses"
	Forwarded Way = "several_forwarded_for" // X-Forwarded-For made up, as a client could
	Held      Way = "beside_a_held_one"     // the first connection of the series stays open
)

// Options of Observe.
type Options struct {
	Request  handshake.Request
	N        int          // connections of each series; 0 means 10
	Sources  []netip.Addr // to connect from for the series Addresses; nil: it is left out
	Table    *backend.Table
	Progress func(way Way, done, total int)
}

// Series is the backends that answered, in order.
type Series struct {
	Way      Way      `json:"way"`
	Backends []string `json:"backends"` // as the answers name them
}

// Observation is what was seen.
type Observation struct {
	By     probes.Text     `json:"told_by"` // "": the backends could not be told apart
	Series []Series        `json:"series"`
	Cookie bool            `json:"cookie_set"`
	Failed int             `json:"failed"`         // connections that did not come about
	Cause  handshake.Cause `json:"cause,omitzero"` // of the first of them
}

// Observe makes the series one after the other; at most five times N connections, one at a time but for one that is
// held. The error is the cancellation of ctx.
func Observe(ctx context.Context, opts Options) (Observation, error) {
	if opts.N == 0 {
		opts.N = 10
	}
	r := run{ctx: ctx, opts: opts, sampler: backend.Sampler{Table: opts.Table}}
	r.series(Plain, opts.N, func(req *handshake.Request, _ int) {})
	if cookie := r.cookie; cookie != "" {
		r.series(Cookie, opts.N, func(req *handshake.Request, _ int) { header(req, "Cookie", cookie) })
	}
	if len(opts.Sources) > 0 {
		r.series(Addresses, opts.N, func(req *handshake.Request, i int) { req.From = opts.Sources[i%len(opts.Sources)] })
	}
	r.series(Forwarded, opts.N, func(req *handshake.Request, i int) {
		header(req, "X-Forwarded-For", netip.AddrFrom4([4]byte{10, byte(37 * (i + 1)), byte(11 * i), 1}).String())
	})
	r.series(Held, opts.N, func(req *handshake.Request, _ int) {})
	if ctx.Err() != nil {
		return r.o, ctx.Err()
	}
	return r.tell(), nil
}

func header(req *handshake.Request, name, value string) {
	req.Header = append(append([]handshake.Header(nil), req.Header...), handshake.Header{Name: name, Value: value})
}

type run struct {
	ctx     context.Context
	opts    Options
	o       Observation
	sampler backend.Sampler
	samples []backend.Sample
	ways    []Way // of each sample
	cookie  string
}

func (r *run) series(way Way, n int, edit func(*handshake.Request, int)) {
	for i := range n {
		if r.ctx.Err() != nil || r.o.Failed >= n { // a balancer that refuses everybody is not to be pestered
			return
		}
		req := r.opts.Request
		edit(&req, i)
		c, tr := handshake.Open(r.ctx, req)
		if r.opts.Progress != nil {
			r.opts.Progress(way, i+1, n)
		}
		if c == nil {
			if r.o.Failed++; r.o.Failed == 1 {
				r.o.Cause = tr.Cause
			}
			continue
		}
		s := r.sampler.Take(r.ctx, tr, c)
		r.samples, r.ways = append(r.samples, s), append(r.ways, way)
		if way == Plain && r.cookie == "" {
			r.cookie = s.Cookies()
		}
		if way == Held && i == 0 {
			defer c.Goodbye(goodbyeWait)
			continue
		}
		c.Goodbye(goodbyeWait)
	}
}

// tell names the backends of all samples together, so that the series can be compared.
func (r *run) tell() Observation {
	r.o.Cookie = r.cookie != ""
	by, names, ok := backend.Tell(r.samples)
	if !ok {
		return r.o
	}
	r.o.By = by
	for i, way := range r.ways {
		if last := len(r.o.Series) - 1; last < 0 || r.o.Series[last].Way != way {
			r.o.Series = append(r.o.Series, Series{Way: way})
		}
		s := &r.o.Series[len(r.o.Series)-1]
		s.Backends = append(s.Backends, names[i])
	}
	return r.o
}

// Words says how a series was made.
func (w Way) Words() probes.Text {
	switch w {
	case Plain:
		return probes.T("one client, without cookies")
	case Cookie:
		return probes.T("one client, with the cookies it was given")
	case Addresses:
		return probes.T("clients of several addresses")
	case Forwarded:
		return probes.T("one client, several X-Forwarded-For")
	}
	return probes.T("one client beside a tunnel that it holds")
}
