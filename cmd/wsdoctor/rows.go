package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/portconfig"
	"example.com/wsdoctor/wizard/finedb"
	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// rowsFlags say where the rows of fine_conf_entity are. A password has no flag: every user of a host can read a
// command line.
type rowsFlags struct {
	from, home string
	ask        bool
	mayAsk     bool // a question may be asked anyway: the screen is about to open
}

func (f *rowsFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "rows", "", "rows of fine_conf_entity: CSV or key=value, an HSQLDB's db.script, or postgres://user@host/finedb, mysql://… (`source`)")
	flags.StringVar(&f.home, "fine-home", "", "rows of the product in this `folder`: its embedded database, or the one that its db.properties names")
	flags.BoolVar(&f.ask, "ask-password", false, "ask for the database's password on the terminal (else: "+finedb.PasswordEnv+", or the product's db.properties)")
}

// readRows reads the rows that the flags name; nil where they name none. What is wrong with the source is a usageError.
func (a *app) readRows(ctx context.Context, f rowsFlags) (*cluster.Rows, error) {
	source, notes, err := f.source()
	switch {
	case err != nil:
		return nil, usageError{err}
	case source.Kind == "":
		return nil, nil
	}
	if source.TakesPassword() {
		if source, err = a.password(ctx, source, f); err != nil {
			return nil, err
		}
	}
	read, err := finedb.Read(ctx, source)
	if err != nil {
		return nil, usageError{err}
	}
	if source.Kind != finedb.File { // whoever names a file knows where its rows are from
		a.tellRows(read.Rows, append(notes, read.Notes...))
	}
	return &read.Rows, nil
}

func (f rowsFlags) source() (s finedb.Source, notes []probes.Text, err error) {
	switch {
	case f.from != "" && f.home != "":
		return s, nil, fmt.Errorf("--rows and --fine-home: found both, expected one of them")
	case f.from != "":
		s, err = finedb.Parse(f.from)
		if err != nil {
			err = fmt.Errorf("--rows: %w", err)
		}
	case f.home != "":
		var home finedb.Home
		if home, err = finedb.Find(f.home); err != nil {
			return s, nil, fmt.Errorf("--fine-home: %w", err)
		}
		s = home.InUse
		for _, u := range home.Unused {
			notes = append(notes, probes.T("%s is not read: the product does not use it", u.String()))
		}
	}
	return s, notes, err
}

// password fills in the password: the one of the prompt, else of the environment, else of the product's own file.
func (a *app) password(ctx context.Context, s finedb.Source, f rowsFlags) (finedb.Source, error) {
	env := a.env(finedb.PasswordEnv)
	switch {
	case f.ask && !a.stdinTTY:
		return s, usagef("--ask-password: standard input is no terminal; set %s instead", finedb.PasswordEnv)
	case f.ask, f.mayAsk && a.stdinTTY && env == "" && s.Password.IsZero():
		password, err := a.askPassword(ctx, s.String())
		s.Password = password
		return s, err
	case env != "":
		s.Password = finedb.NewSecret(env)
	}
	return s, nil
}

// askPassword reads a password from the terminal without showing it.
func (a *app) askPassword(ctx context.Context, of string) (finedb.Secret, error) {
	file, ok := a.stdin.(*os.File)
	if !ok {
		return finedb.Secret{}, usagef("--ask-password: standard input is no terminal; set %s instead", finedb.PasswordEnv)
	}
	// Raw before the prompt is shown: what is typed right behind it must not be shown either, and end with Enter.
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return finedb.Secret{}, fmt.Errorf("asking for a password: %w", err)
	}
	defer term.Restore(int(file.Fd()), before) //nolint:errcheck // the terminal is gone, or as it was
	line := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{file, a.stderr}, "")
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() { // a read of a terminal cannot be called off; it ends with the program
		text, err := line.ReadPassword(fmt.Sprintf("password of %s (not shown): ", of))
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		switch {
		case errors.Is(got.err, io.EOF): // ctrl+c, which a raw terminal hands on as a key; and ctrl+d
			return finedb.Secret{}, context.Canceled
		case got.err != nil:
			return finedb.Secret{}, usagef("asking for a password: %w", got.err)
		}
		return finedb.NewSecret(got.text), nil
	case <-ctx.Done():
		return finedb.Secret{}, ctx.Err()
	}
}

// tellRows says on stderr where each row is from; the report names the same places.
func (a *app) tellRows(rows cluster.Rows, notes []probes.Text) {
	a.tell("%s: %d of %d rows of %s hold ports", rows.File, len(rows.List), len(rows.List)+rows.Others, finedb.Table)
	for _, r := range rows.List {
		a.tell("  %s: %s = %s", rows.Place(r), portconfig.Visible(r.ID), portconfig.Visible(r.Value))
	}
	for _, n := range notes {
		a.tell("  %s", n)
	}
}
