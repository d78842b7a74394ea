package nginx

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"example.com/wsdoctor/probes/nginx/model"
)

// NewInput makes what the rules judge from a parsed configuration. The fields that Lint's caller knows (Version, Paths,
// Cluster, CPUs, Running) are taken from given.
func NewInput(c *conf.Config, given Input) *Input {
	in := given
	in.Conf, in.Model = c, model.New(c)
	in.Model.Modern = in.Version.AtLeast(1, 29, 7)
	in.findSites()
	return &in
}

// Lint runs every rule. The findings are sorted by file and place; ignored ones are among them, marked.
func Lint(in *Input) []Finding {
	var out []Finding
	for _, r := range Rules {
		if r.Applies != nil {
			if s, _ := r.Applies(in); s == probes.Skipped {
				continue
			}
		}
		out = append(out, r.run(in)...)
	}
	order := map[string]int{}
	for i, f := range in.Conf.Files {
		order[f.Name] = i
	}
	// Findings are large and many: their keys are sorted, not they themselves.
	type key struct {
		file, offset, index int
		severity            probes.Severity
	}
	keys := make([]key, len(out))
	for i, f := range out {
		keys[i] = key{order[f.File.Name], f.Offset, i, f.Severity}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.offset, b.offset), cmp.Compare(b.severity, a.severity), cmp.Compare(a.index, b.index))
	})
	sorted := make([]Finding, len(out))
	for i, k := range keys {
		sorted[i] = out[k.index]
	}
	return sorted
}

// run asks one rule. A fault that shows at several places of one line, or through a file that is included several
// times, is one finding, the worst of them.
func (r Rule) run(in *Input) []Finding {
	var out []Finding
	index := map[string]int{}
	for _, f := range r.Check(in) {
		f.ID = r.ID
		key := fmt.Sprintf("%s:%d", f.File.Name, f.Place().Line)
		if i, dup := index[key]; dup {
			if f.Severity > out[i].Severity {
				out[i] = f
			}
			continue
		}
		index[key] = len(out)
		out = append(out, f)
	}
	for i := range out {
		out[i].Ignored = ignoreReason(out[i])
	}
	return out
}

// ignoreMark begins a comment that silences a finding on its own line or the next: `# wsdoctor:ignore ID reason`.
const ignoreMark = "wsdoctor:ignore"

// ignoreReason returns the reason for which a finding is to be ignored. A mark without a reason counts, as "no reason
// given"; ID may lack its "nginx/".
func ignoreReason(f Finding) string {
	line := f.Place().Line
	for _, n := range []int{line, line - 1} {
		text := f.File.Line(n)
		_, comment, ok := strings.Cut(text, "#")
		if !ok || n != line && !strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		_, rest, ok := strings.Cut(comment, ignoreMark)
		if !ok {
			continue
		}
		id, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if id == f.ID || "nginx/"+id == f.ID {
			return cmp.Or(strings.TrimSpace(reason), "no reason given")
		}
	}
	return ""
}

func where(p conf.Place) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }
