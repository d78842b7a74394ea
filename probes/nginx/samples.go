package nginx

import (
	"regexp/syntax"
	"strings"
)

// sampleOf returns a URI that a regex matches, "" where none is found: the first branch of each choice, one repetition
// of what may be repeated, an ordinary character of each class, nothing of what may be left out.
func sampleOf(source string) string {
	re, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return ""
	}
	s := sampleRegexp(re)
	if !strings.HasPrefix(s, "/") {
		s = "/" + s
	}
	return s
}

// samplesOf returns a sample for each branch of a regex's first choice.
func samplesOf(source string) []string {
	open := strings.IndexByte(source, '(')
	if open >= 0 && !strings.HasPrefix(source[open:], "(?") {
		if n := strings.IndexByte(source[open:], ')'); n > 0 && !strings.ContainsAny(source[open+1:open+n], "([") {
			var out []string
			for branch := range strings.SplitSeq(source[open+1:open+n], "|") {
				if p := sampleOf(source[:open+1] + branch + source[open+n:]); p != "" {
					out = append(out, p)
				}
			}
			return out
		}
	}
	if p := sampleOf(source); p != "" {
		return []string{p}
	}
	return nil
}

func sampleRegexp(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(pick(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpStar:
		return sampleRegexp(re.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(sampleRegexp(re.Sub[0]), max(re.Min, 1))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(sampleRegexp(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return sampleRegexp(re.Sub[0])
	}
	return "" // anchors, and what may be left out
}

// pick returns an ordinary member of a class given as pairs of bounds.
func pick(bounds []rune) rune {
	for _, want := range "ax1/-" {
		for i := 0; i+1 < len(bounds); i += 2 {
			if bounds[i] <= want && want <= bounds[i+1] {
				return want
			}
		}
	}
	if len(bounds) > 0 {
		return bounds[0]
	}
	return 'a'
}

// unreserved are the characters, beside letters and digits, that an identifier in a path may hold (RFC 3986 section
// 2.3) and that people forget.
const unreserved = "_-.~"

// narrowClass finds a character class of a regex that lists letters and digits one by one and leaves out _ or -, of
// which identifiers are made: it returns a path that only fails for that character, the class and the character.
func narrowClass(source string) (sample, class, odd string) {
	for from := 0; ; {
		i := strings.IndexByte(source[from:], '[')
		if i < 0 {
			return "", "", ""
		}
		i += from
		j := strings.IndexByte(source[i:], ']')
		if j < 0 {
			return "", "", ""
		}
		body := source[i+1 : i+j]
		from = i + j + 1
		if !strings.Contains(body, "a-z") || !strings.Contains(body, "0-9") || strings.HasPrefix(body, "^") || from >= len(source) || source[from] != '+' && source[from] != '*' {
			continue
		}
		for _, c := range unreserved[:2] {
			if strings.ContainsRune(strings.NewReplacer("a-z", "", "A-Z", "", "0-9", "", `\w`, "_").Replace(body), c) {
				continue
			}
			marked := source[:i] + "a" + string(c) + "1" + source[from+1:]
			if s := sampleOf(marked); s != "" {
				return s, source[i:from], string(c)
			}
		}
	}
}
