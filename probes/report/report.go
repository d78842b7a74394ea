// Package report writes a finished run in the formats of `wsdoctor --check`, one file a format, and knows the exit code
// that Nagios alone wants otherwise.
//
// It runs and judges nothing, reads no environment and knows no terminal: whether there are colours, how wide a line may
// be and which language it is in come in through Options. Every format writes the whole report with one Write, so that
// nobody reads half of one.
package report

import (
	"io"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// Format is one way to write a report.
type Format struct {
	Name  string // as in --format
	Title string // what it is for; help prints it
	Write func(io.Writer, probes.Report, Options) error

	// Exit, if not nil, gives the exit code in place of probes.Report.Exit: the readers of this format expect their own.
	Exit func(probes.Report) int
}

// Options say how a report is to look. Only text obeys all of them, markdown and html obey Translate, and the machine formats
// obey none: what they hold is in English and the same everywhere. The zero value is plain, complete and never wrapped.
type Options struct {
	Color bool // 16 colours by ANSI SGR; no state is told by colour alone
	ASCII bool // for a terminal without UTF-8: marks are ASCII, and other characters are shown as \u escapes
	Short bool // only the checks that are not well, one line a finding, and the line that sums up
	Width int  // columns after which text is wrapped, but never a fix; 0 means no wrapping

	// Translate, if not nil, replaces an English format by the one of another language.
	Translate func(format string) string
}

// Formats are all formats, the default first.
var Formats = []Format{
	{"text", "for people, on a terminal or in a mail", writeText, nil},
	{"json", "for programs; docs/report.schema.json describes it", writeJSON, nil},
	{"junit", "JUnit XML, for the test page of a CI server", writeJUnit, nil},
	{"tap", "Test Anything Protocol 13, for prove", writeTAP, nil},
	{"prometheus", "for the textfile collector of node_exporter", writePrometheus, nil},
	{"nagios", "a plugin's status line and performance data, for Nagios and Icinga", writeNagios, NagiosExit},
	{"markdown", "to paste into a ticket", writeMarkdown, nil},
	{"html", "one self-contained file with a picture of the path, to attach to a ticket or to print", writeHTML, nil},
}

// Lookup returns the format called name.
func Lookup(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// area is the part of a report that one area made.
type area struct {
	name    string
	results []probes.Result
}

// byArea groups results by area, both in the order in which they stand in the report.
func byArea(results []probes.Result) []area {
	var out []area
	for _, res := range results {
		i := slices.IndexFunc(out, func(a area) bool { return a.name == res.Area })
		if i < 0 {
			i, out = len(out), append(out, area{name: res.Area})
		}
		out[i].results = append(out[i].results, res)
	}
	return out
}

// unwell tells whether somebody should look at res: it found something, or could not look.
func unwell(res probes.Result) bool {
	return res.Status == probes.Failed || res.Status == probes.Warned || res.Status == probes.Unknown
}

// statuses in the order in which a sum names them, the worst first.
var statuses = []probes.Status{probes.Failed, probes.Warned, probes.Unknown, probes.Skipped, probes.OK}

// sum says how many checks ended with each status that occurs: "1 failed, 2 warnings, 21 ok".
func sum(r probes.Report, translate func(string) string) string {
	counts := r.Count()
	var parts []string
	for _, s := range statuses {
		n := counts[s]
		if n == 0 {
			continue
		}
		var t probes.Text
		switch s {
		case probes.Failed:
			t = probes.T("%d failed", n)
		case probes.Warned:
			t = probes.T("%d warnings", n)
			if n == 1 {
				t = probes.T("1 warning")
			}
		case probes.Unknown:
			t = probes.T("%d unknown", n)
		case probes.Skipped:
			t = probes.T("%d skipped", n)
		case probes.OK:
			t = probes.T("%d ok", n)
		}
		parts = append(parts, t.In(translate))
	}
	if len(parts) == 0 {
		return probes.T("nothing was checked").In(translate)
	}
	return strings.Join(parts, ", ")
}

// titled translates a title: it is a format of its own without arguments, in which a % is just that.
func titled(title string, translate func(string) string) string {
	if translate == nil {
		return title
	}
	return translate(title)
}

// Headline is the title of a finding, with its subject in front where the title does not name it already.
func Headline(f probes.Finding, translate func(string) string) string {
	title := f.Title.In(translate)
	if f.Subject == "" || strings.Contains(title, f.Subject) {
		return title
	}
	return f.Subject + ": " + title
}

// seen is one piece of evidence on a line.
func seen(e probes.Evidence, translate func(string) string) string {
	saw := e.Saw.In(translate)
	switch {
	case e.Where == "":
		return saw
	case saw == "":
		return e.Where
	}
	return e.Where + ": " + saw
}
