package tui

import (
	"maps"
	"slices"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/changes"
	tea "github.com/charmbracelet/bubbletea"
)

// runner runs areas, one run at a time, and sends what happens to one channel.
type runner struct {
	probes []probes.Probe
	opts   probes.Options
	now    func() time.Time
	work   *work
	events chan tea.Msg
}

// areaChanged is an event of the present run.
type areaChanged probes.Event

// runEnded is the end of a run.
type runEnded struct {
	areas []string
	raw   probes.Report // all that is known by now, without the diagnosis, as the base of the next run
	shown probes.Report // the same, diagnosed
	at    time.Time
}

// start returns a command that runs areas on t and merges what comes out into base.
func (r *runner) start(t probes.Target, base probes.Report, areas []string) tea.Cmd {
	return r.work.do(func() tea.Msg {
		o := r.opts
		o.Diagnose = nil // it has to see the whole report, not a part
		o.Selected = func(id string) bool {
			return slices.ContainsFunc(r.probes, func(p probes.Probe) bool {
				return slices.Contains(areas, p.Area) && has(p, id)
			}) && (r.opts.Selected == nil || r.opts.Selected(id))
		}
		fresh := probes.Run(r.work.ctx, t, r.probes, o, func(e probes.Event) { r.send(areaChanged(e)) })
		raw := r.merge(base, fresh, areas)
		shown := detached(raw)
		if r.opts.Diagnose != nil {
			r.opts.Diagnose(&shown)
		}
		r.send(runEnded{areas, raw, shown, r.now()})
		return nil
	})
}

func has(p probes.Probe, id string) bool {
	return slices.ContainsFunc(p.Rules, func(r probes.RuleInfo) bool { return r.ID == id })
}

// send hands m to next, unless the program is being left.
func (r *runner) send(m tea.Msg) {
	select {
	case r.events <- m:
	case <-r.work.ctx.Done():
	}
}

// next returns a command for what happens next.
func (r *runner) next() tea.Cmd {
	return r.work.do(func() tea.Msg {
		select {
		case m := <-r.events:
			return m
		case <-r.work.ctx.Done():
			return nil
		}
	})
}

// merge puts what a run of areas came to in the place of what base held of them. Start and duration are those of the
// run that looked last.
func (r *runner) merge(base, fresh probes.Report, areas []string) probes.Report {
	out := fresh
	byID := map[string]probes.Result{}
	for _, res := range slices.Concat(base.Results, fresh.Results) {
		byID[res.ID] = res
	}
	out.Results = nil
	for _, p := range r.probes {
		for _, rule := range p.Rules {
			if res, ok := byID[rule.ID]; ok {
				out.Results = append(out.Results, res)
			}
		}
	}
	out.Observed = map[string]any{}
	maps.Copy(out.Observed, base.Observed)
	for _, a := range areas {
		delete(out.Observed, a)
	}
	maps.Copy(out.Observed, fresh.Observed)
	return out
}

// detached returns a copy of r whose results a diagnosis may change.
func detached(r probes.Report) probes.Report {
	r.Results = slices.Clone(r.Results)
	for i := range r.Results {
		fs := slices.Clone(r.Results[i].Findings)
		for j := range fs {
			fs[j].Evidence = slices.Clip(fs[j].Evidence)
			fs[j].Fix = slices.Clip(fs[j].Fix)
		}
		r.Results[i].Findings = fs
	}
	return r
}

// changed says in one sentence what a run brought: what an operator wants to know after a repair.
func changed(all []changes.Change) probes.Text {
	switch len(all) {
	case 0:
		return probes.T("checked again: nothing has changed")
	case 1:
		return probes.T("checked again: %s: %s", all[0].Kind.Words(), all[0].ID)
	}
	return probes.T("checked again: %d changes, %s first: %s", len(all), all[0].Kind.Words(), all[0].ID)
}
