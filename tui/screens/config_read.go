package screens

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/haproxy"
	"example.com/wsdoctor/probes/lint"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
)

// reading is a configuration as the screen shows it. It never changes once it was made.
type reading struct {
	program string      // "nginx" or "HAProxy"
	chosen  probes.Text // why these files
	files   []configFile
	marks   []configMark                  // by file and line
	diff    []string                      // what --fix would change, a line each
	noDiff  probes.Text                   // why there is none
	walks   []lint.Walk                   // what happens to a request
	walk    func(path string) []lint.Walk // the same for another path
}

type configFile struct {
	name  string
	lines []string
}

// configMark is a finding at a line.
type configMark struct {
	file     int // index in files
	line     int // from 1
	col, end int // bytes of the line that it points at, from 0; col == end: the whole line
	id       string
	why      probes.Text
	finding  probes.Finding
}

// readNginx makes a reading of an nginx configuration and the rules' findings.
func readNginx(in *nginx.Input, chosen probes.Text) *reading {
	r := &reading{program: "nginx", chosen: chosen, walks: in.Walks()}
	c := in.Conf
	r.walk = func(path string) []lint.Walk {
		return nginx.NewInput(c, nginx.Input{Paths: []string{path}}).Walks()
	}
	for _, f := range in.Conf.Files {
		r.files = append(r.files, configFile{f.Name, splitSource(f.Src)})
	}
	var rules []lint.Rule
	for _, rule := range nginx.Rules {
		rules = append(rules, rule.Print())
	}
	var kept []nginx.Finding
	var printed []lint.Finding
	for _, f := range nginx.Lint(in) {
		if f.Ignored == "" {
			kept, printed = append(kept, f), append(printed, f.Print())
		}
	}
	r.mark(printed, rules)
	for _, x := range nginx.Fix(kept) {
		r.diff = append(r.diff, strings.Split(strings.TrimSuffix(x.Diff(), "\n"), "\n")...)
	}
	if len(r.diff) == 0 {
		r.noDiff = probes.T("no finding names a change that can be made without asking you")
	}
	return r
}

// readHAProxy makes a reading of HAProxy's files.
func readHAProxy(files []haproxy.File, problems []haproxy.Problem, aim haproxy.Aim, chosen probes.Text) *reading {
	r := &reading{program: "HAProxy", chosen: chosen, walks: haproxy.Walks(haproxy.Options{}, aim, files...), noDiff: probes.T("for HAProxy the fix stands with each finding; there is no diff of all")}
	r.walk = func(path string) []lint.Walk {
		aim := aim
		aim.Path, aim.Query, _ = strings.Cut(path, "?")
		return haproxy.Walks(haproxy.Options{}, aim, files...)
	}
	for _, f := range files {
		r.files = append(r.files, configFile{f.Name, splitSource([]byte(f.Text))})
	}
	problems = slices.DeleteFunc(slices.Clone(problems), func(p haproxy.Problem) bool { return p.Ignored != "" })
	r.mark(haproxy.Print(files, problems), haproxy.Rules())
	return r
}

// mark puts findings at their lines. What is missing everywhere stands at the first line.
func (r *reading) mark(findings []lint.Finding, rules []lint.Rule) {
	why := map[string]probes.Text{}
	for _, rule := range rules {
		why[rule.ID] = probes.Because(rule.Why, rule.Docs)
	}
	for _, f := range findings {
		col := max(f.Column-1, 0)
		r.marks = append(r.marks, configMark{
			file: max(slices.IndexFunc(r.files, func(c configFile) bool { return c.name == f.File }), 0), line: max(f.Line, 1), col: col, end: col + max(f.Width, 1), id: f.ID, why: why[f.ID],
			finding: probes.Finding{Severity: f.Severity, Title: f.Title, Evidence: f.Evidence, Fix: f.Fix},
		})
	}
	slices.SortStableFunc(r.marks, func(a, b configMark) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(b.finding.Severity, a.finding.Severity))
	})
}

// splitSource returns the lines of a file; of a large one, as many as a person could want to see.
func splitSource(src []byte) []string {
	const most = 200_000
	var out []string
	for line := range bytes.Lines(src) {
		if len(out) == most {
			break
		}
		out = append(out, strings.TrimRight(string(line), "\r\n"))
	}
	return out
}

// readFile reads a file that the operator names, as nginx's or as HAProxy's by what stands in it.
func readFile(name string, cfg *cluster.Config, paths []string) (*reading, error) {
	chosen := handChosen
	if strings.HasSuffix(name, ".cfg") || looksLikeHAProxy(name) {
		files, err := haproxy.Load([]string{name}, nil)
		if err != nil {
			return nil, err
		}
		aim := haproxy.Aim{}
		if cfg != nil {
			aim = haproxy.AimOf(*cfg)
		}
		return readHAProxy(files, haproxy.Lint(haproxy.Options{}, aim, files...), aim, chosen), nil
	}
	c, err := conf.Open(name)
	if err != nil {
		return nil, err
	}
	return readNginx(nginx.NewInput(c, nginx.Input{Paths: paths, Cluster: cfg}), chosen), nil
}

func looksLikeHAProxy(name string) bool {
	src, err := conf.ReadFile(name)
	return err == nil && haproxy.Looks(string(src))
}

// at returns the findings at a line.
func (r *reading) at(file, line int) []configMark {
	i, _ := slices.BinarySearchFunc(r.marks, configMark{file: file, line: line}, func(a, b configMark) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line))
	})
	j := i
	for j < len(r.marks) && r.marks[j].file == file && r.marks[j].line == line {
		j++
	}
	return r.marks[i:j]
}

// next returns the line with a finding after (by 1) or before (by -1) a place, round the end.
func (r *reading) next(file, line, by int) (int, int, bool) {
	if len(r.marks) == 0 {
		return file, line, false
	}
	if by > 0 {
		for _, m := range r.marks {
			if m.file > file || m.file == file && m.line > line {
				return m.file, m.line, true
			}
		}
		return r.marks[0].file, r.marks[0].line, true
	}
	for _, m := range slices.Backward(r.marks) {
		if m.file < file || m.file == file && m.line < line {
			return m.file, m.line, true
		}
	}
	last := r.marks[len(r.marks)-1]
	return last.file, last.line, true
}

// worst is where the first finding of the highest severity stands; the beginning where there is none.
func (r *reading) worst() (file, line int) {
	line = 1
	for i, m := range r.marks {
		if i == 0 || m.finding.Severity > r.at(file, line)[0].finding.Severity {
			file, line = m.file, m.line
		}
	}
	return file, line
}

// find returns the index of a file that evidence names, perhaps by its last part only; -1 where there is none.
func (r *reading) find(name string) int {
	if i := slices.IndexFunc(r.files, func(f configFile) bool { return f.name == name }); i >= 0 {
		return i
	}
	return slices.IndexFunc(r.files, func(f configFile) bool { return filepath.Base(f.name) == filepath.Base(name) })
}

// placeOf reads file:line, or file:line:column, as evidence names a place.
func placeOf(where string) (Place, bool) {
	parts := strings.Split(where, ":")
	for n := len(parts) - 1; n >= 1; n-- {
		if _, err := strconv.Atoi(parts[n]); err != nil {
			break
		}
		line, _ := strconv.Atoi(parts[n])
		if n == 1 || !isNumber(parts[n-1]) {
			file := strings.Join(parts[:n], ":")
			return Place{File: file, Line: line}, file != "" && line > 0
		}
	}
	return Place{}, false
}

func isNumber(s string) bool { _, err := strconv.Atoi(s); return err == nil }

// chosenWords says why a file was taken.
func chosenWords(by string) probes.Text {
	switch by {
	case "settings", "balancer.config":
		return probes.T("named by the settings")
	case "running master":
		return probes.T("of the running master")
	case "default":
		return probes.T("the default place")
	}
	return probes.T("of %s", by)
}

// shellWord quotes a file for a shell where it needs that.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,", r)
	}) {
		return s
	}
	return fmt.Sprintf("'%s'", strings.ReplaceAll(s, "'", `'\''`))
}

// handChosen is why a file is shown that the operator named.
var handChosen = probes.T("opened by hand")
