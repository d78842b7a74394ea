package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard"
	"example.com/wsdoctor/wizard/finedb"
	"github.com/spf13/cobra"
)

// setupFlags are the flags of `wsdoctor setup`.
type setupFlags struct {
	answers string
	yes     bool
	undo    bool
}

func setupCommand(a *app) *cobra.Command {
	var f setupFlags
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "the wizard: from nothing to a set-up that is proven by a handshake",
		Long: `Setup finds out what it can about this host, asks the rest step by step, and shows each file as a diff before it
writes anything. Then it launches the embedded proxy, if that is the balancer, and opens a WebSocket through it.

Each answer is kept in .wsdoctor.yaml.setup beside the settings, so that a session whose connection dropped goes on
where it was; the file is gone at the end. What was changed can be taken back: wsdoctor setup --undo.

Without a terminal, --answers FILE --yes takes the answers from a YAML file with a step a line; a step that it leaves
out has its suggestion. Commands that change this host run only with "commands: all" in it.`,
		Example: `  wsdoctor setup
  wsdoctor setup --undo
  wsdoctor setup --yes --answers - <<'END'
  product: generic
  nodes: 10.0.0.1
  END`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.setup(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.answers, "answers", "", "take the answers from this `file`; - is stdin")
	flags.BoolVar(&f.yes, "yes", false, "yes to every question that is no step: write, launch")
	flags.BoolVar(&f.undo, "undo", false, "take the last run back")
	return cmd
}

// setupPath is the settings file that set-up reads and writes: that of --config, else the first that is there, else
// one in the working folder.
func (a *app) setupPath() (path string, there bool, err error) {
	places := a.settingsPlaces()
	if a.config != "" {
		places = []string{a.config}
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			path, err = filepath.Abs(p)
			return path, true, err
		}
	}
	path, err = filepath.Abs(places[0])
	return path, false, err
}

func (a *app) setup(ctx context.Context, f setupFlags) error {
	path, there, err := a.setupPath()
	if err != nil {
		return fmt.Errorf("finding the folder for the settings: %w", err)
	}
	if f.undo {
		return a.setupUndo(ctx, f, path)
	}
	found, err := a.detected(ctx, path, there)
	if err != nil {
		return err
	}
	g := &guide{a: a, path: path, yes: f.yes, journal: wizard.JournalFor(path)}
	if f.answers != "" || f.yes {
		return g.unattended(ctx, found, f)
	}
	if g.s, err = wizard.New(found, wizard.StoreFor(path)); err != nil {
		return err
	}
	return g.attended(ctx)
}

// detected is what can be found out beside the settings file that set-up reads and writes.
func (a *app) detected(ctx context.Context, path string, there bool) (wizard.Found, error) {
	had, _, err := a.settings()
	if err != nil && there {
		return wizard.Found{}, err
	}
	if !there {
		had, path = cluster.Default(cluster.FineReport), ""
	}
	found := wizard.Detect(ctx, probes.Target{Config: had}, path)
	found.Password = finedb.NewSecret(a.env(finedb.PasswordEnv))
	return found, nil
}

// session opens the wizard for the screens, with the answers of an earlier session where there are any.
func (a *app) session(ctx context.Context) (*wizard.Session, error) {
	path, there, err := a.setupPath()
	if err != nil {
		return nil, fmt.Errorf("finding the folder for the settings: %w", err)
	}
	found, err := a.detected(ctx, path, there)
	if err != nil {
		return nil, err
	}
	return wizard.New(found, wizard.StoreFor(path))
}

// unattended answers from a file, and stops at the first answer that does not hold.
func (g *guide) unattended(ctx context.Context, found wizard.Found, f setupFlags) error {
	raw, name := []byte(nil), "the suggestions"
	var err error
	switch f.answers {
	case "":
	case "-":
		name = "stdin"
		raw, err = io.ReadAll(io.LimitReader(g.a.stdin, 1<<20))
	default:
		name = f.answers
		raw, err = os.ReadFile(f.answers)
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return usagef("reading %s: %w", name, err)
	}
	if g.s, err = wizard.New(found, nil); err != nil {
		return err
	}
	if g.commands, err = g.s.Fill(ctx, name, raw, g.a.databasePassword(f.answers)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return usageError{err}
	}
	g.tell(found)
	for _, given := range g.s.Given() {
		g.say(probes.T("%s: %s", given.Step.ID, given.Answer))
	}
	if !f.yes && g.a.stdinTTY && f.answers != "-" {
		g.in = readLines(g.a.stdin)
		defer g.in.stop()
	}
	return g.finish(ctx)
}

// databasePassword asks for the password of a database where somebody is at the terminal and the answers come from
// elsewhere.
func (a *app) databasePassword(answers string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, database string) (string, error) {
		if !a.stdinTTY || answers == "-" {
			return "", fmt.Errorf("set %s", finedb.PasswordEnv)
		}
		password, err := a.askPassword(ctx, database)
		return password.Reveal(), err
	}
}

// setupUndo takes the last run back, the last change first.
func (a *app) setupUndo(ctx context.Context, f setupFlags, path string) error {
	g := &guide{a: a, path: path, yes: f.yes, journal: wizard.JournalFor(path)}
	if !f.yes {
		g.in = readLines(a.stdin)
		defer g.in.stop()
	}
	var stop error
	err := g.journal.Undo(ctx, wizard.Shell, func(e wizard.Entry) bool {
		if stop != nil {
			return false
		}
		what := probes.T("put back %s", e.File)
		switch {
		case e.File != "" && e.Backup == "":
			what = probes.T("remove %s, which was not there before", e.File)
		case e.File == "" && e.Undo == "":
			what = probes.T("nothing undoes: %s", e.Run)
		case e.File == "":
			what = probes.T("run: %s", e.Undo)
		}
		yes, err := g.confirm(ctx, what)
		stop = err
		return yes
	}, func(e wizard.Entry, output string, err error) {
		if output != "" {
			g.say(probes.Verbatim(output))
		}
		if err != nil {
			g.say(probes.Verbatim(err.Error()))
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("there is nothing to take back: no %s", g.journal.Path())
	}
	if err == nil && stop == nil {
		g.say(probes.T("done"))
	}
	return errors.Join(err, stop)
}

// equivalent is the command that does the same again without a question.
func (g *guide) equivalent() string {
	answers := g.s.Answers()
	if g.commands {
		answers += wizard.CommandsKey + ": all\n"
	}
	config := ""
	if g.a.config != "" {
		config = " --config '" + strings.ReplaceAll(g.a.config, "'", `'\''`) + "'"
	}
	return fmt.Sprintf("wsdoctor setup%s --yes --answers - <<'END'\n%sEND", config, answers)
}
