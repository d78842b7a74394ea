package nginx

import (
	"bytes"
	"cmp"
	"slices"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx/conf"
)

// applyEdits returns src with edits applied; base is the offset of src in its file. Of two edits that overlap, the
// first one in the list wins; of several at one place each is made once, in the order of the list.
func applyEdits(src []byte, edits []conf.Edit, base int) []byte {
	var use []conf.Edit
	for _, e := range edits {
		e.Start, e.End = e.Start-base, e.End-base
		if e.Start < 0 || e.End > len(src) {
			continue
		}
		clash := slices.ContainsFunc(use, func(o conf.Edit) bool {
			same := o.Start == e.Start && o.End == e.End && o.Text == e.Text
			return same || e.Start < o.End && o.Start < e.End || o.Start == e.Start && o.End > o.Start && e.End > e.Start
		})
		if !clash {
			use = append(use, e)
		}
	}
	slices.SortStableFunc(use, func(a, b conf.Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	var out bytes.Buffer
	pos := 0
	for _, e := range use {
		if e.Start < pos {
			continue
		}
		out.Write(src[pos:e.Start])
		out.WriteString(e.Text)
		pos = e.End
	}
	out.Write(src[pos:])
	return out.Bytes()
}

// Fixed is a file as --fix would have it.
type Fixed struct {
	File *conf.File
	New  []byte
}

// Fix returns the files that the findings' edits change, as they read afterwards. Advice (severity info) and ignored
// findings are left alone.
func Fix(findings []Finding) []Fixed {
	var order []string
	files := map[string]*conf.File{}
	edits := map[string][]conf.Edit{}
	// Several lines that are added at one place come in the order of the rules.
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(ruleOrder(a.ID), ruleOrder(b.ID)) })
	for _, f := range findings {
		if f.Severity == probes.Info || f.Ignored != "" {
			continue
		}
		for _, e := range f.Edits {
			name := e.File.Name
			if files[name] == nil {
				files[name] = e.File
				order = append(order, name)
			}
			edits[name] = append(edits[name], e)
		}
	}
	var out []Fixed
	for _, name := range order {
		f := files[name]
		if text := applyEdits(f.Src, edits[name], 0); !bytes.Equal(text, f.Src) {
			out = append(out, Fixed{f, text})
		}
	}
	return out
}

func ruleOrder(id string) int {
	return slices.IndexFunc(Rules, func(r Rule) bool { return r.ID == id })
}

// Diff returns a unified diff that `patch -p0` applies; "" where nothing changes.
func (x Fixed) Diff() string { return lint.Diff(x.File.Name, string(x.File.Src), string(x.New)) }
