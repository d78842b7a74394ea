package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/tui/setup"
	"example.com/wsdoctor/tui/theme"
	"example.com/wsdoctor/tui/widgets"
	"example.com/wsdoctor/wizard"
	"golang.org/x/term"
)

// pasteGap is how long after a line another one counts as pasted with it: a paste arrives at once, and nobody types a
// line this fast.
const pasteGap = 100 * time.Millisecond

// guide leads an operator through a session by lines alone: no cursor is moved and nothing is drawn over, so that it
// works on every terminal and with a screen reader.
type guide struct {
	a        *app
	s        *wizard.Session
	draw     bool        // the steps are asked on a screen
	in       *lineReader // nil: nobody is there to ask
	yes      bool        // every question that is no step is answered with yes
	commands bool        // commands may be run without anybody there
	path     string      // the settings file
	journal  *wizard.Journal

	again string // the answer to the present step that was objected to: given again, it is taken
}

var (
	// errInputEnded is the end of the input before the last answer.
	errInputEnded = errors.New("the input ended; the answers so far are kept, and `wsdoctor setup` goes on with them")
	errQuit       = errors.New("left")
)

// words renders what is said.
func (g *guide) words(t probes.Text) string { return t.In(g.a.translate()) }

func (g *guide) say(t probes.Text) {
	for _, line := range g.lines(t) {
		if width := g.width(); width > 0 && widgets.Width(line) > width {
			indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
			for _, part := range widgets.Wrap(line[len(indent):], width-len(indent), "") {
				fmt.Fprintln(g.a.stdout, indent+part)
			}
			continue
		}
		fmt.Fprintln(g.a.stdout, line)
	}
}

// paste shows what is to be copied or compared, as it is.
func (g *guide) paste(text string) {
	for _, line := range g.lines(probes.Verbatim(text)) {
		fmt.Fprintln(g.a.stdout, line)
	}
}

func (g *guide) lines(t probes.Text) []string {
	lines := strings.Split(g.words(t), "\n")
	for i := range lines {
		if lines[i] = probes.Printable(lines[i]); g.a.ascii() {
			lines[i] = probes.ASCII(lines[i])
		}
	}
	return lines
}

// width is that of a terminal that can be drawn on; 0 for others, whose reader may have lines of its own.
func (g *guide) width() int {
	f, ok := g.a.stdout.(*os.File)
	if !g.draw || !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// tell says what was found out.
func (g *guide) tell(found wizard.Found) {
	if found.Settings != "" {
		g.say(probes.T("settings are there already: %s", found.Settings))
	}
	for _, n := range found.Notes {
		g.say(probes.T("found: %s", n))
	}
}

// attended asks every step and then sees to the rest.
func (g *guide) attended(ctx context.Context) error {
	g.draw = g.a.stdinTTY && g.a.stdoutTTY && g.a.env("TERM") != "dumb" && g.a.env("ACCESSIBLE") == ""
	g.in = readLines(g.a.stdin)
	defer func() { g.in.stop() }()
	if !g.draw {
		g.tell(g.s.Draft().Found)
		g.say(probes.T("enter takes the suggestion in brackets; :back, :undo, :steps, :restart, :quit and :help work at every step"))
		if g.s.Resumed() {
			g.say(probes.T(goingOn + "; :restart begins anew"))
		}
	}
	if err := g.ask(ctx); err != nil {
		return g.leave(err)
	}
	return g.leave(g.finish(ctx))
}

// goingOn is said where answers of an earlier session are there.
const goingOn = "going on where the last session was"

// leave turns the end of a session into the program's.
func (g *guide) leave(err error) error {
	if errors.Is(err, errQuit) {
		g.say(probes.T("left; the answers so far are kept, and `wsdoctor setup` goes on with them"))
		return nil
	}
	return err
}

// ask goes through the steps until each has its answer: on a screen where the terminal can be drawn on, else by lines.
func (g *guide) ask(ctx context.Context) error {
	if g.draw {
		return g.askOnScreen(ctx)
	}
	shown := ""
	for {
		st, open := g.s.Step()
		if !open {
			return nil
		}
		if shown != st.ID {
			g.again = ""
			g.show(st)
			shown = st.ID
		}
		text, err := g.readAnswer(ctx, st)
		if err != nil {
			return err
		}
		if st.Secret && !strings.HasPrefix(text, ":") {
			if err := g.answer(ctx, text); err != nil {
				return err
			}
			continue
		}
		if word, isCommand := strings.CutPrefix(strings.TrimSpace(text), ":"); isCommand {
			if err := g.obey(word); err != nil {
				return err
			}
			shown = ""
			continue
		}
		if err := g.answer(ctx, text); err != nil {
			return err
		}
	}
}

// readAnswer reads the answer to a step, a password without showing it.
func (g *guide) readAnswer(ctx context.Context, st wizard.Step) (string, error) {
	if !st.Secret || !g.a.stdinTTY {
		return g.read(ctx, fmt.Sprintf("%s%s: ", st.ID, bracketed(g.s.Suggestion())))
	}
	g.in.stop()
	defer func() { g.in = readLines(g.a.stdin) }()
	password, err := g.a.askPassword(ctx, g.s.Draft().Taken.Locked)
	return password.Reveal(), err
}

func bracketed(suggestion string) string {
	if suggestion == "" {
		return ""
	}
	return " [" + suggestion + "]"
}

// askOnScreen lends the terminal to the screen of the steps.
func (g *guide) askOnScreen(ctx context.Context) error {
	g.in.stop()
	defer func() { g.in = readLines(g.a.stdin) }()
	// A terminal that is closed sends SIGHUP: it is to be left as cleanly as at ctrl+c.
	ctx, stop := g.a.hangUp(ctx)
	defer stop()
	o := setup.Options{Theme: theme.Options{ASCII: g.a.ascii(), NoColor: g.a.noColor, Translate: g.a.translate()}, Output: g.a.stdout}
	if g.s.Resumed() {
		o.Notes = append(o.Notes, probes.T(goingOn))
	}
	o.Notes = append(o.Notes, g.s.Draft().Found.Notes...)
	done, err := setup.Run(ctx, g.s, o)
	if err == nil && !done {
		err = errQuit
	}
	return err
}

// show writes a step: where one is, the question, why it is asked, and what may be answered.
func (g *guide) show(st wizard.Step) {
	d := g.s.Draft()
	at, of := g.s.Progress()
	g.say(probes.Text{})
	g.say(probes.T("step %d of %d: %s", at, of, st.Title))
	g.say(st.Ask(d))
	g.say(probes.T("  (%s)", st.Why))
	if st.Choices != nil {
		for i, c := range st.Choices(d) {
			g.say(probes.T("  %d  %s (%s)", i+1, c.Label, c.Value))
		}
	}
	if from := g.s.Origin(); !from.IsZero() {
		g.say(probes.T("  the suggestion is %s", from))
	}
}

// answer judges what was typed, looks at what it names on this host, and takes it.
func (g *guide) answer(ctx context.Context, text string) error {
	st, _ := g.s.Step()
	v := g.s.Judge(text)
	if v.OK() && st.ReadsMuch() {
		g.say(probes.T("  reading what is there"))
	}
	var seen wizard.Seen
	if v.OK() {
		seen = st.Look(ctx, v)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, why := range append(v.Refused, seen.Refused...) {
		g.say(probes.T("not taken: %s", why))
	}
	if !v.OK() || len(seen.Refused) > 0 {
		return nil
	}
	g.sights(seen)
	if len(seen.Objections) > 0 && g.again != v.Answer {
		for _, why := range seen.Objections {
			g.say(probes.T("not taken yet: %s", why))
		}
		if seen.Suggestion != "" {
			g.say(probes.T("  free and within every rule: %s", seen.Suggestion))
		}
		g.say(probes.T("  the same answer again is taken"))
		g.again = v.Answer
		return nil
	}
	for _, f := range v.Advice {
		g.say(probes.T("%s: %s", f.Severity, f.Title))
	}
	_, err := g.s.TakeSeen(text, seen)
	return err
}

// sights says what stands on the ports of an answer.
func (g *guide) sights(seen wizard.Seen) {
	for _, t := range seen.Told {
		g.say(probes.T("  %s", t))
	}
	for _, p := range seen.Ports {
		line := probes.T("port %d: %s", p.Port, p.Words)
		if left := time.Until(p.Until); !p.Until.IsZero() && left > 0 {
			line = probes.T("%s, %d s left", line, int(left.Seconds())+1)
		}
		g.say(probes.T("  %s", line))
		if !p.Wall.IsZero() {
			g.say(probes.T("  port %d: %s", p.Port, p.Wall))
		}
	}
}

// obey does what a word behind a colon says.
func (g *guide) obey(word string) error {
	var ok bool
	var err error
	switch word {
	case "back":
		if ok, err = g.s.Back(); !ok && err == nil {
			g.say(probes.T("this is the first step"))
		}
	case "undo":
		if ok, err = g.s.Undo(); !ok && err == nil {
			g.say(probes.T("there is nothing to undo in this session; :back goes one step back"))
		}
	case "steps":
		for _, given := range g.s.Given() {
			g.say(probes.T("  %s: %s", given.Step.ID, given.Answer))
		}
	case "restart":
		err = g.s.Restart()
	case "quit":
		return errQuit
	case "help":
		g.say(probes.T(":back asks the step before again, :undo takes the last answer back, :steps lists the answers, :restart forgets them,"))
		g.say(probes.T(":quit leaves and keeps them; Ctrl-C and a lost connection keep them too"))
	default:
		if ok, err = g.s.Goto(word); !ok && err == nil {
			g.say(probes.T("found %q, expected :back, :undo, :steps, :restart, :quit, :help or the name of a step", ":"+word))
		}
	}
	return err
}

// read asks for a line. On a terminal, lines that were pasted together are one answer.
func (g *guide) read(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(g.a.stdout, prompt)
	text, err := g.line(ctx)
	if err != nil || !g.a.stdinTTY {
		return text, err
	}
	for {
		gap := time.NewTimer(pasteGap)
		select {
		case line, more := <-g.in.lines:
			gap.Stop()
			if !more {
				return text, nil
			}
			text += "\n" + line
		case <-gap.C:
			return text, nil
		}
	}
}

func (g *guide) line(ctx context.Context) (string, error) {
	select {
	case <-ctx.Done():
		fmt.Fprintln(g.a.stdout)
		return "", ctx.Err()
	case line, ok := <-g.in.lines:
		if !ok {
			fmt.Fprintln(g.a.stdout)
			return "", errors.Join(g.in.err, errInputEnded)
		}
		return line, nil
	}
}

// confirm asks a question that is no step. Without anybody to ask, --yes is the answer.
func (g *guide) confirm(ctx context.Context, t probes.Text) (bool, error) {
	question := g.words(t)
	if g.yes || g.in == nil {
		word := "no"
		if g.yes {
			word = "yes"
		}
		g.say(probes.T("%s: %s", question, word))
		return g.yes, nil
	}
	for {
		text, err := g.read(ctx, probes.Printable(question)+" [yes]: ")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "", "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		case ":quit":
			return false, errQuit
		}
		g.say(probes.T("found %q, expected yes or no", strings.TrimSpace(text)))
	}
}
