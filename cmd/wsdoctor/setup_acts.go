package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/diagnosis"
	"example.com/wsdoctor/probes/report"
	"example.com/wsdoctor/wizard"
)

// errNotProven ends a session whose handshake did not come through, where nobody is there to mend it.
var errNotProven = errors.New("no handshake came through the balancer")

// finish shows what would be written, writes it, launches and proves it. Where something is to be mended it asks that
// step again and begins anew.
func (g *guide) finish(ctx context.Context) error {
	for {
		d := g.s.Draft()
		if d.Stop {
			g.say(probes.T("nothing has to be set up: let clients connect to the HTTP port"))
			return g.s.Finish()
		}
		done, err := g.act(ctx, d)
		if err != nil || done {
			return err
		}
		if err := g.ask(ctx); err != nil {
			return err
		}
	}
}

// act does everything once; it returns false where a step has been opened to be answered differently.
func (g *guide) act(ctx context.Context, d wizard.Draft) (done bool, err error) {
	plan, err := g.plan(d)
	if err != nil {
		return false, err
	}
	ok, err := g.review(ctx, plan)
	if err != nil || !ok {
		return !ok && g.in == nil, err
	}
	rep := g.preflight(ctx, d, len(plan.Files) > 1)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	plan.Commands = append(plan.Commands, hostCommands(rep)...)
	if worst := rep.Status(); worst == probes.Failed {
		ok, err := g.confirm(ctx, probes.T("some of this is not well yet; write nevertheless?"))
		if err != nil || !ok {
			return false, g.mend(ctx, err, "")
		}
	}
	err = g.write(ctx, plan)
	var refused *refusedError
	if errors.As(err, &refused) {
		return g.takeBack(ctx, refused)
	}
	if err != nil {
		return false, err
	}
	return g.launch(ctx, d)
}

// refusedError is a program that does not take what was written for it.
type refusedError struct {
	run, output string
	err         error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// takeBack puts back what a program did not take, because it would not start with it, and asks the step that can mend it.
func (g *guide) takeBack(ctx context.Context, e *refusedError) (done bool, err error) {
	step, why := wizard.MendCheck(e.output)
	g.say(probes.T("not taken by %s: %s", e.run, why))
	ok, err := g.confirm(ctx, probes.T("put the files back as they were?"))
	if err != nil {
		return false, err
	}
	if ok {
		err := g.journal.Undo(ctx, wizard.Shell, func(wizard.Entry) bool { return true }, func(x wizard.Entry, output string, err error) {
			if err != nil {
				g.say(probes.T("%s%s", output, err.Error()))
			} else if x.File != "" {
				g.say(probes.T("as it was: %s", x.File))
			}
		})
		if err != nil {
			return false, err
		}
	}
	if g.in == nil || g.yes {
		return false, e
	}
	if st, asked := g.s.Asked(step); !asked {
		step = st
	}
	return g.asked(ctx, step)
}

// review shows every file as a diff and asks whether to write them.
func (g *guide) review(ctx context.Context, p wizard.Plan) (bool, error) {
	g.say(probes.Text{})
	changes := 0
	for _, f := range p.Files {
		diff, err := f.Diff()
		if err != nil {
			return false, err
		}
		if diff == "" {
			g.say(probes.T("%s stays as it is", f.Path))
			continue
		}
		changes++
		g.paste(strings.TrimRight(diff, "\n"))
	}
	if changes == 0 {
		return true, nil
	}
	question := probes.T("write this file, after a look at this host?")
	if changes > 1 {
		question = probes.T("write these %d files, after a look at this host?", changes)
	}
	ok, err := g.confirm(ctx, question)
	if err != nil || ok {
		return ok, err
	}
	if g.in == nil {
		g.say(probes.T("nothing was written; --yes writes it"))
		return false, nil
	}
	return false, g.mend(ctx, nil, "")
}

// mend opens the step that is to be answered differently: the one given, else one that the operator names.
func (g *guide) mend(ctx context.Context, err error, step string) error {
	if err != nil {
		return err
	}
	for {
		if step == "" {
			var names []string
			for _, given := range g.s.Given() {
				names = append(names, given.Step.ID)
			}
			g.say(probes.T("which answer is to be another one? %s; or quit", strings.Join(names, ", ")))
			if step, err = g.read(ctx, "step: "); err != nil {
				return err
			}
		}
		step = strings.TrimPrefix(strings.TrimSpace(step), ":")
		if step == "quit" {
			return errQuit
		}
		if ok, err := g.s.Goto(step); ok || err != nil {
			return err
		}
		g.say(probes.T("found %q, expected the name of a step", step))
		step = ""
	}
}

// preflight runs the checks that can be run before anything is launched, and shows what is not well.
func (g *guide) preflight(ctx context.Context, d wizard.Draft, writes bool) probes.Report {
	cfg := d.Config
	if d.Embedded() || writes {
		cfg.Balancer.URL = "" // it does not serve these clients yet
	}
	progress := newProgress(g.a)
	rep := probes.Run(ctx, probes.Target{Config: cfg}, catalog.All(), probes.Options{
		Version: version, Diagnose: diagnosis.Diagnose,
		Selected: func(id string) bool {
			area, _, _ := strings.Cut(id, "/")
			return area != "balancer" && (!writes || area != string(cfg.Balancer.Kind)) // its files are about to change
		},
	}, progress.event)
	progress.clear()
	text, _ := report.Lookup("text")
	if err := text.Write(g.a.stdout, rep, report.Options{Short: true, ASCII: g.a.ascii(), Color: g.a.color(g.a.stdoutTTY), Translate: g.a.translate()}); err != nil {
		g.say(probes.Verbatim(err.Error()))
	}
	return rep
}

// readying lists the checks whose fixes make the host ready for what is being set up; the others' fixes are about
// other programs, or for a person to decide.
var readying = []string{"firewall/inbound", "portconfig/ephemeral-range", "kernel/somaxconn"}

// hostCommands takes the commands from what the checks found.
func hostCommands(rep probes.Report) []wizard.Command {
	var out []wizard.Command
	for _, r := range rep.Results {
		if slices.Contains(readying, r.ID) {
			out = append(out, wizard.FixCommands(r.Findings)...)
		}
	}
	return out
}

// write writes the files and runs the commands, each after a yes of its own.
func (g *guide) write(ctx context.Context, p wizard.Plan) error {
	if err := g.s.Apply(g.journal); err != nil {
		return err
	}
	for _, f := range p.Files {
		e, err := g.journal.Write(f)
		if err != nil {
			return err
		}
		switch {
		case e.File == "":
			continue
		case e.Backup != "":
			g.say(probes.T("wrote %s; as it was before: %s", f.Path, e.Backup))
		default:
			g.say(probes.T("wrote %s", f.Path))
		}
	}
	var why probes.Text
	for _, c := range p.Commands {
		if c.Why.String() == why.String() {
			c.Why = probes.Text{} // it was said of the command before
		} else {
			why = c.Why
		}
		if err := g.run(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// run runs one command after a yes of its own. One that fails ends the session: those behind it rest on it.
func (g *guide) run(ctx context.Context, c wizard.Command) error {
	if !c.Why.IsZero() {
		g.say(c.Why)
	}
	g.paste("  " + c.Run)
	if c.Undo != "" {
		g.paste("  " + g.words(probes.T("# to take it back: %s", c.Undo)))
	}
	if g.in == nil && !g.commands {
		g.say(probes.T("  not run (commands: none)"))
		return nil
	}
	if g.in != nil {
		if ok, err := g.confirm(ctx, probes.T("run it?")); err != nil || !ok {
			return err
		}
	}
	output, err := g.journal.Run(ctx, c, wizard.Shell)
	if output != "" {
		g.paste(output)
	}
	if err != nil && c.Check {
		return &refusedError{c.Run, output, err}
	}
	if err != nil {
		return fmt.Errorf("%w; `wsdoctor setup --undo%s` takes back what this run changed", err, configFlag(g.a.config))
	}
	return nil
}

// asked offers to mend what did not come through. Where nobody is there, that is the end.
func (g *guide) asked(ctx context.Context, step string) (done bool, err error) {
	if g.in == nil || g.yes {
		return false, errNotProven
	}
	ok, err := g.confirm(ctx, probes.T("change the answer to %q?", step))
	if err != nil {
		return false, err
	}
	if !ok {
		return true, g.goodbye()
	}
	return false, g.mend(ctx, nil, step)
}

// goodbye ends a session.
func (g *guide) goodbye() error {
	g.say(probes.Text{})
	g.say(probes.T("the same again, without a question:"))
	g.paste(g.equivalent())
	if entries, err := g.journal.Entries(); err == nil && len(entries) > 0 {
		g.say(probes.T("to take it back: wsdoctor setup --undo%s", configFlag(g.a.config)))
	}
	return g.s.Finish()
}

func configFlag(config string) string {
	if config == "" {
		return ""
	}
	return " --config " + config
}
