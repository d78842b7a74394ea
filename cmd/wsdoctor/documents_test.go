package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/wsdoctor/probes/catalog"
	"github.com/spf13/cobra"
)

var (
	idInText      = regexp.MustCompile("`([a-z0-9]+)/([a-z0-9-]+)`")
	linkInText    = regexp.MustCompile(`\]\(([^)#:]+)\)`)
	codeInText    = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```|^    (.*?)$|`([^`\n]+)`")
	commandInCode = regexp.MustCompile(`(?m)(?:^|^\$ |&& )wsdoctor( .*)?$`)
)

// TestDocuments: the commands, flags, ids and files that README.md and docs/ name exist.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	areas, ids := map[string]bool{}, map[string]bool{}
	for _, p := range catalog.All() {
		areas[p.Area] = true
		for _, r := range p.Rules {
			ids[r.ID] = true
		}
	}
	commands := 0
	for _, file := range append(files, "../../README.md") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, m := range idInText.FindAllStringSubmatch(text, -1) {
			if areas[m[1]] && !ids[m[1]+"/"+m[2]] {
				t.Errorf("%s: there is no check %s", file, m[0])
			}
		}
		for _, m := range linkInText.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: the link %s: %v", file, m[0], err)
			}
		}
		for _, code := range codeInText.FindAllStringSubmatch(text, -1) {
			for _, m := range commandInCode.FindAllStringSubmatch(code[1]+code[2]+code[3], -1) {
				commands++
				if wrong := wrongCall(strings.Fields(m[1])); wrong != "" {
					t.Errorf("%s: %q: %s", file, m[0], wrong)
				}
			}
		}
	}
	if commands < 50 {
		t.Errorf("%d commands found, expected more than 50", commands)
	}
}

// wrongCall says what is wrong with the call wsdoctor words, as a document prints it; "" means nothing.
func wrongCall(words []string) string {
	if i := slices.IndexFunc(words, func(w string) bool { return w == "--" || w == "#" || w == "|" || w == "&&" || w == "[--" }); i >= 0 {
		words = words[:i]
	}
	root := rootCommand(&app{env: func(string) string { return "" }})
	root.InitDefaultCompletionCmd()
	cmd := root
	for i, w := range words {
		w = strings.Trim(w, "[],;.:()'")
		switch {
		case strings.HasPrefix(w, "-") && len(w) > 1:
			if !hasFlag(cmd, w) {
				return cmd.CommandPath() + " has no flag " + w
			}
		case i == 0:
			if cmd, _, _ = root.Find([]string{w}); cmd == root {
				return "there is no command " + w
			}
		}
	}
	return ""
}

func hasFlag(cmd *cobra.Command, word string) bool {
	cmd.InitDefaultHelpFlag()
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if strings.HasPrefix(word, "--") {
		return cmd.Flag(name) != nil
	}
	return cmd.Flags().ShorthandLookup(name[:1]) != nil || cmd.InheritedFlags().ShorthandLookup(name[:1]) != nil
}
