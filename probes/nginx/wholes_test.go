package nginx

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/nginx/conf"
	"github.com/rogpeppe/go-internal/txtar"
)

// whole is a set-up of one or more files as people have them, nginx.conf first: one file of testdata/disguises (one
// planted fault each), of testdata/pages (copied from pages on the subject, with what is wrong there) or of
// testdata/sound (no fault). Its head has a sentence, the keys of ruleCase, and as many of
//
//	want: error nginx/http-version conf.d/app.conf 12 the beginning of the title
//
// as there are errors and warnings: each is found once, there, and nothing beside them. The title may be left out, and
// advice (info) only counts where it is wanted.
type whole struct {
	name string
	ruleCase
	want  []string
	files []txtar.File
}

func wholes(t *testing.T, folder string) []whole {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var out []whole
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		w := whole{name: strings.TrimSuffix(filepath.Base(f), ".txtar"), files: a.Files}
		w.head = map[string]string{}
		for line := range strings.Lines(string(a.Comment)) {
			k, v, _ := strings.Cut(strings.TrimSpace(line), ": ")
			w.head[k] = v
			if k == "want" {
				w.want = append(w.want, v)
			}
		}
		out = append(out, w)
	}
	return out
}

// says tells whether a finding, written out, is the one that a want describes.
func says(got, want string) bool {
	rest, ok := strings.CutPrefix(got, want)
	return ok && (rest == "" || rest[0] == ' ' || strings.Count(want, " ") > 3) // "line 1" is not "line 12"
}

// found are the errors, the warnings and the wanted advice in the form of want, in the order of their text, and all
// findings.
func (w whole) found(t *testing.T) (bad []string, all string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range w.files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := conf.Load(filepath.Join(dir, w.files[0].Name), conf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Lint(w.input(t, file, paper)) {
		name, err := filepath.Rel(dir, f.Place().File)
		if err != nil {
			t.Fatal(err)
		}
		line := f.Severity.String() + " " + f.ID + " " + filepath.ToSlash(name) + " " + strconv.Itoa(f.Place().Line) + " " + f.Title.String()
		all += line + "\n"
		if f.Severity > probes.Info || slices.ContainsFunc(w.want, func(want string) bool { return says(line, want) }) {
			bad = append(bad, line)
		}
	}
	slices.Sort(bad)
	return bad, all
}

func TestWholes(t *testing.T) {
	for _, folder := range []string{"disguises", "pages", "sound"} {
		for _, w := range wholes(t, folder) {
			t.Run(folder+"/"+w.name, func(t *testing.T) {
				if (len(w.want) == 0) != (folder == "sound") {
					t.Errorf("%d findings are wanted", len(w.want))
				}
				slices.Sort(w.want)
				if got, all := w.found(t); !slices.EqualFunc(got, w.want, says) {
					t.Errorf("found\n%s\nwanted\n%s\n\nall of them:\n%s", strings.Join(got, "\n"), strings.Join(w.want, "\n"), all)
				}
			})
		}
	}
}
