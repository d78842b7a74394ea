package nginx

import (
	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/model"
)

// Walks returns the walk of each named path through each server; without named paths, that of each site.
func (in *Input) Walks() []lint.Walk {
	var out []lint.Walk
	for _, r := range in.reaches {
		out = append(out, walkOf(r.Path, r.Out))
	}
	if len(in.reaches) == 0 {
		for _, s := range in.sites {
			if s.Path != "" {
				out = append(out, walkOf(s.Path, in.Model.WalkIn(s.Server, model.Request{Host: hostFor(s.Server), Path: s.Path})))
			}
		}
	}
	return out
}

func walkOf(path string, o model.Outcome) lint.Walk {
	w := lint.Walk{Path: path, What: "server", Server: o.Server.Title(), Kind: o.Kind.String()}
	for _, s := range o.Steps {
		step := lint.WalkStep{Text: s.Text}
		if s.At.Line > 0 {
			step.At = where(s.At)
		}
		w.Steps = append(w.Steps, step)
	}
	for _, d := range o.Doubts {
		w.Doubts = append(w.Doubts, place(d)+": "+d.Head())
	}
	switch o.Kind {
	case model.Proxied:
		w.End = probes.T("proxied to %s://%s in HTTP/%s, asked for %s", o.Scheme, o.Address, o.Version, o.UpstreamURI)
		for _, h := range o.Headers {
			v := h.Value
			if !h.Known {
				v = h.By.Arg(1)
			}
			w.Headers = append(w.Headers, h.Name+": "+v)
		}
	case model.Redirect:
		w.End = probes.T("nginx answers %d to %s", o.Status, o.To)
	case model.Static:
		w.End = probes.T("looked for on disk")
	case model.Gateway, model.Opaque:
		w.End = probes.T("answered by %s", o.By.Name)
	default:
		w.End = probes.T("nginx answers %d", o.Status)
	}
	return w
}
