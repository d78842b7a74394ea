package rehearsal

import (
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/balancer/backend"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/wsclient"
)

// arrive notes a tunnel that was opened and returns its number.
func (r *rehearsal) arrive(id int, tr handshake.Trace) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	var s backend.Sample
	if b := tr.Best(); b != nil && b.Response != nil {
		s.Header = b.Response.Header
	}
	r.samples = append(r.samples, s)
	r.clients[id].now = len(r.samples) - 1
	r.calmed = time.Now()
	return r.clients[id].now
}

// greeting notes the first message of a tunnel, by which backends may be told apart.
func (r *rehearsal) greeting(n int, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.samples[n].Message == "" {
		r.samples[n].Message = text
	}
}

// leave notes the end of a tunnel.
func (r *rehearsal) leave(id, n int, end wsclient.End) *outage {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Now()
	r.clients[id].now = -1
	r.o.Outages = append(r.o.Outages, Outage{At: probes.Seconds(at.Sub(r.began)), How: end.How, Code: end.Code, sample: n, into: -1})
	return &outage{r, len(r.o.Outages) - 1, id, at}
}

// outage is one Outage under way.
type outage struct {
	r  *rehearsal
	i  int
	id int
	at time.Time
}

func (o *outage) update(change func(*Outage)) {
	o.r.mu.Lock()
	defer o.r.mu.Unlock()
	change(&o.r.o.Outages[o.i])
}

func (o *outage) tries() (n int) {
	o.update(func(x *Outage) { n = x.Tries })
	return n
}

func (o *outage) failed(c handshake.Cause) {
	o.update(func(x *Outage) { x.Tries++; x.Cause = c })
}

// back notes the tunnel that follows, and returns its number.
func (o *outage) back(tr handshake.Trace) int {
	o.update(func(x *Outage) { x.Tries++; x.Back, x.After = true, probes.Seconds(time.Since(o.at)) })
	n := o.r.arrive(o.id, tr)
	o.update(func(x *Outage) { x.into = n })
	return n
}

// name tells which backend each tunnel was on, once all are gone.
func (r *rehearsal) name(held []client) {
	by, names, ok := backend.Tell(r.samples)
	if !ok {
		return
	}
	of := func(n int) string {
		if n < 0 {
			return ""
		}
		return names[n]
	}
	r.o.By = by
	for _, c := range held {
		r.o.Before, r.o.After = append(r.o.Before, of(c.first)), append(r.o.After, of(c.now))
	}
	for i := range r.o.Outages {
		x := &r.o.Outages[i]
		x.From, x.To = of(x.sample), of(x.into)
	}
}
