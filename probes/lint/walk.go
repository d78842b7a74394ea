package lint

import (
	"fmt"
	"io"
	"strings"

	"example.com/wsdoctor/probes"
)

// Walk is what happens to a path in one server, ready to be shown.
type Walk struct {
	Path    string      `json:"path"`
	What    string      `json:"-"` // what Server names: "server" or "frontend"
	Server  string      `json:"server"`
	Kind    string      `json:"kind"` // in one word: "proxied", "redirect", …
	End     probes.Text `json:"end"`
	Steps   []WalkStep  `json:"steps"`
	Headers []string    `json:"headers,omitempty"` // that the backend receives from the balancer
	Doubts  []string    `json:"doubts,omitempty"`
}

// WalkStep is one step of a Walk; At is file:line, or "" for the program's own doing.
type WalkStep struct {
	At   string      `json:"at,omitempty"`
	Text probes.Text `json:"text"`
}

// writeWalks writes the walk of each path through each server.
func writeWalks(w io.Writer, walks []Walk, translate func(string) string) error {
	var b strings.Builder
	say := func(format string, args ...any) { b.WriteString(probes.T(format, args...).In(translate)) }
	for _, x := range walks {
		say("%s in %s %s\n", x.Path, x.What, x.Server)
		for _, s := range x.Steps {
			at := ""
			if s.At != "" {
				at = s.At + "  "
			}
			fmt.Fprintf(&b, "  → %s%s\n", at, safe(s.Text.In(translate)))
		}
		fmt.Fprintf(&b, "  = %s\n", safe(x.End.In(translate)))
		for _, h := range x.Headers {
			fmt.Fprintf(&b, "      %s\n", safe(h))
		}
		for _, d := range x.Doubts {
			say("  ? could not be evaluated: %s\n", safe(d))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
