package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand is the program; each command is one file and one line in the list.
func rootCommand(a *app) *cobra.Command {
	var (
		check bool
		flags checkFlags
	)
	root := &cobra.Command{
		Use:   "wsdoctor",
		Short: "find out why a WebSocket service does not connect through its balancer",
		Long: `wsdoctor finds out why a WebSocket service does not connect through its balancer: which hop, which line, why, and
what to paste. Without a command it opens its screen; with --check it prints a report and sets the exit code.`,
		Example: `  wsdoctor
  wsdoctor --check --format json
  wsdoctor probe ws://192.168.6.181:38889/
  wsdoctor ports 38888 38889
  wsdoctor wait 38888 -- ./start.sh`,
		Version:       version, // makes cobra add --version
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				var names []string
				for _, c := range cmd.Commands() {
					names = append(names, c.Name())
				}
				return usagef("unknown command %q%s (`wsdoctor --help` lists them)", args[0], didYouMean(args[0], names))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if check {
				return a.check(cmd.Context(), &flags)
			}
			if !a.stdoutTTY || a.env("TERM") == "dumb" {
				fmt.Fprintln(a.stderr, "wsdoctor: standard output is no terminal to draw on: running as --check")
				return a.check(cmd.Context(), &flags)
			}
			return a.screens(cmd.Context(), &flags)
		},
	}
	root.SetVersionTemplate(versionLine())
	root.Flags().BoolVar(&check, "check", false, "run every check, print a report and exit with its code")
	flags.register(root.Flags())
	a.completeChecks(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return asUsage(err) })
	f := root.PersistentFlags()
	f.StringVar(&a.config, "config", "", "settings `file` (default: ./wsdoctor.yaml, then the user's, then /etc/wsdoctor/wsdoctor.yaml)")
	f.StringVar(&a.product, "product", "", "product whose defaults are used where there is no settings file")
	f.BoolVar(&a.noColor, "no-color", a.env("NO_COLOR") != "", "no colours (also: NO_COLOR)")
	f.Var(&a.lang, "lang", "`language` of what people read, "+strings.Join(languageTags(), " or ")+" (default: by LC_ALL, LC_MESSAGES or LANG)")
	_ = root.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languageTags(), cobra.ShellCompDirectiveNoFileComp))
	f.DurationVar(&a.timeout, "timeout", 0, "give up after this `duration`")
	root.AddCommand(
		checkCommand(a),
		setupCommand(a),
		probeCommand(a),
		balancerCommand(a),
		standinCommand(a),
		portsCommand(a),
		waitCommand(a),
		explainCommand(a),
		lintCommand(a),
		proxyCommand(a),
		demoCommand(a),
		bundleCommand(a),
		exportCommand(a),
		manCommand(a),
		versionCommand(a),
	)
	for _, c := range root.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(cmd *cobra.Command, args []string) error { return asUsage(check(cmd, args)) }
		}
	}
	return root
}

// asUsage marks an error of a command line as one for which nothing was checked.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}
