package hsqldb

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

type kind byte

const (
	end        kind = iota
	word            // a keyword or a plain identifier, in upper case; a number
	identifier      // in double quotes, as it stands
	text            // in single quotes
	sign            // one character
	broken          // a quote or a comment without its end
)

type token struct {
	kind kind
	text string
}

// is tells whether t is the keyword or the sign s.
func (t token) is(s string) bool { return (t.kind == word || t.kind == sign) && t.text == s }

// lexer takes one line of a script or a log apart. HSQLDB writes each statement on a line of its own: 7-bit ASCII, in
// which \uXXXX stands for one UTF-16 unit (also for a line feed, and for the backslash of a \u in the data) and a
// doubled quote for one quote. It reads the file as ISO-8859-1; bytes above 127 come from somebody's editor.
type lexer struct {
	line []byte
	at   int
	back []token // looked at and not yet taken
}

// unit returns the UTF-16 unit at l.at and how many bytes it takes; escaped tells one that was written as \uXXXX.
func (l *lexer) unit() (u uint16, size int, escaped bool) {
	rest := l.line[l.at:]
	if len(rest) >= 6 && rest[0] == '\\' && rest[1] == 'u' {
		if n, err := strconv.ParseUint(string(rest[2:6]), 16, 16); err == nil {
			return uint16(n), 6, true
		}
	}
	return uint16(rest[0]), 1, false
}

// next takes a token.
func (l *lexer) next() token {
	if n := len(l.back); n > 0 {
		t := l.back[n-1]
		l.back = l.back[:n-1]
		return t
	}
	for l.at < len(l.line) {
		u, size, escaped := l.unit()
		switch c := rune(u); {
		case u <= ' ' || unicode.IsSpace(c):
			l.at += size
		case bytes.HasPrefix(l.line[l.at:], []byte("/*")):
			if !l.skip("*/") {
				return token{broken, "/*"}
			}
		case bytes.HasPrefix(l.line[l.at:], []byte("--")):
			l.at = len(l.line)
		case c == '\'' && !escaped:
			return l.quoted('\'', text)
		case c == '"' && !escaped:
			return l.quoted('"', identifier)
		case isWord(c):
			return l.word()
		default:
			l.at += size
			return token{sign, string(c)}
		}
	}
	return token{}
}

// peek looks at the next token.
func (l *lexer) peek() token {
	t := l.next()
	l.back = append(l.back, t)
	return t
}

// take takes the next token if it is the keyword or sign s.
func (l *lexer) take(s string) bool {
	if !l.peek().is(s) {
		return false
	}
	l.next()
	return true
}

func isWord(c rune) bool {
	return c == '_' || c == '$' || c == '.' || unicode.IsLetter(c) || unicode.IsDigit(c)
}

// word takes letters, digits and dots: a schema before its table stays one word. A quote may follow within it:
// PUBLIC."T".
func (l *lexer) word() token {
	var units []uint16
	for l.at < len(l.line) {
		u, size, _ := l.unit()
		if !isWord(rune(u)) {
			break
		}
		units = append(units, u)
		l.at += size
	}
	return token{word, strings.ToUpper(decode(units))}
}

// quoted takes what stands between two quotes, a doubled one within.
func (l *lexer) quoted(quote byte, k kind) token {
	l.at++
	var units []uint16
	for l.at < len(l.line) {
		u, size, escaped := l.unit()
		l.at += size
		if u != uint16(quote) || escaped {
			units = append(units, u)
			continue
		}
		if l.at >= len(l.line) || l.line[l.at] != quote {
			return token{k, decode(units)}
		}
		units = append(units, u)
		l.at++
	}
	return token{broken, string(quote)}
}

// skip goes behind the next occurrence of what.
func (l *lexer) skip(what string) bool {
	i := bytes.Index(l.line[l.at:], []byte(what))
	if i < 0 {
		l.at = len(l.line)
		return false
	}
	l.at += i + len(what)
	return true
}

// decode makes UTF-8 of UTF-16; half a pair becomes U+FFFD.
func decode(units []uint16) string {
	var b strings.Builder
	b.Grow(len(units))
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			r = utf8.RuneError
			if i+1 < len(units) {
				if r = utf16.DecodeRune(rune(units[i]), rune(units[i+1])); r != utf8.RuneError {
					i++
				}
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}
