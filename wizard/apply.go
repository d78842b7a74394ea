package wizard

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Journal collects how what a session changed is taken back, in a file beside the settings: ".wsdoctor.yaml.undo". A
// line is written before its change is made, so that a change that was cut short can be taken back too.
type Journal struct {
	path string
	now  func() time.Time
}

// JournalFor returns the journal of the sessions that write the settings file.
func JournalFor(settings string) *Journal {
	return &Journal{filepath.Join(filepath.Dir(settings), "."+filepath.Base(settings)+".undo"), time.Now}
}

// Path is the file.
func (j *Journal) Path() string { return j.path }

// Entry is one change, and one line of the journal.
type Entry struct {
	At   time.Time `json:"at"`
	File string    `json:"file,omitempty"` // that was written
	// Backup is the file as it was before; "" where there was none.
	Backup string `json:"backup,omitempty"`
	Sum    string `json:"sum,omitempty"`   // SHA-256 of what was written
	Run    string `json:"run,omitempty"`   // the command that was run
	Again  bool   `json:"again,omitempty"` // it is to be run once more when the files were put back
	Undo   string `json:"undo"`            // the line for the shell that takes the change back
}

// Begin empties the journal: it holds the last run alone.
func (j *Journal) Begin() error {
	if err := os.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("beginning the list of what can be taken back: %w", err)
	}
	return nil
}

func (j *Journal) add(e Entry) (err error) {
	e.At = j.now().UTC().Truncate(time.Second)
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("noting how it is taken back: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("noting how it is taken back: %w", err)
	}
	return nil
}

// Entries returns what the last run changed, in its order. The error is an fs.ErrNotExist where there was none.
func (j *Journal) Entries() ([]Entry, error) {
	raw, err := os.ReadFile(j.path)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for line := range strings.Lines(string(raw)) {
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			if !strings.HasSuffix(line, "\n") {
				break // cut short: its change was not begun
			}
			return nil, fmt.Errorf("reading %s: %w", j.path, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// Write makes a backup of the file that is there, writes the new one beside it and renames it. Nothing is done where
// the file is as it is to be; then the entry is the zero one.
func (j *Journal) Write(f File) (Entry, error) {
	// A link stays a link: what it points to is what the operator keeps.
	if target, err := filepath.EvalSymlinks(f.Path); err == nil {
		f.Path = target
	}
	if f.Unchanged() {
		return Entry{}, nil
	}
	e := Entry{File: f.Path, Sum: sum(f.Content), Undo: "rm " + Quote(f.Path)}
	info, err := os.Stat(f.Path)
	switch {
	case err == nil:
		f.Mode = info.Mode().Perm()
		if e.Backup, err = backup(f.Path, f.Mode, j.now()); err != nil {
			return Entry{}, err
		}
		e.Undo = "mv -f " + Quote(e.Backup) + " " + Quote(f.Path)
	case !errors.Is(err, fs.ErrNotExist):
		return Entry{}, fmt.Errorf("writing %s: %w", f.Path, err)
	}
	if err := j.add(e); err != nil {
		return Entry{}, err
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
		return e, fmt.Errorf("writing %s: %w", f.Path, err)
	}
	return e, replace(f.Path, f.Content, f.Mode)
}

// backup copies a file under a name that is not taken.
func backup(path string, mode fs.FileMode, now time.Time) (string, error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("backing up %s: %w", path, err)
	}
	// A name with a dot in front: "include sites-enabled/*" would read any other.
	base := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".before-"+now.Format("20060102-150405"))
	for n := 1; ; n++ {
		name := base
		if n > 1 {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("backing up %s: %w", path, err)
		}
		_, err = f.Write(old)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return "", errors.Join(fmt.Errorf("backing up %s: %w", path, err), os.Remove(name))
		}
		return name, nil
	}
}

// Runner runs a line in the shell and returns what it printed.
type Runner func(ctx context.Context, line string) (output string, err error)

// Run notes how a command is taken back and runs it.
func (j *Journal) Run(ctx context.Context, c Command, run Runner) (output string, err error) {
	if err := j.add(Entry{Run: c.Run, Undo: c.Undo, Again: c.Again}); err != nil {
		return "", err
	}
	output, err = run(ctx, c.Run)
	if err != nil {
		return output, fmt.Errorf("running %s: %w", c.Run, err)
	}
	return output, nil
}

// Back takes one change back: a file that is still as it was written becomes what it was, a command is undone by its
// line. The error says why it was left alone.
func (e Entry) Back(ctx context.Context, run Runner) (output string, err error) {
	if e.File == "" {
		if e.Undo == "" {
			return "", nil
		}
		output, err = run(ctx, e.Undo)
		if err != nil {
			return output, fmt.Errorf("running %s: %w", e.Undo, err)
		}
		return output, nil
	}
	now, err := os.ReadFile(e.File)
	switch {
	case errors.Is(err, fs.ErrNotExist) && e.Backup == "":
		return "", nil // it was not written, or is gone already
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("taking back %s: %w", e.File, err)
	case err == nil && sum(now) != e.Sum:
		if e.Backup != "" && sameContent(e.Backup, now) {
			return "", os.Remove(e.Backup) // it was not written, or is back already
		}
		return "", fmt.Errorf("taking back %s: it was changed since it was written; by hand: %s", e.File, e.Undo)
	case e.Backup == "":
		return "", os.Remove(e.File)
	}
	return "", os.Rename(e.Backup, e.File)
}

func sameContent(path string, content []byte) bool {
	raw, err := os.ReadFile(path)
	return err == nil && sum(raw) == sum(content)
}

// Keep writes what could not be taken back as the new journal, and removes it where all could.
func (j *Journal) Keep(left []Entry) error {
	if len(left) == 0 {
		return j.Begin()
	}
	var b strings.Builder
	for _, e := range left {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(raw, '\n'))
	}
	return replace(j.path, []byte(b.String()), 0o600)
}

// Undo takes the last run back, the last change first, and then has those programs read their files again that did so
// during the run. ask is told of each change and says whether to go on with it;
// said is told how each ended. What was left alone stays in the journal.
func (j *Journal) Undo(ctx context.Context, run Runner, ask func(Entry) bool, said func(e Entry, output string, err error)) error {
	entries, err := j.Entries()
	if err != nil {
		return err
	}
	var left, again []Entry
	failed := false
	for _, e := range slices.Backward(entries) {
		if e.Again && e.Undo == "" {
			again = append([]Entry{e}, again...)
			continue
		}
		if ctx.Err() != nil || !ask(e) {
			left = append([]Entry{e}, left...)
			continue
		}
		output, err := e.Back(ctx, run)
		if err != nil {
			failed = true
			left = append([]Entry{e}, left...)
		}
		said(e, output, err)
	}
	for _, e := range again {
		e = Entry{Run: e.Run, Undo: e.Run}
		if ctx.Err() == nil && ask(e) {
			output, err := e.Back(ctx, run)
			failed = failed || err != nil
			said(e, output, err)
		}
	}
	if err := j.Keep(left); err != nil {
		return err
	}
	if failed {
		return errors.New("not everything could be taken back; see the lines above")
	}
	return ctx.Err()
}

func sum(raw []byte) string {
	s := sha256.Sum256(raw)
	return hex.EncodeToString(s[:])
}

// Quote quotes a word for a POSIX shell.
func Quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@:,=", r))
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
