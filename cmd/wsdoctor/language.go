package main

import (
	"fmt"
	"strings"

	"example.com/wsdoctor/probes/lang"
)

// language is the flag --lang. The zero value leaves the choice to the locale.
type language struct{ tag string }

func (l *language) String() string { return l.tag }

func (l *language) Type() string { return "language" }

// Set refuses what wsdoctor does not speak: words in a language that nobody asked for help nobody.
func (l *language) Set(tag string) error {
	known, ok := lang.Lookup(tag)
	if !ok {
		return fmt.Errorf("found %q, expected one of %s", tag, strings.Join(languageTags(), ", "))
	}
	l.tag = known.Tag
	return nil
}

func languageTags() []string {
	var tags []string
	for _, l := range lang.Languages {
		tags = append(tags, l.Tag)
	}
	return tags
}

// languageTag is the language in which people are spoken to: that of --lang, or else of the locale, of which the
// first of LC_ALL, LC_MESSAGES and LANG that is set counts (POSIX, section 8.2). Where a terminal takes characters
// below 0x80 only, English is all that can be shown, unless --lang says otherwise.
func (a *app) languageTag() string {
	if a.lang.tag != "" {
		return a.lang.tag
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale = a.env(name); locale != "" {
			break
		}
	}
	tag := lang.OfLocale(locale)
	if lang.Translate(tag) != nil && a.ascii() {
		return lang.Languages[0].Tag
	}
	return tag
}

// translate is what turns an English format into the operator's language; nil for English.
func (a *app) translate() func(format string) string { return lang.Translate(a.languageTag()) }
