package nginx

import (
	"cmp"
	"fmt"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
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

// maxFindings is how many findings of one rule are kept: more help nobody, and a file of megabytes would have as many.
const maxFindings = 1000

// run asks one rule. A fault that shows at several places of one line, or through a file that is included several
// times, is one finding, the worst of them.
func (r Rule) run(in *Input) []Finding {
	var out []Finding
	in.tests = 0
	index, more := map[string]int{}, 0
	for _, f := range r.Check(in) {
		f.ID = r.ID
		key := fmt.Sprintf("%s:%d", f.File.Name, f.Place().Line)
		if i, dup := index[key]; dup {
			if f.Severity > out[i].Severity {
				out[i] = f
			}
			continue
		}
		if len(out) == maxFindings {
			more++
			continue
		}
		index[key] = len(out)
		out = append(out, f)
	}
	if more > 0 {
		last := &out[len(out)-1]
		last.Evidence = append(last.Evidence, probes.Evidence{Where: r.ID, Saw: probes.T("and %d more findings of this kind, which are not listed", more)})
	}
	for i := range out {
		f, line := out[i].File, out[i].Place().Line
		out[i].Ignored = lint.IgnoreReason(r.ID, f.Line(line), f.Line(line-1))
	}
	return out
}

func where(p conf.Place) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }
