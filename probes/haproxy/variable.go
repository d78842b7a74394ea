package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

// variable reads $NAME, ${NAME}, ${NAME-default} or ${NAME[*]} inside double quotes.
func (l *lexer) variable() {
	at := l.i
	l.i++
	brace := l.i < len(l.s) && l.s[l.i] == '{'
	if brace {
		l.i++
	}
	start := l.i
	if l.i < len(l.s) && l.s[l.i] == '.' { // a pseudo-variable: .FILE, .LINE, .SECTION
		l.i++
	}
	if l.i == len(l.s) || !nameByte(l.s[l.i]) || l.s[l.i] >= '0' && l.s[l.i] <= '9' {
		l.fail(l.i+1, probes.T("forbidden first char in environment variable name"))
		return
	}
	for l.i < len(l.s) && nameByte(l.s[l.i]) {
		l.i++
	}
	name := l.s[start:l.i]
	var fallback *string
	several := false
	if brace {
		if l.i < len(l.s) && l.s[l.i] == '[' {
			if !strings.HasPrefix(l.s[l.i:], "[*]") {
				l.fail(l.i+1, probes.T("truncated or invalid word expansion sequence"))
				return
			}
			several = true
			l.i += len("[*]")
		}
		if l.i < len(l.s) && l.s[l.i] == '-' {
			end := strings.IndexByte(l.s[l.i:], '}')
			if end < 0 {
				end = len(l.s) - l.i
			}
			text := l.s[l.i+1 : l.i+end]
			fallback = &text
			l.i += end
		}
		if l.i >= len(l.s) || l.s[l.i] != '}' {
			l.fail(at+2, probes.T("unmatched brace in environment variable name"))
			return
		}
		l.i++
	}
	value, set, known := l.env(name)
	switch {
	case !known:
		l.word.Unsure = true
		l.emit(l.s[at:l.i]) // what stands there is the best name for it
	case set && several:
		l.expand(value)
	case set:
		l.emit(value)
	case fallback != nil:
		l.emit(*fallback)
	}
}

// expand makes the words of ${NAME[*]}: each becomes a word of the line.
func (l *lexer) expand(value string) {
	for i, w := range strings.FieldsFunc(value, func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }) {
		if i > 0 {
			column := l.word.Column
			l.flush()
			l.open, l.word = true, Word{Column: column, Quoted: true}
		}
		l.emit(w)
	}
}

func nameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
