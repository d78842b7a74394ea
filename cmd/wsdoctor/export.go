package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/firewall"
	kernel "example.com/wsdoctor/probes/sysctl"
	"example.com/wsdoctor/wizard/export"
	"github.com/spf13/cobra"
)

// exportFlags are the flags of export.
type exportFlags struct {
	options  export.Options
	firewall string
	dialect  string
	rows     rowsFlags
	output   string
}

func exportCommand(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export [TARGET]",
		Short: "the same set-up for another system; without TARGET, list the targets",
		Long: `Writes the set-up that the settings describe for another system: a balancer's configuration, units, rules, SQL. It goes
to standard output, and the commands that apply it and take it back to standard error; nothing is run, and nothing written
but below --output.`,
		Example: `  wsdoctor export
  wsdoctor export nginx > /etc/nginx/nginx.conf
  wsdoctor export systemd --output units
  wsdoctor export finedb-sql --dialect mysql --rows rows.csv`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, t := range export.Targets {
				if len(args) == 0 && strings.HasPrefix(t.Name, typed) {
					out = append(out, t.Name+"\t"+t.Title)
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listTargets(a.stdout, a.voice())
			}
			return a.export(cmd.Context(), args[0], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "write the files into this `folder`, which must have none of them yet")
	fl.BoolVar(&f.options.Fragment, "fragment", false, "nginx, haproxy: only the part for this service, for a balancer that has others")
	fl.StringVar(&f.firewall, "firewall", "", "firewall: the `tool` that keeps the rules ("+joined(firewall.Managers)+"; default: the one of this host)")
	fl.StringVar(&f.dialect, "dialect", "", "finedb-sql: the `database` ("+joined(export.Dialects)+")")
	f.rows.register(fl)
	fl.StringVar(&f.options.Program, "program", "", "systemd, ansible: absolute `path` of wsdoctor on the hosts (default /usr/local/bin/wsdoctor)")
	fl.StringVar(&f.options.Settings, "settings-path", "", "systemd, ansible, settings: absolute `path` of the settings on the hosts (default /etc/wsdoctor/wsdoctor.yaml)")
	fl.StringVar(&f.options.Image, "image", "", "kubernetes: container `image` with wsdoctor in it (default wsdoctor:latest)")
	fl.StringVar(&f.options.Namespace, "namespace", "", "kubernetes, ingress-nginx, gateway: `name` of the namespace")
	return cmd
}

func joined[S ~string](list []S) string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

func listTargets(w io.Writer, v voice) error {
	width := 0
	for _, t := range export.Targets {
		width = max(width, len(t.Name))
	}
	for _, t := range export.Targets {
		if _, err := fmt.Fprintf(w, "%-*s  %s\n", width, t.Name, v.text(probes.Phrase(t.Title).Text())); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) export(ctx context.Context, name string, f exportFlags) error {
	target, ok := export.Lookup(name)
	if !ok {
		var names []string
		for _, t := range export.Targets {
			names = append(names, t.Name)
		}
		return usagef("unknown target %q%s (`wsdoctor export` lists them)", name, didYouMean(name, names))
	}
	cfg, _, err := a.settings()
	if err != nil {
		return err
	}
	o := f.options
	o.Firewall, o.Dialect = firewall.Manager(f.firewall), export.Dialect(f.dialect)
	host := probes.Target{Config: cfg}
	if o.Rows, err = a.readRows(ctx, f.rows); err != nil {
		return err
	}
	switch name {
	case "firewall":
		if f.firewall == "" {
			if o.Firewall, err = a.firewallHere(ctx, host); err != nil {
				return err
			}
		}
	case "sysctl":
		o.Sysctl = parametersHere(ctx, host)
	}
	files, err := target.Render(cfg, o)
	if err != nil {
		return usageError{err}
	}
	if f.output != "" {
		if err := writeFiles(f.output, files); err != nil {
			return err
		}
	} else if err := a.printFiles(files); err != nil {
		return err
	}
	a.printSteps(files)
	return nil
}

// firewallHere asks which tool keeps the rules of this host.
func (a *app) firewallHere(ctx context.Context, host probes.Target) (firewall.Manager, error) {
	o, err := firewall.Observe(ctx, host)
	if err != nil {
		return "", usagef("the tool that keeps this host's rules is not known (%w): name it with --firewall, one of %s", err, joined(firewall.Managers))
	}
	for _, m := range o.Managers {
		if slices.Contains(firewall.Managers, m) {
			return m, nil
		}
	}
	return "", usagef("no tool keeps rules on this host: nothing has to be opened; for another host name its tool with --firewall, one of %s", joined(firewall.Managers))
}

// parametersHere returns the kernel parameters of a host that the settings speak of; nil where this is none.
func parametersHere(ctx context.Context, host probes.Target) map[string]string {
	if !host.Place(ctx).Here() || kernel.Available(host) != nil {
		return nil
	}
	out := map[string]string{}
	for _, key := range export.SysctlKeys {
		if v, err := kernel.Read(host, key); err == nil {
			out[key] = v
		}
	}
	return out
}

// printFiles prints one file as it is, and several with a comment between them.
func (a *app) printFiles(files []export.File) error {
	for i, f := range files {
		if len(files) > 1 {
			comment := "#"
			if filepath.Ext(f.Name) == ".sql" {
				comment = "--"
			}
			place := f.Path
			if place == "" {
				place = f.Name
			}
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			fmt.Fprintf(a.stdout, "%s ===== %s (%s) =====\n", comment, place, f.On)
		}
		if _, err := a.stdout.Write(f.Data); err != nil {
			return err
		}
	}
	return nil
}

// printSteps says what applies the files and what takes that back.
func (a *app) printSteps(files []export.File) {
	for _, f := range files {
		if f.Path != "" {
			fmt.Fprintln(a.stderr, a.voice().say("# belongs at %s (%s)", f.Path, f.On))
		}
	}
	var undo, again []string
	for _, f := range files {
		if f.Path == "" {
			continue // its lines are what was printed
		}
		for _, s := range f.Steps {
			fmt.Fprintln(a.stderr, s.Do)
			if s.Undo != "" {
				undo = append(undo, s.Undo)
			}
			if s.Again {
				again = append(again, s.Do)
			}
		}
	}
	slices.Reverse(undo)
	for _, line := range undo {
		fmt.Fprintln(a.stderr, a.voice().say("# to take it back: %s", line))
	}
	for _, line := range again {
		fmt.Fprintln(a.stderr, a.voice().say("# and once the old files are back: %s", line))
	}
}

// writeFiles puts the files into a folder, over none that is there.
func writeFiles(dir string, files []export.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usageError{fmt.Errorf("writing the export: %w", err)}
	}
	for _, f := range files {
		file, err := os.OpenFile(filepath.Join(dir, f.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode)
		if err != nil {
			return usageError{fmt.Errorf("writing the export: %w", err)}
		}
		_, err = file.Write(f.Data)
		if cerr := file.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("writing the export: %w", err)
		}
	}
	return nil
}
