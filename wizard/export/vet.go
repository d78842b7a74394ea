package export

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A value of the settings gets into a file in one of three ways. Hosts, files and paths are refused unless every
// character of them is harmless in each of the languages written here, so that quoting is a matter of blanks alone.
// Names are for people, and are reduced to what every language takes as an identifier. All else is numbers and words
// from lists.

// vetHost refuses a host that is neither an address nor a name of the usual letters.
func vetHost(key, host string) error {
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		return nil
	}
	bad := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	}
	if host == "" || len(host) > 253 || strings.HasPrefix(host, "-") || strings.HasPrefix(host, ".") || strings.ContainsFunc(host, bad) {
		return fmt.Errorf("%s: found %q, expected an address, or a name of letters, digits, dots and hyphens", key, host)
	}
	return nil
}

// inFile are the characters beside letters and digits that a file name may have here. Those that some language gives a
// meaning even inside quotes are not among them: quotes, $ ` \ % { } # ; * ? < > | & ! and line ends.
const inFile = "/._-+@:,=~ "

// vetFile refuses the path of a file that is not absolute, or has a character with a meaning somewhere.
func vetFile(key, path string) error {
	if !utf8.ValidString(path) {
		return fmt.Errorf("%s: found %q, expected UTF-8", key, path)
	}
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("%s: found %q, expected an absolute path", key, path)
	}
	for _, r := range path {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(inFile, r) {
			return fmt.Errorf("%s: found %q in %q, expected letters, digits and %q alone: other characters have a meaning in configuration files", key, r, path, inFile)
		}
	}
	if strings.HasSuffix(path, " ") {
		return fmt.Errorf("%s: found %q, expected no blank at its end", key, path)
	}
	return nil
}

// vetURI refuses a path with query that is more than the characters of one (RFC 3986, section 3.3), less those that
// some language gives a meaning.
func vetURI(key, uri string) error {
	for _, r := range uri {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') && !strings.ContainsRune("/._-~%?&=+,:@", r) {
			return fmt.Errorf("%s: found %q in %q, expected letters, digits and /._-~%%?&=+,:@ alone: other characters have a meaning in configuration files", key, r, uri)
		}
	}
	if !strings.HasPrefix(uri, "/") {
		return fmt.Errorf("%s: found %q, expected a path that begins with /", key, uri)
	}
	return nil
}

// maxLabel is the longest name of a server that is written: a label of DNS has 63, and an index may follow.
const maxLabel = 48

// label makes an identifier of a name: letters, digits and hyphens, a letter first. "" where nothing is left.
func label(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	return strings.Trim(strings.TrimLeft(s, "-0123456789"), "-")
}

// quoted puts a vetted value into double quotes where it has a blank; nginx, HAProxy, Caddy and systemd read it alike.
func quoted(path string) string {
	if strings.Contains(path, " ") {
		return `"` + path + `"`
	}
	return path
}

// shell quotes a word for a POSIX shell.
func shell(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') && !strings.ContainsRune("/._-+@:,=", r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
