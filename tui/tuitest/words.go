package tuitest

import (
	"regexp"
	"slices"
	"strings"
)

var (
	verb  = regexp.MustCompile(`%[-+# 0]*(?:\[\d+\])?\*?\d*(?:\.\*?\d*)?[%a-zA-Z]`)
	latin = regexp.MustCompile(`[A-Za-z][A-Za-z'-]{2,}`)
)

// Strange is a language in which every letter is another one of the same width: what is on a screen in Latin letters
// has not gone through a translation. Verbs stay as they are.
func Strange(format string) string {
	var b strings.Builder
	at := 0
	for _, v := range append(verb.FindAllStringIndex(format, -1), []int{len(format), len(format)}) {
		for _, r := range format[at:v[0]] {
			switch {
			case 'a' <= r && r <= 'z':
				r += 'а' - 'a'
			case 'A' <= r && r <= 'Z':
				r += 'А' - 'A'
			}
			b.WriteRune(r)
		}
		b.WriteString(format[v[0]:v[1]])
		at = v[1]
	}
	return b.String()
}

// Untranslated returns the words in Latin letters of a view in the strange language, but for those that are known to be
// no words: names, addresses, commands, what a peer sent.
func Untranslated(view, known string) []string {
	var out []string
	for _, word := range latin.FindAllString(view, -1) {
		if !slices.Contains(out, word) && !strings.Contains(known, word) {
			out = append(out, word)
		}
	}
	return out
}
