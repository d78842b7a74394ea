package haproxy

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
)

// What is read of a configuration: far more than anyone writes by hand, and little enough to hold.
const (
	maxFiles = 1000
	maxBytes = 16 << 20 // of all files together
)

// File is one configuration file.
type File struct {
	Name string // as findings name it
	Text string
}

// Load reads configuration files as "haproxy -f" takes them: a folder stands for the files in it that end in ".cfg"
// and do not begin with a dot, in the order of their bytes (management guide, section 3). at, if not nil, turns a path
// into the place where it is read. The error names the path.
func Load(paths []string, at func(path string) string) ([]File, error) {
	if at == nil {
		at = func(path string) string { return path }
	}
	var out []File
	left := int64(maxBytes)
	for _, path := range paths {
		names, err := expandPath(path, at)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if len(out) == maxFiles {
				return nil, fmt.Errorf("reading %s: more than %d files", name, maxFiles)
			}
			text, err := readFile(at(name), left)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, bare(err))
			}
			left -= int64(len(text))
			out = append(out, File{Name: name, Text: text})
		}
	}
	return out, nil
}

func expandPath(path string, at func(string) string) ([]string, error) {
	info, err := os.Stat(at(path))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, bare(err))
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(at(path))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, bare(err))
	}
	var out []string
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		if !strings.HasSuffix(name, ".cfg") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info, err := os.Stat(at(name)); err == nil && info.Mode().IsRegular() {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out, nil
}

func readFile(path string, limit int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", probes.CannotLook("it is no regular file") // a pipe would wait for ever
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("the configuration is larger than %d MB", maxBytes>>20)
	}
	return string(raw), err
}

// bare drops the path that an fs error repeats.
func bare(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	return err
}
