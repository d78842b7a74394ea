package hsqldb

import (
	"bytes"
	"fmt"
	"strings"
)

// replay applies statements to the rows of one table, as HSQLDB does when it opens a database.
type replay struct {
	table string // in upper case
	file  string // whose lines are read now
	line  int
	// logged: the lines are a log's, where a statement counts when its session commits.
	logged bool
	// autocommit is how a session of a log starts: HSQLDB 1.x commits by itself until SET AUTOCOMMIT FALSE, 2.x never.
	autocommit bool

	seen     bool // the table is there
	kind     string
	fallback string // the kind of a table whose CREATE names none
	columns  []column
	rows     []*Row
	byFirst  map[string][]*Row // alive rows by the text of their first value
	changes  int               // statements of the log that counted
	sessions map[string]*session
	current  *session
}

type column struct{ name, kind string }

// session is one connection in a log.
type session struct {
	autocommit bool
	schema     string
	pending    []change
	marks      map[string]int // savepoint → how many changes were pending
}

// change is a statement that waits for its commit.
type change struct {
	line  int
	apply func()
}

func newReplay(table string, autocommit bool) *replay {
	return &replay{table: strings.ToUpper(table), autocommit: autocommit, fallback: "MEMORY", byFirst: map[string][]*Row{}}
}

// begin starts a file.
func (r *replay) begin(file string, logged bool) {
	r.file, r.line, r.logged = file, 0, logged
	r.sessions = map[string]*session{}
	r.session("")
}

func (r *replay) session(id string) {
	if r.sessions[id] == nil {
		r.sessions[id] = &session{autocommit: r.autocommit || !r.logged, marks: map[string]int{}}
	}
	r.current = r.sessions[id]
}

// statement applies one line. The error says what was found and what was expected, without the place and without the
// row's values, which may be anybody's secret.
func (r *replay) statement(line []byte) error {
	if rest, ok := bytes.CutPrefix(line, []byte("/*C")); ok {
		if id, rest, ok := bytes.Cut(rest, []byte("*/")); ok {
			r.session(string(id))
			line = rest
		}
	}
	l := &lexer{line: line}
	switch first := l.next(); {
	case first.kind == broken:
		return unfinished(first)
	case first.is("INSERT") && l.take("INTO") && r.isTable(l):
		return r.insert(l)
	case first.is("DELETE") && l.take("FROM") && r.isTable(l):
		return r.remove(l)
	case first.is("UPDATE") && r.isTable(l):
		return r.update(l)
	case first.is("CREATE"):
		return r.create(l)
	case first.is("ALTER") && l.take("TABLE"):
		return r.alter(l)
	case first.is("DROP") && l.take("TABLE"):
		return r.drop(l)
	case first.is("TRUNCATE") && l.take("TABLE"):
		r.commit()
		if r.isTable(l) {
			r.clear()
		}
	case first.is("SET"):
		r.set(l)
	case first.is("COMMIT"):
		r.commit()
	case first.is("ROLLBACK"):
		r.rollback(l)
	case first.is("SAVEPOINT"):
		r.current.marks[l.next().text] = len(r.current.pending)
	case first.is("DISCONNECT"):
		r.drain(0)
	}
	return nil
}

// name reads a name and the schema before it, "" where there is none.
func name(l *lexer) (schema, name string) {
	t := l.next()
	if t.kind != word && t.kind != identifier {
		return "", ""
	}
	whole := t.text // what a dot separates: in a word it is within, else it is a word of its own, or begins one
	for last := t; ; {
		p := l.peek()
		dotted := last.kind == word && strings.HasSuffix(last.text, ".") && p.kind == identifier ||
			last.kind == identifier && p.kind == word && strings.HasPrefix(p.text, ".")
		if !dotted {
			break
		}
		last = l.next()
		whole += last.text
	}
	if i := strings.LastIndexByte(whole, '.'); i >= 0 {
		return whole[:i], whole[i+1:]
	}
	return "", whole
}

// isTable takes a name and tells whether it is the table's. HSQLDB's own schemas may have one of the same name.
func (r *replay) isTable(l *lexer) bool {
	schema, n := name(l)
	if schema == "" {
		schema = r.current.schema
	}
	return strings.EqualFold(n, r.table) && schema != "SYSTEM_LOBS" && schema != "INFORMATION_SCHEMA"
}

// do applies f now, or when the session commits.
func (r *replay) do(f func()) {
	if r.logged {
		r.changes++
	}
	if r.current.autocommit {
		f()
		return
	}
	r.current.pending = append(r.current.pending, change{r.line, f})
}

// commit makes what the session did count. So does every statement that changes a table's shape.
func (r *replay) commit() {
	for _, c := range r.current.pending {
		c.apply()
	}
	r.current.pending = nil
	clear(r.current.marks)
}

// rollback takes back what the session did, all of it or down to a savepoint.
func (r *replay) rollback(l *lexer) {
	to := 0
	l.take("WORK")
	if l.take("TO") {
		l.take("SAVEPOINT")
		n, ok := r.current.marks[l.next().text]
		if !ok || n > len(r.current.pending) {
			return
		}
		to = n
	}
	r.drain(to)
}

// drain forgets what the session did after its first changes.
func (r *replay) drain(keep int) {
	r.changes -= len(r.current.pending) - keep
	r.current.pending = r.current.pending[:keep]
}

// pending returns how many changes no commit followed, and the line of the first.
func (r *replay) pending() (n, line int) {
	for _, s := range r.sessions {
		n += len(s.pending)
		for _, c := range s.pending {
			if line == 0 || c.line < line {
				line = c.line
			}
		}
	}
	return n, line
}

func (r *replay) set(l *lexer) {
	switch {
	case l.take("AUTOCOMMIT"):
		r.commit()
		r.current.autocommit = !r.logged || l.take("TRUE")
	case l.take("SCHEMA"):
		r.current.schema = l.next().text
	case l.take("DATABASE"):
		if l.take("DEFAULT") && l.take("TABLE") && l.take("TYPE") {
			r.fallback = l.next().text
		}
	case l.take("TABLE"):
		if r.isTable(l) && l.take("TYPE") {
			r.kind = l.next().text
		}
	}
}

func (r *replay) clear() {
	for _, row := range r.rows {
		row.gone = true
	}
	r.rows, r.byFirst = nil, map[string][]*Row{}
}

func unfinished(t token) error {
	return fmt.Errorf("a %s without its end", t.text)
}

func expected(what string, found token) error {
	switch found.kind {
	case broken:
		return unfinished(found)
	case end:
		return fmt.Errorf("found the end of the line, expected %s", what)
	case text:
		return fmt.Errorf("found a text in quotes, expected %s", what)
	}
	return fmt.Errorf("found %q, expected %s", found.text, what)
}
