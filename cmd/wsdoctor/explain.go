package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/catalog"
	"example.com/wsdoctor/probes/report"
	"github.com/spf13/cobra"
)

// explainWidth is the column at which explanations are broken: the width of a terminal that nobody has widened.
const explainWidth = 80

func explainCommand(a *app) *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "explain [ID|AREA]",
		Short: "say why a check exists, what it looks at and how to see its fix; without an ID, list them all",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("explain takes one ID, found %d: %s", len(args), strings.Join(args, " "))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, p := range catalog.All() {
				for _, r := range p.Rules {
					if len(args) == 0 && strings.HasPrefix(r.ID, typed) {
						out = append(out, r.ID+"\t"+r.Title)
					}
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if markdown {
				return explainAll(a.stdout, catalog.All())
			}
			return explain(a.stdout, catalog.All(), args, a.voice())
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "all checks as one document")
	_ = cmd.Flags().MarkHidden("markdown") // docs/checks.md is made with it
	return cmd
}

// explain writes about the check or the area that args name, or lists all checks. The error is a usageError where
// there is no such check.
func explain(w io.Writer, areas []probes.Probe, args []string, v voice) error {
	if len(args) == 0 {
		return listChecks(w, areas, v)
	}
	for _, p := range areas {
		if p.Area == args[0] {
			return listChecks(w, []probes.Probe{p}, v)
		}
		for _, r := range p.Rules {
			if r.ID == args[0] {
				return explainRule(w, p, areas, r, v)
			}
		}
	}
	if near := nearIDs(areas, args[0]); len(near) > 0 {
		return usagef("unknown check %q; did you mean %s?", args[0], strings.Join(near, " or "))
	}
	return usagef("unknown check %q; `wsdoctor explain` lists them", args[0])
}

func listChecks(w io.Writer, areas []probes.Probe, v voice) error {
	width := 0
	for _, p := range areas {
		for _, r := range p.Rules {
			width = max(width, len(r.ID))
		}
	}
	var b strings.Builder
	for i, p := range areas {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, r := range p.Rules {
			fmt.Fprintf(&b, "%-*s  %s\n", width, r.ID, v.text(probes.Phrase(r.Title).Text()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// explainAll writes docs/checks.md.
func explainAll(w io.Writer, areas []probes.Probe) error {
	var b strings.Builder
	b.WriteString("# The checks\n\nMade from the rules by `go test ./cmd/wsdoctor -run TestChecksDocument -update`; `wsdoctor explain ID` prints one of\nthem. Each line says the healthy state, and below it what goes wrong otherwise.\n")
	for _, p := range areas {
		fmt.Fprintf(&b, "\n## %s\n", p.Area)
		for _, r := range p.Rules {
			fmt.Fprintf(&b, "\n### %s\n\n✓ %s\n\n%s\n", r.ID, markdownText(r.Title), markdownText(r.Because().String()))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownText keeps a text as it reads.
func markdownText(s string) string {
	return strings.NewReplacer("<", "&lt;", "*", "\\*").Replace(s)
}

func explainRule(w io.Writer, p probes.Probe, areas []probes.Probe, r probes.RuleInfo, v voice) error {
	paragraphs := []string{v.say("%s: %s", r.ID, probes.Phrase(r.Title)), v.text(r.Because())}
	if len(p.Needs) > 0 {
		paragraphs = append(paragraphs, v.say("It is judged after %s, and skipped where a gate there fails.", strings.Join(p.Needs, ", ")))
	}
	if needy := dependants(areas, p.Area); r.Gate && len(needy) > 0 {
		paragraphs = append(paragraphs, v.say("It is a gate: where it fails, %s would only repeat the fault and is skipped.", strings.Join(needy, ", ")))
	}
	paragraphs = append(paragraphs, v.say("To see what it finds here, with the lines that mend it:")+"\n\n  wsdoctor check --only "+r.ID)
	for i, para := range paragraphs {
		paragraphs[i] = wrap(para, explainWidth)
	}
	_, err := fmt.Fprintln(w, strings.Join(paragraphs, "\n\n"))
	return err
}

// dependants returns the areas that need an area.
func dependants(areas []probes.Probe, area string) []string {
	var out []string
	for _, p := range areas {
		if slices.Contains(p.Needs, area) {
			out = append(out, p.Area)
		}
	}
	return out
}

// wrap breaks the lines of s that are too long.
func wrap(s string, width int) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		out = append(out, report.Wrap(line, width)...)
	}
	return strings.Join(out, "\n")
}

// nearIDs returns the ids that were most likely meant, also where their area was left out.
func nearIDs(areas []probes.Probe, typed string) []string {
	var ids, tails []string
	byTail := map[string][]string{}
	for _, p := range areas {
		for _, r := range p.Rules {
			_, tail, _ := strings.Cut(r.ID, "/")
			ids, tails = append(ids, r.ID), append(tails, tail)
			byTail[tail] = append(byTail[tail], r.ID)
		}
	}
	if id, ok := probes.Nearest(typed, ids); ok {
		return []string{id}
	}
	tail, _ := probes.Nearest(typed, tails)
	return byTail[tail]
}
