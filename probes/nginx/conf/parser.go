package conf

import (
	"bytes"
	"fmt"
	"strings"
)

// MaxFile is how many bytes one file may have.
const MaxFile = 16 << 20

// Limits of a configuration. Real ones are far below: the largest known to us have 2 MB and nest 8 deep. A directive
// takes some 400 bytes of memory, and what the rules make of it as much again.
const (
	maxTotal      = 64 << 20 // bytes of all files, each time one is read
	maxDepth      = 200      // blocks in blocks
	maxIncludes   = 20_000   // files read, each time one is read
	maxDirectives = 200_000  // but for data
	maxData       = 300_000  // entries of map, geo and the like, which some generate from lists of addresses
	maxProblems   = 500      // reported of one configuration; more help nobody
)

// loader reads a configuration and its includes.
type loader struct {
	opts   Options
	conf   *Config
	base   []string // folders that relative includes are looked for in
	open   []string // files being read, outermost first: an include of one of them is a cycle
	byName map[string]*File
	ahead  readAhead
	read   int
	total  int
	count  int  // directives, but for data
	data   int  // entries of data blocks
	full   bool // maxDirectives was reached: nothing more is read
	level  Level
	folder bool // the text is a list of includes, of files that belong into http
}

// fail records a problem of a file.
func (l *loader) fail(p Problem) {
	if len(l.conf.Problems) < maxProblems {
		l.conf.Problems = append(l.conf.Problems, p)
	}
}

// parser parses one file.
type parser struct {
	*loader
	lex  *lexer
	file *File
	fold bool // the block is nested deeper than maxDepth: said once
}

// parseFile parses src into the block of parent (nil: the top) and returns the directives.
func (l *loader) parseFile(f *File, parent *Directive) []*Directive {
	p := &parser{loader: l, file: f}
	p.lex = &lexer{file: f, src: f.Src}
	p.lex.fail = func(off int, message, hint string, fix ...Edit) {
		l.fail(Problem{Refused, f, off, message, hint, fix, nil})
	}
	if bytes.IndexByte(f.Src, 0) >= 0 {
		off := bytes.IndexByte(f.Src, 0)
		p.lex.fail(off, fmt.Sprintf("byte 0 at offset %d: this is no text file", off), "")
		return nil
	}
	if bytes.HasPrefix(f.Src, []byte("\ufeff")) {
		p.lex.pos = 3
		first := &lexer{file: f, src: f.Src, pos: 3, fail: func(int, string, string, ...Edit) {}}
		name := ""
		if words, _ := first.next(); len(words) > 0 {
			name = words[0].Text
		}
		f.Comments = nil
		p.lex.fail(0, fmt.Sprintf("unknown directive %s", quote("\ufeff"+name)), "the file begins with a byte order mark (U+FEFF), which nginx takes for a letter: save it as UTF-8 without it", Edit{f, 0, 3, ""})
	}
	depth := 0
	for d := parent; d != nil; d = d.Parent {
		depth++
	}
	return p.block(parent, nil, depth)
}

// block parses directives up to the } of opener, or to the end of the file where opener is nil.
func (p *parser) block(parent, opener *Directive, depth int) []*Directive {
	var out []*Directive
	for {
		words, end := p.lex.next()
		switch {
		case end == fileEnd:
			p.atEnd(words, opener)
			if opener != nil {
				opener.Close = len(p.file.Src)
			}
			if len(words) > 0 {
				out = append(out, p.directive(words, parent, len(p.file.Src)))
			}
			return out
		case end == blockEnd:
			if opener != nil {
				opener.Close = p.lex.pos - 1
				return out
			}
			p.lex.fail(p.lex.pos-1, `unexpected "}"`, "no block is open here: delete it, or look for one that is closed too early", Edit{p.file, p.lex.pos - 1, p.lex.pos, ""})
		case p.stop(parent):
			p.lex.pos = len(p.file.Src)
			if opener != nil {
				opener.Close = len(p.file.Src)
			}
			return out
		case parent != nil && parent.Data && p.data > maxData, parent != nil && isData(parent.Name) && p.data > maxData:
			if end == blockOpen {
				p.skipBlock(&Directive{File: p.file, Parent: parent})
			}
			if parent.Unresolved == "" {
				parent.Unresolved = fmt.Sprintf("there are more than %d entries of maps and the like", maxData)
				p.conf.Missing = append(p.conf.Missing, parent)
			}
		default:
			meant := p.split(p.directive(words, parent, p.lex.pos), end == blockOpen)
			out = append(out, meant...)
			d := meant[len(meant)-1]
			if end == blockOpen {
				p.openBlock(d, depth)
			} else if d.Name == "include" && !(d.Data && len(d.Args) != 1) {
				out = append(out, p.include(d, parent)...)
			}
		}
	}
}

// stop counts a directive and tells whether the configuration holds more of them than are read. What stands around the
// place is then as unsure as around an include that cannot be read.
func (p *parser) stop(parent *Directive) bool {
	switch {
	case p.full:
	case parent != nil && (parent.Data || isData(parent.Name)):
		p.data++
	default:
		p.count++
	}
	if p.count <= maxDirectives || p.full {
		return p.full
	}
	p.full = true
	if parent == nil {
		parent = &Directive{Name: "include", File: p.file, Start: 0, End: 0}
	}
	parent.Unresolved = fmt.Sprintf("there are more than %d directives", maxDirectives)
	p.conf.Missing = append(p.conf.Missing, parent)
	return true
}

func (p *parser) directive(words []Arg, parent *Directive, end int) *Directive {
	d := &Directive{File: p.file, Parent: parent, End: end, Start: end, NameEnd: end}
	if len(words) > 0 {
		d.Name, d.NameQuoted = words[0].Text, words[0].Quote != 0
		d.Start, d.NameEnd = words[0].Start, words[0].End
		d.Args = words[1:]
	}
	d.Data = parent != nil && (parent.Data || isData(parent.Name))
	return d
}

func (p *parser) openBlock(d *Directive, depth int) {
	d.HasBlock, d.Open = true, p.lex.pos-1
	if d.Name == "" && d.Start > d.Open {
		d.Start, d.NameEnd = d.Open, d.Open // a block without a name begins at its {
	}
	switch {
	case isLua(d.Name):
		p.luaBody(d)
	case depth >= maxDepth:
		if !p.fold {
			p.lex.fail(d.Start, fmt.Sprintf("blocks are nested more than %d deep here", maxDepth), "what is nested deeper was not looked at")
		}
		p.fold = true
		p.skipBlock(d)
	default:
		d.Block = p.block(d, d, depth+1)
	}
	d.End = min(d.Close+1, len(p.file.Src))
}

// skipBlock passes over a block without keeping what it holds.
func (p *parser) skipBlock(d *Directive) {
	for open := 1; open > 0; {
		switch _, end := p.lex.next(); end {
		case blockOpen:
			open++
		case blockEnd:
			open--
			d.Close = p.lex.pos - 1
		case fileEnd:
			d.Close = len(p.file.Src)
			p.atEnd(nil, d)
			return
		}
	}
}

// luaBody takes the text of a Lua block as it is: up to the } that closes it, passing over Lua's strings, comments
// and long brackets.
func (p *parser) luaBody(d *Directive) {
	src, i, open := p.file.Src, p.lex.pos, 1
	for i < len(src) && open > 0 {
		switch c := src[i]; c {
		case '{':
			open++
		case '}':
			open--
		case '"', '\'':
			for i++; i < len(src) && src[i] != c && src[i] != '\n'; i++ {
				if src[i] == '\\' {
					i++
				}
			}
		case '-':
			if bytes.HasPrefix(src[i:], []byte("--")) && !bytes.HasPrefix(src[i:], []byte("--[[")) {
				for i < len(src) && src[i] != '\n' {
					i++
				}
			}
		case '[':
			if eq := longBracket(src[i:]); eq >= 0 {
				closing := "]" + strings.Repeat("=", eq) + "]"
				if n := bytes.Index(src[i:], []byte(closing)); n >= 0 {
					i += n + len(closing) - 1
				}
			}
		}
		i++
	}
	i = min(i, len(src))
	p.lex.pos = i
	d.Close = i
	if open == 0 {
		d.Close = i - 1
	} else {
		p.atEnd(nil, d)
	}
	d.Body = string(src[d.Open+1 : d.Close])
}

// longBracket returns the number of = in Lua's [[ or [==[ at the start of s; -1 where there is none.
func longBracket(s []byte) int {
	n := 0
	for n+1 < len(s) && s[n+1] == '=' {
		n++
	}
	if n+1 < len(s) && s[n+1] == '[' {
		return n
	}
	return -1
}

// atEnd reports what the end of the file cuts off.
func (p *parser) atEnd(words []Arg, opener *Directive) {
	end := len(bytes.TrimRight(p.file.Src, " \t\r\n"))
	switch {
	case len(words) > 0:
		last := words[len(words)-1]
		if last.Quote != 0 && (last.End-last.Start < 2 || p.file.Src[last.End-1] != last.Quote) {
			return // the quote that is never closed was reported
		}
		p.lex.fail(end, `unexpected end of file, expecting ";" or "}"`, fmt.Sprintf("the directive %q is not ended by \";\"", words[0].Text), Edit{p.file, last.End, last.End, ";"})
	case opener != nil:
		guilty := p.unclosed(opener)
		p.lex.fail(end, `unexpected end of file, expecting "}"`,
			fmt.Sprintf("the block %q that opens on line %d is never closed", guilty.Head(), guilty.Place().Line),
			Edit{p.file, len(p.file.Src), len(p.file.Src), closeLine(p.file, guilty)})
	}
}

// closeLine is the } that closes a block at the end of its file.
func closeLine(f *File, d *Directive) string {
	line := f.Indent(d.Start) + "}\n"
	if len(f.Src) > 0 && f.Src[len(f.Src)-1] != '\n' {
		line = "\n" + line
	}
	return line
}

// unclosed guesses which of the open blocks lacks its }: the innermost that holds a block whose } stands further left
// than its own beginning, which is where people's braces stop to match; else the innermost.
func (p *parser) unclosed(innermost *Directive) *Directive {
	for d := innermost; d != nil && d.File == p.file; d = d.Parent {
		own := len(p.file.Indent(d.Start))
		for _, c := range d.Block {
			if c.HasBlock && c.File == p.file && c.Close < len(p.file.Src) && p.file.LineStart(c.Start) != p.file.LineStart(c.Close) && len(p.file.Indent(c.Close)) <= own && len(p.file.Indent(c.Start)) > own {
				return c
			}
		}
	}
	return innermost
}
