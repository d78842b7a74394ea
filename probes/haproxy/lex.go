package haproxy

import (
	"strings"

	"example.com/wsdoctor/probes"
)

// maxWords is how many words HAProxy takes on one line (MAX_LINE_ARGS in include/haproxy/defaults.h).
const maxWords = 64

// Word is one word of a line.
type Word struct {
	Text   string // with quotes, escapes and variables resolved
	Column int    // of its first byte, quotes included; the first of a line is 1
	End    int    // the column behind its last byte
	Quoted bool   // some of it stood in quotes
	Unsure bool   // it holds an environment variable whose value is not known here
}

// Line is one line of a file that holds words.
type Line struct {
	File   string
	Number int // the first is 1
	Words  []Word
	Raw    string // as it is written, from the first word to the last
	Maybe  bool   // it stands in a conditional block whose condition cannot be evaluated here
}

// Word returns the text of the i-th word; "" where there is none.
func (l Line) Word(i int) string {
	if i < 0 || i >= len(l.Words) {
		return ""
	}
	return l.Words[i].Text
}

// Is tells whether the line begins with the given words.
func (l Line) Is(words ...string) bool {
	if len(l.Words) < len(words) {
		return false
	}
	for i, w := range words {
		if l.Words[i].Text != w {
			return false
		}
	}
	return true
}

// sure tells whether the line certainly holds and none of its words hides a variable.
func (l Line) sure() bool {
	if l.Maybe {
		return false
	}
	for _, w := range l.Words {
		if w.Unsure {
			return false
		}
	}
	return true
}

// Fault is a place that HAProxy would not load.
type Fault struct {
	File    string
	Line    int
	Column  int
	Written string        // the line as it is written
	Text    probes.Text   // what is wrong, in HAProxy's own words where it has some
	Fix     []probes.Text // nil: there is no line to paste
	Maybe   bool          // it stands in a conditional block that may not be read
}

// env looks up an environment variable: its value, whether it is set, and whether that is known at all.
type env func(name string) (value string, set, known bool)

// lexer cuts one line into words, as parse_line of HAProxy does (src/tools.c).
type lexer struct {
	s     string
	i     int
	env   env
	words []Word
	b     strings.Builder
	word  Word
	open  bool // a word has begun

	fault func(column int, text probes.Text)
	bad   bool
}

// split cuts a line. The words are what could be read up to the first fault, which is reported once.
func split(s string, vars env, fault func(column int, text probes.Text)) []Word {
	l := &lexer{s: s, env: vars, fault: fault}
	l.run()
	return l.words
}

func (l *lexer) fail(column int, format probes.Text) {
	if !l.bad {
		l.bad = true
		l.fault(column, format)
	}
	l.i = len(l.s)
}

func (l *lexer) start() {
	if !l.open {
		l.open = true
		l.word = Word{Column: l.i + 1}
	}
}

func (l *lexer) emit(s string) { l.b.WriteString(s) }

func (l *lexer) flush() {
	if !l.open {
		return
	}
	l.word.Text, l.word.End = l.b.String(), l.i+1
	l.words = append(l.words, l.word)
	l.b.Reset()
	l.open = false
}

// isSpace is isspace of the C locale, which is what HAProxy asks: a no-break space is none.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (l *lexer) run() {
	var quote byte // '"', '\'', or 0
	quoteAt := 0
	for l.i < len(l.s) {
		c := l.s[l.i]
		if c == '\r' && l.open {
			break // behind a word, in quotes too, it ends the line; elsewhere it is a blank
		}
		switch {
		case quote != '\'' && c == '"', quote != '"' && c == '\'':
			l.start()
			l.word.Quoted = true
			if quote == 0 {
				quote, quoteAt = c, l.i+1
			} else {
				quote = 0
			}
			l.i++
		case c == '\\' && quote != '\'':
			l.start()
			l.escape(quote)
		case c == '$' && quote == '"':
			l.start()
			l.variable()
		case quote != 0:
			l.emit(l.s[l.i : l.i+1])
			l.i++
		case c == '#':
			l.flush()
			return
		case isSpace(c):
			l.flush()
			l.i++
		default:
			l.start()
			l.emit(l.s[l.i : l.i+1])
			l.i++
		}
	}
	if quote != 0 && !l.bad {
		l.fail(quoteAt, probes.T("unmatched quote"))
	}
	l.flush()
}

// escape reads a backslash and what belongs to it. Before any other character the backslash stands for itself: "\d"
// stays "\d". There is no continuation of a line: a backslash at its end is one, too.
func (l *lexer) escape(quote byte) {
	at := l.i
	l.i++
	if l.i == len(l.s) {
		l.emit(`\`)
		return
	}
	c := l.s[l.i]
	l.i++
	switch {
	case c == 'n':
		l.emit("\n")
	case c == 'r':
		l.emit("\r")
	case c == 't':
		l.emit("\t")
	case c == 'x':
		if l.i+2 > len(l.s) || hex(l.s[l.i]) < 0 || hex(l.s[l.i+1]) < 0 {
			l.fail(at+1, probes.T("truncated or invalid hexadecimal sequence"))
			return
		}
		l.emit(string([]byte{byte(hex(l.s[l.i])<<4 | hex(l.s[l.i+1]))}))
		l.i += 2
	case strings.IndexByte(` \"'#`, c) >= 0, c == '$' && quote == '"':
		l.emit(string([]byte{c}))
	default:
		l.emit(`\`)
		l.i--
	}
}

func hex(c byte) int {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}
