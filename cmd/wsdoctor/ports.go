package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/handshake"
	"example.com/wsdoctor/probes/ports"
	"github.com/spf13/cobra"
)

func portsCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "ports [PORT...]",
		Short: "show who holds each port, what the last server left on it, and who can bind it",
		Long: `Ports shows the ports of the settings that matter on this host, or those named: free, or held and by whom; connections
in TIME_WAIT and how long they last; outgoing connections that took the port; and who can bind it now. It only looks.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usagef("--format: found %q, expected text or json", format)
			}
			list, err := parsePorts(args)
			if err != nil {
				return err
			}
			cfg, _, err := a.settings()
			if err != nil {
				return err
			}
			seen, err := ports.Observe(cmd.Context(), probes.Target{Config: cfg}, ports.Options{Ports: list, Upgrades: handshake.Upgrades})
			if err != nil {
				return err
			}
			if format == "json" {
				return writePortsJSON(a.stdout, seen)
			}
			return writePorts(a.stdout, seen)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	return cmd
}

func writePortsJSON(w io.Writer, seen ports.Observation) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		Schema string `json:"schema"`
		ports.Observation
		Findings []finding `json:"findings"`
	}{"wsdoctor/ports/v1", seen, findings(seen)})
}

// finding is a probes.Finding as the report has it.
type finding struct {
	Severity probes.Severity `json:"severity"`
	Subject  string          `json:"subject"`
	Title    probes.Text     `json:"title"`
	Fix      []probes.Text   `json:"fix"`
}

func findings(seen ports.Observation) []finding {
	out := []finding{}
	for _, f := range ports.Explain(seen) {
		out = append(out, finding{f.Severity, f.Subject, f.Title, f.Fix})
	}
	return out
}

func writePorts(w io.Writer, seen ports.Observation) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PORT\tFOR\tSTATE\tLISTENS ON\tHELD BY\tTIME-WAIT\tBIND NOW")
	for _, p := range seen.Ports {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Port, roleNames(p), p.State, listensOn(p), heldBy(p), timeWaitCell(p, seen.Timers), bindNow(p))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, f := range ports.Explain(seen) {
		fmt.Fprintf(w, "\n%s: %s\n", f.Severity, f.Title)
		for _, e := range f.Evidence {
			fmt.Fprintf(w, "    %s: %s\n", e.Where, e.Saw)
		}
		for _, line := range f.Fix {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if len(seen.Unseen) > 0 {
		fmt.Fprintln(w)
	}
	for _, t := range seen.Unseen {
		fmt.Fprintf(w, "not seen: %s\n", t)
	}
	return nil
}

func roleNames(p ports.Port) string {
	names := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

// none fills a cell that has nothing to say.
const none = "-"

func listensOn(p ports.Port) string {
	var parts []string
	for _, l := range p.Listeners {
		parts = append(parts, l.Addr.Addr().String())
	}
	if parts == nil {
		return none
	}
	return strings.Join(parts, ",")
}

// heldBy names the first process on the port: the listener, else that of an outgoing or a bound socket.
func heldBy(p ports.Port) string {
	for _, l := range p.Listeners {
		return processCell(l.Processes, l.Hidden)
	}
	for _, c := range append(p.Outgoing, p.Bound...) {
		return processCell(c.Processes, c.Hidden)
	}
	return none
}

func processCell(list []ports.Process, hidden probes.Text) string {
	if len(list) == 0 {
		return hidden.String()
	}
	return list[0].String()
}

func timeWaitCell(p ports.Port, timers bool) string {
	n := p.TimeWait.Accepted + p.TimeWait.Outgoing
	switch {
	case n == 0:
		return none
	case !timers:
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d, %s left", n, p.TimeWait.Left)
}

func bindNow(p ports.Port) string {
	switch {
	case p.State == ports.StateUnknown:
		return "unknown"
	case p.May.WithoutReuse && p.May.WithReuse:
		return "yes"
	case p.May.WithReuse:
		return "with SO_REUSEADDR"
	}
	return "no"
}
