package wizard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/probes/nginx"
	"example.com/wsdoctor/probes/nginx/conf"
)

// File is a file that is to be written.
type File struct {
	Path    string // absolute
	Content []byte
	Mode    fs.FileMode // of a file that is not there yet; one that is keeps its own
}

// Command is a line for the shell that changes this host.
type Command struct {
	Run  string
	Undo string      // the line that takes it back; "": nothing has to be
	Why  probes.Text // what it is for
	// Again tells that Run makes a program read its files: it is run once more when those were put back.
	Again bool
	// Check tells that Run changes nothing and says whether what was written is taken.
	Check bool
}

// Plan is everything that a session would change.
type Plan struct {
	Files    []File
	Commands []Command
}

// SettingsFile returns the settings as a file.
func SettingsFile(path string, cfg cluster.Config) (File, error) {
	raw, err := cluster.Encode(cfg)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	return File{Path: path, Content: raw, Mode: 0o644}, err
}

// Diff returns a unified diff from what is at the file's path to its new content; "" where nothing changes.
func (f File) Diff() (string, error) {
	old, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading what is to be replaced: %w", err)
	}
	return nginx.Fixed{File: &conf.File{Name: f.Path, Src: old}, New: f.Content}.Diff(), nil
}

// Unchanged tells whether the file is there already as it is to be.
func (f File) Unchanged() bool {
	old, err := os.ReadFile(f.Path)
	return err == nil && bytes.Equal(old, f.Content)
}

// takeBack is how findings write the line that undoes the fix before it.
const takeBack = "# to take it back: %s"

// FixCommands returns the fixes of findings as commands, each with the line that takes it back; comments are left out.
// A fix whose way back is not known is for a person, and left out too.
func FixCommands(findings []probes.Finding) []Command {
	var out []Command
	seen := map[string]bool{}
	for _, f := range findings {
		for i := 0; i+1 < len(f.Fix); i++ {
			run, undo := f.Fix[i].String(), f.Fix[i+1]
			if strings.HasPrefix(run, "#") || undo.Format != takeBack || len(undo.Args) != 1 || seen[run] {
				continue
			}
			seen[run] = true
			out = append(out, Command{Run: run, Undo: fmt.Sprint(undo.Args[0]), Why: f.Title})
		}
	}
	return out
}
