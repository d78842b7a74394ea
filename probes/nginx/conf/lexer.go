package conf

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// kind of a token: what ended the run of words.
type ending int

const (
	semicolon ending = iota // name args ;
	blockOpen               // name args {
	blockEnd                // }
	fileEnd
)

// maxToken is the size of nginx's read buffer (NGX_CONF_BUFFER): a longer word is refused.
const maxToken = 4096

// lexer cuts a file into runs of words as ngx_conf_read_token does.
type lexer struct {
	file *File
	src  []byte
	pos  int
	fail func(offset int, message, hint string, fix ...Edit)

	oddBlanks int // no-break spaces met outside of quotes and comments; the first one is reported
}

// lookalikes are characters that people paste with a configuration, and that nginx takes for letters.
var lookalikes = map[rune]string{
	'\u00a0': "a no-break space (U+00A0)", '\u2002': "an en space (U+2002)", '\u2003': "an em space (U+2003)",
	'\u2009': "a thin space (U+2009)", '\u200b': "a zero-width space (U+200B)", '\u202f': "a narrow no-break space (U+202F)",
	'\u3000': "an ideographic space (U+3000)", '\ufeff': "a byte order mark (U+FEFF)",
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// lookalike returns the width of a character at i that looks like a blank and is none.
func (x *lexer) lookalike(i int) (string, int) {
	if x.src[i] < 0x80 {
		return "", 0
	}
	r, n := utf8.DecodeRune(x.src[i:])
	return lookalikes[r], n
}

// next returns the words up to the next ; { } or the end of the file, and the offset behind it.
func (x *lexer) next() (words []Arg, end ending) {
	for {
		x.skipBlanks(len(words) == 0)
		if x.pos >= len(x.src) {
			return words, fileEnd
		}
		switch c := x.src[x.pos]; c {
		case ';':
			x.pos++
			if len(words) == 0 {
				x.fail(x.pos-1, `unexpected ";"`, "nothing stands before it: delete it", Edit{x.file, x.pos - 1, x.pos, ""})
				continue
			}
			return words, semicolon
		case '{':
			x.pos++
			if len(words) == 0 {
				x.fail(x.pos-1, `unexpected "{"`, "no directive stands before this block")
			}
			return words, blockOpen
		case '}':
			if len(words) > 0 {
				last := words[len(words)-1]
				x.fail(x.pos, `unexpected "}"`, fmt.Sprintf(`the directive %q on line %d is not ended by ";"`, words[0].Text, x.file.Place(last.End).Line),
					Edit{x.file, last.End, last.End, ";"})
				return words, semicolon // the } is read once more, with nothing before it
			}
			x.pos++
			return nil, blockEnd
		case '#':
			x.comment()
		default:
			words = append(words, x.word(len(words) == 0))
		}
	}
}

func (x *lexer) comment() {
	start := x.pos
	end := len(x.src)
	if i := bytes.IndexByte(x.src[x.pos:], '\n'); i >= 0 {
		end = x.pos + i
	}
	x.pos = end
	text := bytes.TrimRight(x.src[start:end], "\r")
	x.file.Comments = append(x.file.Comments, Comment{start, start + len(text), string(text)})
}

// skipBlanks also skips what only looks blank, and reports the first of it with what nginx makes of it.
func (x *lexer) skipBlanks(atName bool) {
	for x.pos < len(x.src) {
		if isBlank(x.src[x.pos]) {
			x.pos++
			continue
		}
		what, n := x.lookalike(x.pos)
		if what == "" {
			return
		}
		x.odd(x.pos, x.pos, what, atName)
		x.pos += n
	}
}

// odd reports the first character that looks like a blank; start is where the word begins that it is part of.
func (x *lexer) odd(start, at int, what string, atName bool) {
	x.oddBlanks++
	if x.oddBlanks > 1 {
		return
	}
	end := at
	for end < len(x.src) && !isBlank(x.src[end]) && x.src[end] != ';' && x.src[end] != '{' {
		end++
	}
	asSeen := string(x.src[start:min(end, start+200)])
	message := fmt.Sprintf("unknown directive %s", quote(asSeen))
	if !atName {
		message = fmt.Sprintf("%s is part of the argument %s", what, quote(asSeen))
	}
	total, rest := 0, x.src[at:]
	var fix []Edit
	for off := at; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if lookalikes[r] != "" {
			total++
			blank := " "
			if r == '\ufeff' || r == '\u200b' {
				blank = ""
			}
			fix = append(fix, Edit{x.file, off, off + n, blank})
		}
		rest, off = rest[n:], off+n
	}
	hint := fmt.Sprintf("%s stands here, which nginx takes for a letter, not for a blank", what)
	if total > 1 {
		hint += fmt.Sprintf("; the file holds %d such characters", total)
	}
	x.fail(at, message, hint, fix...)
}

// quote puts nginx's quotes around s, without Go's escapes.
func quote(s string) string { return `"` + s + `"` }

// word reads one word; x.pos is at its first byte.
func (x *lexer) word(atName bool) Arg {
	start := x.pos
	a := Arg{Start: start}
	c := x.src[x.pos]
	if c == '"' || c == '\'' {
		a.Quote = c
		x.pos++
		body := x.pos
		for x.pos < len(x.src) && x.src[x.pos] != c {
			if x.src[x.pos] == '\\' {
				x.pos++
			}
			x.pos++
		}
		x.pos = min(x.pos, len(x.src))
		a.Text = unescape(x.src[body:x.pos])
		if x.pos < len(x.src) {
			x.pos++
		} else {
			x.fail(start, `unexpected end of file, expecting ";" or "}"`, fmt.Sprintf("the quote %c that opens here is never closed", c))
		}
		a.End = x.pos
		if a.End-a.Start > maxToken {
			x.fail(start, fmt.Sprintf(`too long parameter, probably missing terminating "%c" character`, c), "")
		}
		x.afterQuote()
		return a
	}
	variable := false // ${ belongs to the word
	for x.pos < len(x.src) {
		c := x.src[x.pos]
		if what, _ := x.lookalike(x.pos); what != "" {
			x.odd(start, x.pos, what, atName)
			break
		}
		if isBlank(c) || c == ';' || c == '{' && !variable {
			break
		}
		variable = c == '$'
		if c == '\\' {
			x.pos++
		}
		x.pos++
	}
	x.pos = min(x.pos, len(x.src))
	a.End = x.pos
	a.Text = unescape(x.src[start:x.pos])
	if a.End-a.Start > maxToken {
		x.fail(start, fmt.Sprintf("too long parameter %s... started", quote(a.Text[:10])), "")
	}
	return a
}

// afterQuote checks what may follow a closing quote: a blank, ; { or ).
func (x *lexer) afterQuote() {
	if x.pos >= len(x.src) {
		return
	}
	c := x.src[x.pos]
	if isBlank(c) || c == ';' || c == '{' || c == ')' {
		return
	}
	if what, _ := x.lookalike(x.pos); what != "" {
		return
	}
	x.fail(x.pos, fmt.Sprintf(`unexpected %s`, quote(string(rune(c)))), "a blank or \";\" has to follow the closing quote")
}

// unescape undoes what ngx_conf_read_token undoes; other backslashes stay.
func unescape(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && i+1 < len(raw) {
			switch raw[i+1] {
			case '"', '\'', '\\':
				i++
				c = raw[i]
			case 't':
				i++
				c = '\t'
			case 'r':
				i++
				c = '\r'
			case 'n':
				i++
				c = '\n'
			}
		}
		out = append(out, c)
	}
	return string(out)
}
