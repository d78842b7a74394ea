package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNotUnderRace: `make race` leaves tests out by their names alone, so each line of the list has to name a test that
// is there, with a reason, and all the folders that have one of that name.
func TestNotUnderRace(t *testing.T) {
	const root = "../.."
	where := map[string][]string{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		folder, _ := filepath.Rel(root, filepath.Dir(path)) // both are relative
		for _, m := range declared.FindAllSubmatch(raw, -1) {
			where[string(m[1])] = append(where[string(m[1])], filepath.ToSlash(folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(root + "/.ci/not-under-race")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string][]string{}
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 5 {
			t.Fatalf("%q: expected a folder, a test and a reason", line)
		}
		test, _, _ := strings.Cut(f[1], "/")
		listed[test] = append(listed[test], f[0])
	}
	for test, folders := range listed {
		slices.Sort(folders)
		slices.Sort(where[test])
		if !slices.Equal(folders, where[test]) {
			t.Errorf("%s is left out in %v and stands in %v", test, folders, where[test])
		}
	}
	if len(listed) == 0 {
		t.Error("the list is empty")
	}
}
