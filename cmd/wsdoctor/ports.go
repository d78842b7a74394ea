package main

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"

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
			return writePorts(a.stdout, seen, a.voice())
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

func writePorts(w io.Writer, seen ports.Observation, v voice) error {
	rows := [][]string{{v.say("PORT"), v.say("FOR"), v.say("STATE"), v.say("LISTENS ON"), v.say("HELD BY"), v.say("TIME-WAIT"), v.say("BIND NOW")}}
	for _, p := range seen.Ports {
		rows = append(rows, []string{strconv.Itoa(p.Port), roleNames(p), v.say("%s", probes.Phrase(p.State)), listensOn(p), v.text(heldBy(p)), v.text(timeWaitCell(p, seen.Timers)), v.text(bindNow(p))})
	}
	var b strings.Builder
	b.WriteString(aligned(rows))
	say := func(format string, args ...any) { b.WriteString(v.say(format, args...) + "\n") }
	for _, f := range ports.Explain(seen) {
		say("\n%s: %s", probes.Phrase(f.Severity.String()), f.Title)
		for _, e := range f.Evidence {
			say("    %s: %s", e.Where, e.Saw)
		}
		for _, line := range f.Fix {
			say("  %s", line)
		}
	}
	if len(seen.Unseen) > 0 {
		b.WriteByte('\n')
	}
	for _, t := range seen.Unseen {
		say("not seen: %s", t)
	}
	_, err := io.WriteString(w, b.String())
	return err
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
func heldBy(p ports.Port) probes.Text {
	for _, l := range p.Listeners {
		return processCell(l.Processes, l.Hidden)
	}
	for _, c := range append(p.Outgoing, p.Bound...) {
		return processCell(c.Processes, c.Hidden)
	}
	return probes.Verbatim(none)
}

func processCell(list []ports.Process, hidden probes.Text) probes.Text {
	if len(list) == 0 {
		return hidden
	}
	return probes.Verbatim(list[0].String())
}

func timeWaitCell(p ports.Port, timers bool) probes.Text {
	n := p.TimeWait.Accepted + p.TimeWait.Outgoing
	switch {
	case n == 0:
		return probes.Verbatim(none)
	case !timers:
		return probes.T("%d", n)
	}
	return probes.T("%d, %s left", n, p.TimeWait.Left)
}

func bindNow(p ports.Port) probes.Text {
	switch {
	case p.State == ports.StateUnknown:
		return probes.T("unknown")
	case p.May.WithoutReuse && p.May.WithReuse:
		return probes.T("yes")
	case p.May.WithReuse:
		return probes.T("with SO_REUSEADDR")
	}
	return probes.T("no")
}
