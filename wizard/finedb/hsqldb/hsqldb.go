// Package hsqldb reads the rows of one table from the files of an HSQLDB database, 1.8 and 2.x: NAME.script, the whole
// database as SQL text, and NAME.log, what happened since. It also reads while another process has the database open:
// that process writes the log at most half a second late (SET FILES WRITE DELAY, 500 ms).
//
// It opens files for reading only, takes no lock, starts no Java and is no SQL engine: it follows the statements that
// HSQLDB itself writes, and says where something else changes the table. The rows of CACHED tables are in NAME.data,
// which it does not read. Schemas are not told apart, but for HSQLDB's own.
package hsqldb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// maxLine bounds a statement, in bytes. A value of the product's longest column (65535 characters, each written as
	// \uXXXX) has a third of it.
	maxLine = 1 << 20
	// tries and pause bound the wait for a script that is being replaced: HSQLDB writes the new one beside it, removes
	// the log and renames (CHECKPOINT), which takes milliseconds for a configuration database.
	tries = 50
	pause = 40 * time.Millisecond
	// heartbeat is how old the time in NAME.lck may be while the database is open: HSQLDB renews it every 10 s,
	// later on a busy host.
	heartbeat = 30 * time.Second
	// checkEvery is after how many lines the context is asked.
	checkEvery = 4096
)

// Table is one table as its last commit left it.
type Table struct {
	Script, Log string   // the files that were read; Log is "" where there is none that counts
	Columns     []string // in upper case
	Rows        []Row
	Changes     int    // statements of the log that changed the table
	Open        bool   // another process has the database open
	Version     string // of the HSQLDB that wrote it, such as 2.7.1; "" if not known

	Uncommitted     int // changes at the end of the log that no commit followed; they do not count, nor does HSQLDB count them
	UncommittedFrom int // the line of the first of them
	CutShort        int // the line at which the log ends in the middle; 0: it does not
}

// errMoved: the new script got its name while it was looked for.
var errMoved = errors.New("the script was renamed")

// Error says what is wrong in one of the files.
type Error struct {
	File string
	Line int // 0 where the fault has no line
	Msg  string
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("reading %s:%d: %s", e.File, e.Line, e.Msg)
	}
	return "reading " + e.File + ": " + e.Msg
}

// Read reads a table from the script at path and from the log beside it. The error is an *Error where a file could be
// opened and is not what it has to be.
func Read(ctx context.Context, path, table string) (*Table, error) {
	base := strings.TrimSuffix(path, ".script")
	for try := 1; ; try++ {
		before := stamp(path)
		t, err := read(ctx, base, table)
		// A script that was replaced meanwhile does not go with the log. While a new one lies beside it, the log may be
		// gone already; one that stays there was left by a process that was killed, and HSQLDB will drop it.
		settled := before == stamp(path)
		being := exists(base+".script.new") && !renaming(base)
		if (settled && !being && !errors.Is(err, errMoved)) || try == tries {
			if err == nil && !settled {
				err = &Error{File: path, Msg: fmt.Sprintf("it was replaced during each of %d tries, expected a database at rest; stop the product, or try again", tries)}
			}
			return t, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// stamp tells one state of a file from another.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func read(ctx context.Context, base, table string) (*Table, error) {
	t := &Table{Script: base + ".script", Version: property(base, "version"), Open: isOpen(base+".lck", time.Now())}
	moving := renaming(base)
	if moving {
		t.Script += ".new"
	}
	r := newReplay(table, strings.HasPrefix(t.Version, "1."))
	r.begin(t.Script, false)
	cut, err := r.lines(ctx, t.Script)
	if moving && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", errMoved, err)
	}
	if err != nil {
		return nil, err
	}
	if cut > 0 {
		return nil, &Error{t.Script, cut, "the last line ends in the middle of a statement, expected a whole one: the file is cut short"}
	}
	if err := r.readable(t.Script); err != nil {
		return nil, err
	}
	if log := base + ".log"; exists(log) && !moving {
		t.Log = log
		r.begin(log, true)
		if t.CutShort, err = r.lines(ctx, log); err != nil {
			return nil, err
		}
		t.Uncommitted, t.UncommittedFrom = r.pending()
		t.Changes = r.changes - t.Uncommitted
		if err := r.readable(log); err != nil {
			return nil, err
		}
	}
	for _, c := range r.shape() {
		t.Columns = append(t.Columns, c.name)
	}
	for _, row := range r.rows {
		if !row.gone {
			t.Rows = append(t.Rows, *row)
		}
	}
	return t, nil
}

// readable tells whether the table's rows are in the text.
func (r *replay) readable(file string) error {
	switch {
	case !r.seen:
		return &Error{File: file, Msg: fmt.Sprintf("no table %s in its %d lines, expected the database of the product", r.table, r.line)}
	case r.kind == "CACHED":
		return &Error{File: file, Msg: fmt.Sprintf("the table %s is CACHED, so that its rows are in %s, which is not text; expected a MEMORY table", r.table, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))+".data")}
	case r.kind == "TEXT":
		return &Error{File: file, Msg: fmt.Sprintf("the table %s is a TEXT table, so that its rows are in a file of their own; expected a MEMORY table", r.table)}
	}
	return nil
}

// lines applies a file line by line and returns the number of a last line that is not whole, else 0.
func (r *replay) lines(ctx context.Context, path string) (cut int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, plain(path, err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	head, _ := in.Peek(512)
	switch {
	case len(head) == 0 && !r.logged:
		return 0, &Error{File: path, Msg: "it is empty, expected the SQL text of an HSQLDB database"}
	case bytes.IndexByte(head, 0) >= 0 || len(head) > 1 && (head[0] == 0x78 || head[0] == 0x1f && head[1] == 0x8b):
		return 0, &Error{File: path, Msg: "it is compressed or encrypted, expected SQL text (SET SCRIPTFORMAT TEXT)"}
	}
	for {
		line, long, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, plain(path, err)
		}
		last := err != nil
		if last && len(line) == 0 {
			return 0, nil
		}
		if r.line++; r.line%checkEvery == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if last {
			return r.lastLine(path, line)
		}
		err = r.statement(line)
		if long && (err != nil || r.mentions(line)) {
			if !r.mentions(line) {
				continue // another table's
			}
			return 0, &Error{path, r.line, fmt.Sprintf("the line has more than %d bytes, expected a statement about %s", maxLine, r.table)}
		}
		if err != nil {
			return 0, &Error{path, r.line, err.Error()}
		}
	}
}

// lastLine applies a line without its line end: HSQLDB ends each, so that it was cut short, is being written right now,
// or was put there with an editor or a script. A log's counts only as a commit, which cannot be the beginning of
// anything else.
func (r *replay) lastLine(path string, line []byte) (cut int, err error) {
	if r.logged && !strings.EqualFold(strings.TrimRight(string(line), "; \t"), "COMMIT") {
		return r.line, nil
	}
	if !whole(line) || r.statement(line) != nil {
		return r.line, nil
	}
	return 0, nil
}

// whole tells whether every quote and bracket of a line is closed, and whether it is more than a beginning.
func whole(line []byte) bool {
	l := &lexer{line: line}
	depth, n := 0, 0
	for t := l.next(); t.kind != end; t = l.next() {
		switch {
		case t.kind == broken:
			return false
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		n++
	}
	insert := bytes.HasPrefix(bytes.ToUpper(line[:min(len(line), 6)]), []byte("INSERT"))
	return depth == 0 && (!insert || bytes.IndexByte(line, ')') > 0)
}

// mentions tells whether a statement is about the table's rows, by its beginning alone.
func (r *replay) mentions(line []byte) bool {
	l := &lexer{line: line}
	switch {
	case l.take("INSERT") && l.take("INTO"), l.take("DELETE") && l.take("FROM"), l.take("UPDATE"):
		return r.isTable(l)
	}
	return false
}

// readLine reads a line without its end; of one that is longer than maxLine, the beginning. The error is io.EOF where
// the line has no end.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	for {
		part, err := in.ReadSlice('\n')
		if room := maxLine - len(line); len(part) > room {
			part, long = part[:room], true
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(line, []byte("\n")), long, err
		}
	}
}

// property reads a line of HSQLDB's own NAME.properties; "" where there is none.
func property(base, key string) string {
	raw, err := os.ReadFile(base + ".properties")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, key+"="); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// renaming tells whether HSQLDB has written a new script that already counts, and not yet given it its name: the log is
// folded into it (modified=yes-new-files).
func renaming(base string) bool {
	return property(base, "modified") == "yes-new-files" && exists(base+".script.new")
}

// isOpen looks at the lock file: "HSQLLOCK" and the time of the last heartbeat in ms, 8 bytes with the highest first. One
// without a fresh heartbeat was left behind by a process that was killed.
func isOpen(path string, now time.Time) bool {
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) < 16 || string(raw[:8]) != "HSQLLOCK" {
		return false
	}
	var ms int64
	for _, b := range raw[8:16] {
		ms = ms<<8 | int64(b)
	}
	age := now.Sub(time.UnixMilli(ms))
	return age > -heartbeat && age < heartbeat
}

// plain drops the path that the system's errors repeat.
func plain(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("reading %s: %w", path, err)
}
