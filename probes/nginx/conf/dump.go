package conf

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"slices"
)

// dumpMark begins each file in the output of `nginx -T` (ngx_dump_config in nginx.c).
const dumpMark = "# configuration file "

// splitDump cuts the output of `nginx -T` into its files, the main one first; nil where src is no such output.
func splitDump(src []byte) []*File {
	if i := bytes.Index(src, []byte(dumpMark)); i < 0 || i > 0 && src[i-1] != '\n' || !onlyNotes(src[:i]) {
		return nil
	}
	var out []*File
	for line := range bytes.Lines(src) {
		rest, ok := bytes.CutPrefix(line, []byte(dumpMark))
		if name, isMark := bytes.CutSuffix(bytes.TrimRight(rest, "\r\n"), []byte(":")); ok && isMark {
			out = append(out, &File{Name: string(name)})
			continue
		}
		if len(out) > 0 {
			f := out[len(out)-1]
			f.Src = append(f.Src, line...)
		}
	}
	return out
}

// onlyNotes tells whether text holds nothing but what `nginx -T` says on its own: "nginx: …" lines and blank ones.
func onlyNotes(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && !bytes.HasPrefix(line, []byte("nginx: ")) {
			return false
		}
	}
	return true
}

// useDump makes the loader find its includes in the files of a dump, and nowhere else.
func (l *loader) useDump(files []*File) {
	l.conf.Dump = true
	byName := map[string][]byte{}
	var names []string
	for _, f := range files {
		byName[f.Name] = f.Src
		names = append(names, f.Name)
	}
	l.opts.ReadFile = func(name string) ([]byte, error) {
		if src, ok := byName[name]; ok {
			return src, nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	l.opts.Glob = func(pattern string) ([]string, error) {
		var out []string
		for _, n := range names {
			if ok, err := filepath.Match(pattern, n); err != nil {
				return nil, err
			} else if ok {
				out = append(out, n)
			}
		}
		slices.Sort(out)
		return out, nil
	}
}
