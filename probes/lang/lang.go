// Package lang holds the words of wsdoctor in the languages other than English: one catalogue a language, from an
// English format (see probes.Text) to the same format in that language. It knows the words and when which language is
// meant; it draws nothing, reads no environment, and machine formats never ask it.
//
// A catalogue is a folder of JSON files, one for each package that says something, named by the package's path with -
// for /. Each is one object from the English format to its translation, one entry a line, sorted. A format that several
// packages use stands once, in the file of the first of them. TestCatalogue keeps the files and the code together, and
// its -update writes what is missing.
package lang

import (
	"strings"
)

// A Language is one that wsdoctor speaks.
type Language struct {
	Tag  string // as in --lang
	Name string // what its speakers call it

	catalogue func() map[string]string // nil for English, in which the formats are written
}

// Languages are all languages, the default first.
var Languages = []Language{
	{"en", "English", nil},
	{"zh", "中文", chinese},
}

// Lookup returns the language of a tag: "zh", also as "zh-CN" or "zh_CN.UTF-8".
func Lookup(tag string) (Language, bool) {
	base := strings.ToLower(tag)
	if i := strings.IndexAny(base, "-_.@"); i >= 0 {
		base = base[:i]
	}
	for _, l := range Languages {
		if l.Tag == base {
			return l, true
		}
	}
	return Language{}, false
}

// OfLocale returns the tag of the language of a POSIX locale, the value of LC_ALL, LC_MESSAGES or LANG: "en" for one
// that wsdoctor does not speak, and for one whose character set is not UTF-8, because UTF-8 is all that is ever
// written. A Chinese locale that names no character set is one of GB2312 (zh_CN) or Big5 (zh_TW) to the C library, and
// so English here.
func OfLocale(locale string) string {
	_, charset, _ := strings.Cut(locale, ".")
	charset, _, _ = strings.Cut(charset, "@")
	if strings.ReplaceAll(strings.ToLower(charset), "-", "") != "utf8" {
		return Languages[0].Tag
	}
	if l, ok := Lookup(locale); ok {
		return l.Tag
	}
	return Languages[0].Tag
}

// Translate returns what turns an English format into the language of tag; nil, which means English, for English and
// for a tag that is not known. The catalogue is read at its first question: a command that says nothing does not pay
// for it. What has no translation stays English.
func Translate(tag string) func(format string) string {
	l, _ := Lookup(tag)
	if l.catalogue == nil {
		return nil
	}
	return func(format string) string {
		if s := l.catalogue()[format]; s != "" {
			return s
		}
		return format
	}
}
