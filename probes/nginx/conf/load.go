package conf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options of Load and Parse. The zero value reads the file system.
type Options struct {
	// Prefix is the folder that relative includes are relative to; "" means the folder of the main file, as in nginx,
	// and for a fragment also the folders above it, since a fragment is included from further up.
	Prefix string
	// ReadFile, if not nil, is used instead of reading the file system. An error that is fs.ErrNotExist means that
	// the file is not there.
	ReadFile func(name string) ([]byte, error)
	// Glob, if not nil, is used instead of filepath.Glob.
	Glob func(pattern string) ([]string, error)
	// NoIncludes leaves includes alone: they are then all Missing.
	NoIncludes bool
}

// Load reads a configuration from a file, with its includes. The error says that the file itself cannot be read;
// whatever is wrong inside is a Problem.
func Load(path string, o Options) (*Config, error) {
	l := newLoader(o)
	read := o.ReadFile
	if read == nil {
		read = readMain
	}
	src, err := bounded(path, read)
	if err != nil {
		return nil, err
	}
	return l.parse(path, src), nil
}

// Parse reads a configuration from text. Its includes are looked for as Load does.
func Parse(name string, src []byte, o Options) (*Config, error) {
	if len(src) > MaxFile {
		return nil, tooLarge(name, int64(len(src)))
	}
	return newLoader(o).parse(name, src), nil
}

func newLoader(o Options) *loader {
	l := &loader{opts: o, conf: &Config{}, byName: map[string]*File{}}
	if l.opts.ReadFile == nil {
		l.opts.ReadFile = ReadFile
	}
	if l.opts.Glob == nil {
		l.opts.Glob = filepath.Glob
	}
	return l
}

func tooLarge(name string, n int64) error {
	return fmt.Errorf("reading %s: has %d bytes, expected a configuration of at most %d", name, n, MaxFile)
}

// ReadFile reads a file of the file system that is not larger than a configuration can be (MaxFile). It waits for nobody:
// a pipe or a terminal is an error, but for /dev/null, which some include.
func ReadFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	case info.Size() > MaxFile:
		return nil, tooLarge(name, info.Size())
	case name == os.DevNull:
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is no regular file")}
	}
	return os.ReadFile(name)
}

// readMain reads the file that was asked for, which may be a pipe, as a shell's <(…) is.
func readMain(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return ReadFile(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}

func (l *loader) readFile(name string) ([]byte, error) { return bounded(name, l.opts.ReadFile) }

// bounded reads a file of at most MaxFile; the error names it.
func bounded(name string, read func(string) ([]byte, error)) ([]byte, error) {
	src, err := read(name)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = fmt.Errorf("reading %s: %w", name, pe.Err)
	}
	if err == nil && len(src) > MaxFile {
		err = tooLarge(name, int64(len(src)))
	}
	return src, err
}

func (l *loader) parse(name string, src []byte) *Config {
	if files := splitDump(src); files != nil {
		l.useDump(files)
		name, src = files[0].Name, files[0].Src
	}
	f := &File{Name: name, Src: src}
	l.conf.Main = f
	l.conf.Files = []*File{f}
	l.byName[name] = f
	l.total = len(src)
	dir := filepath.Dir(name)
	if l.opts.Prefix != "" {
		dir = l.opts.Prefix
	}
	l.base = []string{dir}
	l.open = []string{name}
	// The level of a fragment decides where its includes are looked for, and includes may hold what tells the level:
	// the file's own directives are enough, since a file of nothing but includes is a whole one or of no interest.
	l.level = guessLevel(topNames(src))
	if l.level != Main && l.opts.Prefix == "" {
		for i := 0; i < 3 && dir != filepath.Dir(dir); i++ {
			dir = filepath.Dir(dir)
			l.base = append(l.base, dir)
		}
	}
	if l.folder {
		l.level = HTTP
	}
	l.conf.Level = l.level
	l.conf.Top = l.parseFile(f, nil)
	for _, d := range l.conf.Top {
		if d.File == f {
			f.Top = append(f.Top, d)
		}
	}
	l.conf.checkAll()
	return l.conf
}

// topNames returns the names of the directives at the top of a text.
func topNames(src []byte) []string {
	x := &lexer{file: &File{Src: src}, src: src, fail: func(int, string, string, ...Edit) {}}
	if strings.HasPrefix(string(src[:min(3, len(src))]), "\ufeff") {
		x.pos = 3
	}
	var names []string
	for depth := 0; ; {
		words, end := x.next()
		if depth == 0 && len(words) > 0 {
			n := words[0].Text
			if end == blockOpen {
				n += "{"
			}
			names = append(names, n)
		}
		switch end {
		case fileEnd:
			return names
		case blockOpen:
			depth++
		case blockEnd:
			depth = max(0, depth-1)
		}
	}
}

// include reads what an include names and returns the directives for the block it stands in.
func (p *parser) include(d, parent *Directive) []*Directive {
	if len(d.Args) != 1 {
		return nil // checkAll says so
	}
	pattern := d.Args[0].Text
	if p.opts.NoIncludes {
		d.Unresolved = "includes are not read here"
		p.conf.Missing = append(p.conf.Missing, d)
		return nil
	}
	names, why := p.resolve(pattern)
	if why != "" {
		d.Unresolved = why
		p.conf.Missing = append(p.conf.Missing, d)
		return nil
	}
	var out []*Directive
	for _, name := range names {
		if p.full {
			return out
		}
		if slices.Contains(p.open, name) {
			p.lex.fail(d.Start, fmt.Sprintf("include of %q, which is being read: %s", name, strings.Join(append(slices.Clone(p.open), name), " → ")),
				"nginx follows it until it runs out of file descriptors: too many open files")
			continue
		}
		if p.read++; p.read > maxIncludes {
			p.lex.fail(d.Start, fmt.Sprintf("more than %d files are included", maxIncludes), "the rest was not read")
			return out
		}
		f, err := p.fileFor(name)
		if err != nil {
			d.Unresolved = err.Error()
			p.conf.Missing = append(p.conf.Missing, d)
			continue
		}
		d.Included = append(d.Included, f)
		p.open = append(p.open, name)
		inner := p.parseFile(f, parent)
		p.open = p.open[:len(p.open)-1]
		for _, c := range inner {
			if c.File == f && f.Top == nil {
				f.Top = append(f.Top, c)
			}
		}
		out = append(out, inner...)
	}
	return out
}

// fileFor returns the File of a name; one that is included several times is read once.
func (l *loader) fileFor(name string) (*File, error) {
	if f := l.byName[name]; f != nil {
		if l.total += len(f.Src); l.total > maxTotal {
			return nil, fmt.Errorf("reading %s: the configuration has more than %d bytes", name, maxTotal)
		}
		// A fresh File: comments and places belong to each time it is read, the text is shared.
		return &File{Name: name, Src: f.Src, lines: f.lines}, nil
	}
	src, err := l.ahead.src, l.ahead.err
	if l.ahead.name != name {
		src, err = l.readFile(name)
	}
	l.ahead = readAhead{}
	if err != nil {
		return nil, err
	}
	if l.total += len(src); l.total > maxTotal {
		return nil, fmt.Errorf("reading %s: the configuration has more than %d bytes", name, maxTotal)
	}
	f := &File{Name: name, Src: src}
	l.byName[name] = f
	l.conf.Files = append(l.conf.Files, f)
	return f, nil
}

// resolve returns the files that an include names. A pattern that matches nothing is no error, as in nginx.
func (l *loader) resolve(pattern string) (names []string, why string) {
	globs := strings.ContainsAny(pattern, "*?[")
	for _, dir := range l.base {
		full := pattern
		if !filepath.IsAbs(pattern) {
			full = filepath.Join(dir, pattern)
		}
		if globs {
			found, err := l.opts.Glob(full)
			if err != nil {
				return nil, fmt.Sprintf("glob %q: %v", full, err)
			}
			slices.Sort(found)
			names = append(names, found...)
		} else if _, known := l.byName[full]; known || l.exists(full) {
			names = append(names, full)
		}
		if len(names) > 0 {
			return names, ""
		}
	}
	if globs {
		// In a whole configuration that is what nginx sees too; a fragment may simply be away from its folder.
		return nil, ""
	}
	full := pattern
	if !filepath.IsAbs(pattern) {
		full = filepath.Join(l.base[0], pattern)
	}
	return nil, fmt.Sprintf("open() %q failed (2: No such file or directory)", full)
}

// exists reads a file to see whether it is there, and keeps it for fileFor, which asks for it next.
func (l *loader) exists(name string) bool {
	src, err := l.readFile(name)
	l.ahead = readAhead{name, src, err}
	return !errors.Is(err, fs.ErrNotExist)
}

// readAhead is a file that was read before it was asked for.
type readAhead struct {
	name string
	src  []byte
	err  error
}

// LoadFolder reads the files of a folder as nginx's packages include conf.d and sites-enabled: inside http, those that
// end in .conf, or all where none does. The error says that there are none.
func LoadFolder(dir string) (*Config, error) {
	for _, pattern := range []string{"*.conf", "*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", dir, err)
		}
		found = slices.DeleteFunc(found, func(p string) bool {
			info, err := os.Stat(p)
			return err == nil && info.IsDir()
		})
		if len(found) == 0 {
			continue
		}
		var src strings.Builder
		for _, f := range found {
			fmt.Fprintf(&src, "include %q;\n", filepath.Base(f))
		}
		l := newLoader(Options{Prefix: dir})
		l.folder = true
		return l.parse(filepath.Join(dir, "*"), []byte(src.String())), nil
	}
	return nil, fmt.Errorf("reading %s: found no file", dir)
}
