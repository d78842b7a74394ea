package nginx

import (
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
)

// fromProblem makes a finding of what the parser or a check of nginx's own rules says.
func fromProblem(p conf.Problem, sev probes.Severity) Finding {
	f := Finding{Severity: sev, Title: probes.Verbatim(p.Message), File: p.File, Offset: min(p.Offset, len(p.File.Src)), Edits: p.Fix}
	f.End = f.Offset + 1
	if p.Hint != "" {
		f.Title = probes.T("%s: %s", p.Message, p.Hint)
	}
	if len(p.Fix) > 0 {
		f.Fix = []probes.Text{probes.Verbatim(fixedLine(p.Fix))}
	}
	return f
}

// fixedLine returns the line of the first edit as it reads with the edits that touch it.
func fixedLine(edits []conf.Edit) string {
	f := edits[0].File
	n := f.Place(min(edits[0].Start, len(f.Src))).Line
	start := f.LineStart(min(edits[0].Start, len(f.Src)))
	line := f.Line(n)
	end := start + len(line)
	here := slices.DeleteFunc(slices.Clone(edits), func(e conf.Edit) bool { return e.File != f || e.Start < start || e.End > end })
	return string(applyEdits([]byte(line), here, start))
}
