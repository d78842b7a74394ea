package lang_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/lang"
)

var update = flag.Bool("update", false, "add what has no translation yet, remove what nobody says any more")

// TestCatalogue keeps the catalogues and the code together: every format that may reach an operator has a translation
// with the same arguments, and no translation is left of a format that is gone.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	c := load(t).collect()
	if len(c.words) < 1000 {
		t.Fatalf("found %d formats, expected far more: the search has lost its way", len(c.words))
	}
	for place, what := range c.lost {
		if _, known := excused[place[:strings.Index(place, ":")]+": "+what]; !known {
			t.Errorf("%s: %s is shown to an operator and is no constant: a catalogue cannot hold it", place, what)
		}
	}
	for _, l := range lang.Languages[1:] {
		words := readCatalogue(t, l.Tag)
		if *update {
			writeCatalogue(t, l.Tag, c, words)
			words = readCatalogue(t, l.Tag)
		}
		compare(t, c, words)
	}
}

// excused lists what is no constant on purpose: file and expression → the reason.
var excused = map[string]string{}

// entry is one translation and the file that it stands in.
type entry struct{ text, file string }

func compare(t *testing.T, c *collector, words map[string]entry) {
	t.Helper()
	for english, w := range c.words {
		if !needsWords(english) {
			continue
		}
		have, ok := words[english]
		want := catalogueFile(w.pkgs[0])
		switch {
		case !ok || have.text == "":
			t.Errorf("%s: %q has no translation in %s (-update adds the entry)", w.at, english, want)
		case have.file != want:
			t.Errorf("%s: the translation of %q stands in %s, expected %s (-update moves it)", w.at, english, have.file, want)
		default:
			if diff := differ(english, have.text, w.phrase); diff != "" {
				t.Errorf("%s: %q is translated as %q: %s", have.file, english, have.text, diff)
			}
		}
	}
	for english, e := range words {
		if w := c.words[english]; w == nil || !needsWords(english) {
			t.Errorf("%s: nobody says %q (-update removes it)", e.file, english)
		}
	}
}

// catalogueFile is the file of a package's words.
func catalogueFile(pkg string) string { return strings.ReplaceAll(pkg, "/", "-") + ".json" }

// readCatalogue reads the files of a language, and keeps them in the form in which differences can be read.
func readCatalogue(t *testing.T, tag string) map[string]entry {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(tag, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]entry{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var one map[string]string
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !*update && !bytes.Equal(text, inLines(t, one)) {
			t.Errorf("%s: expected one entry a line, sorted, each once (-update writes it so)", name)
		}
		for english, translated := range one {
			if other, twice := all[english]; twice && other.text != "" {
				t.Errorf("%q stands in %s and in %s", english, other.file, filepath.Base(name))
				continue
			}
			all[english] = entry{translated, filepath.Base(name)}
		}
	}
	return all
}

// writeCatalogue writes the files of a language, with an empty entry where there is no translation yet.
func writeCatalogue(t *testing.T, tag string, c *collector, words map[string]entry) {
	t.Helper()
	files := map[string]map[string]string{}
	for english, w := range c.words {
		if !needsWords(english) {
			continue
		}
		name := catalogueFile(w.pkgs[0])
		if files[name] == nil {
			files[name] = map[string]string{}
		}
		files[name][english] = words[english].text
	}
	old, err := filepath.Glob(filepath.Join(tag, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if files[filepath.Base(name)] == nil {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, one := range files {
		if err := os.WriteFile(filepath.Join(tag, name), inLines(t, one), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// inLines writes one entry a line, sorted.
func inLines(t *testing.T, one map[string]string) []byte {
	t.Helper()
	quote := func(s string) string {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	var lines []string
	for _, english := range slices.Sorted(maps.Keys(one)) {
		lines = append(lines, fmt.Sprintf("  %s: %s", quote(english), quote(one[english])))
	}
	return []byte("{\n" + strings.Join(lines, ",\n") + "\n}\n")
}
