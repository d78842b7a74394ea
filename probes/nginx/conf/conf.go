// Package conf reads nginx configuration the way nginx does, byte by byte, and keeps what nginx throws away: columns,
// quoting, comments, the end of each block. It goes on after an error, and words errors as nginx words them.
//
// It does not know what a directive means beyond its level, its number of arguments and whether a block follows; it
// evaluates no variable, resolves no name and opens no file but the one it is given and those that this one includes.
package conf

import (
	"sort"
	"strings"
)

// File is the text of one file and where its lines begin.
type File struct {
	Name     string // as it was named by the caller, by an include or by an `nginx -T` dump
	Src      []byte
	Comments []Comment
	Top      []*Directive // what stands at the file's own top level

	lines []int // offset of the first byte of each line
}

// Comment is one # comment, without its line end.
type Comment struct {
	Start, End int // [Start, End) in File.Src
	Text       string
}

// Place is a spot in a file for people to go to. Lines and columns count from 1, columns in bytes.
type Place struct {
	File      string
	Line, Col int
}

// Place returns line and column of an offset.
func (f *File) Place(offset int) Place {
	i := f.lineOf(offset)
	return Place{f.Name, i + 1, offset - f.lines[i] + 1}
}

// maxLine is how many bytes Line returns at most: a file of one line is shown for each of its findings.
const maxLine = 64 << 10

// Line returns the text of a line, without its end, or its first 64 KiB; "" where the file has no such line.
func (f *File) Line(n int) string {
	if f.lines == nil {
		f.lines = lineStarts(f.Src)
	}
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.Src)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return strings.TrimSuffix(string(f.Src[f.lines[n-1]:min(end, f.lines[n-1]+maxLine)]), "\r")
}

// LineStart returns the offset of the first byte of the line that holds offset.
func (f *File) LineStart(offset int) int { return f.lines[f.lineOf(offset)] }

// lineOf returns the index of the line that holds offset.
func (f *File) lineOf(offset int) int {
	if f.lines == nil {
		f.lines = lineStarts(f.Src)
	}
	return sort.SearchInts(f.lines, offset+1) - 1
}

// Indent returns the blanks that begin the line of offset.
func (f *File) Indent(offset int) string {
	start := f.LineStart(offset)
	end := start
	for end < len(f.Src) && (f.Src[end] == ' ' || f.Src[end] == '\t') {
		end++
	}
	return string(f.Src[start:end])
}

func lineStarts(src []byte) []int {
	out := []int{0}
	for i, c := range src {
		if c == '\n' {
			out = append(out, i+1)
		}
	}
	return out
}

// Arg is one argument of a directive.
type Arg struct {
	Text       string // unquoted and unescaped, as nginx hands it to the directive
	Quote      byte   // '"', '\'' or 0
	Start, End int    // [Start, End) in the file, quotes included
}

// Directive is one directive, with its block if it has one.
type Directive struct {
	Name       string
	NameQuoted bool
	Args       []Arg
	File       *File
	Start      int // of the name
	NameEnd    int
	End        int // behind the ; or the }

	HasBlock    bool
	Open, Close int // offsets of { and }; Close is len(Src) where the } is missing
	Block       []*Directive
	Body        string // of a Lua block: its text

	Parent     *Directive
	Data       bool    // an entry of map, types, geo and the like: Name is a value there
	Included   []*File // of an include: the files that it brought in; their directives follow it in the Block
	Unresolved string  // of an include: why nothing could be read; of a block: why it was not read to its end
}

// Arg returns the text of argument i; "" where there is none.
func (d *Directive) Arg(i int) string {
	if i >= 0 && i < len(d.Args) {
		return d.Args[i].Text
	}
	return ""
}

// Texts returns the texts of all arguments.
func (d *Directive) Texts() []string {
	out := make([]string, len(d.Args))
	for i, a := range d.Args {
		out[i] = a.Text
	}
	return out
}

// Place returns where the directive begins.
func (d *Directive) Place() Place { return d.File.Place(d.Start) }

// Head returns the directive as written, up to its ; or {, blanks folded.
func (d *Directive) Head() string {
	end := d.End
	if d.HasBlock {
		end = d.Open
	}
	end = min(end, len(d.File.Src))
	return strings.TrimRight(strings.Join(strings.Fields(string(d.File.Src[d.Start:end])), " "), "; ")
}

// Find returns the directives of that name in the block.
func (d *Directive) Find(name string) []*Directive { return Find(d.Block, name) }

// Find returns the directives of that name in list.
func Find(list []*Directive, name string) []*Directive {
	var out []*Directive
	for _, d := range list {
		if d.Name == name && !d.Data {
			out = append(out, d)
		}
	}
	return out
}

// Walk calls visit for each directive of list and below it, in the order of the file; entries of data blocks are
// left out. visit returns whether to go into the block.
func Walk(list []*Directive, visit func(*Directive) bool) {
	for _, d := range list {
		if !d.Data && visit(d) {
			Walk(d.Block, visit)
		}
	}
}

// Kind of a Problem.
type Kind int

// The kinds of a problem.
const (
	Refused   Kind = iota // nginx does not load the file
	Swallowed             // nginx loads it, but a missing ; turned a directive into arguments
	Foreign               // a directive of a module that stock nginx lacks: refused without it
	Tolerated             // nginx loads it with a warning, or in some versions only
	Mixed                 // a fragment holds pieces of several levels, as a page of documentation does
)

// Problem is something that is wrong with the text itself.
type Problem struct {
	Kind    Kind
	File    *File
	Offset  int
	Message string // nginx's own words where it has some
	Hint    string // what to do about it; "" where the message says it
	Fix     []Edit // nil: none that is certain

	Directive *Directive // that it is about; nil where the text fell apart before there was one
}

// Place returns where the problem is.
func (p Problem) Place() Place { return p.File.Place(p.Offset) }

// Edit replaces File.Src[Start:End] by Text.
type Edit struct {
	File       *File
	Start, End int
	Text       string
}

// Config is a configuration with its includes read in.
type Config struct {
	Main     *File
	Files    []*File // each file once, Main first
	Top      []*Directive
	Level    Level // of Main's top level
	Problems []Problem
	Missing  []*Directive // includes of which nothing could be read
	Dump     bool         // it came from `nginx -T`
}

// Whole tells whether nothing is missing: a complete nginx.conf all of whose includes were read.
func (c *Config) Whole() bool { return c.Level == Main && len(c.Missing) == 0 }

// NumArgs returns the number of arguments.
func (d *Directive) NumArgs() int { return len(d.Args) }
