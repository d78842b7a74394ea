package hsqldb

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Value is what stands in one column of a row.
type Value struct {
	Text string // of a text; the number or expression as it was written otherwise
	Kind ValueKind
}

// ValueKind says what a value is.
type ValueKind int

// A value is a text in quotes, NULL, or anything else: a number, which for a CLOB is the number of a text in db.lobs.
const (
	String ValueKind = iota
	Null
	Other
)

// Row is a row of the table.
type Row struct {
	Values []Value // one for each of Table.Columns, as far as the statement gave them
	File   string  // whose statement put it there
	Line   int     // in File, from 1

	gone bool
}

// insert reads INSERT INTO t VALUES(…). In these files HSQLDB knows no list of columns: it makes an empty row of one.
func (r *replay) insert(l *lexer) error {
	if l.peek().is("(") {
		return errors.New("found a list of columns, expected VALUES: in this file HSQLDB itself makes an empty row of such a line")
	}
	if !l.take("VALUES") {
		return expected("VALUES", l.next())
	}
	for {
		given, err := values(l)
		if err != nil {
			return err
		}
		row := &Row{Values: given, File: r.file, Line: r.line}
		r.do(func() { r.add(row) })
		if !l.take(",") {
			return r.ended(l)
		}
	}
}

func (r *replay) ended(l *lexer) error {
	l.take(";")
	if t := l.next(); t.kind != end {
		return expected("the end of the line", t)
	}
	return nil
}

// values reads (…).
func values(l *lexer) ([]Value, error) {
	if !l.take("(") {
		return nil, expected(`"("`, l.next())
	}
	var out []Value
	for {
		v, err := value(l)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		switch t := l.next(); {
		case t.is(")"):
			return out, nil
		case !t.is(","):
			return nil, expected(`"," or ")"`, t)
		}
	}
}

// value reads one value, up to a comma, a bracket or a keyword that ends it.
func value(l *lexer) (Value, error) {
	var parts []token
	for depth := 0; ; {
		switch t := l.peek(); {
		case t.kind == broken:
			return Value{}, unfinished(t)
		case t.kind == end, depth == 0 && (t.is(",") || t.is(")") || t.is(";") || t.is("AND") || t.is("WHERE")):
			switch {
			case len(parts) == 0:
				return Value{}, expected("a value", t)
			case len(parts) == 1 && parts[0].kind == text:
				return Value{parts[0].text, String}, nil
			case len(parts) == 1 && parts[0].is("NULL"):
				return Value{Kind: Null}, nil
			}
			var words []string
			for _, p := range parts {
				words = append(words, p.text)
			}
			return Value{strings.Join(words, " "), Other}, nil
		case t.is("(") || t.is("["):
			depth++
		case t.is(")") || t.is("]"):
			depth--
		}
		parts = append(parts, l.next())
	}
}

// condition is one "column = value" of a WHERE.
type condition struct {
	column int
	value  Value
}

// where reads WHERE a='b' AND c IS NULL, which is all that HSQLDB writes; nothing at all means every row.
func (r *replay) where(l *lexer) ([]condition, error) {
	var out []condition
	if !l.take("WHERE") {
		return nil, r.ended(l)
	}
	for {
		_, n := name(l)
		c := condition{column: r.column(n)}
		if c.column < 0 {
			return nil, fmt.Errorf("found the column %q, expected one of %s", n, r.columnNames())
		}
		switch {
		case l.take("IS"):
			if !l.take("NULL") {
				return nil, expected("NULL", l.next())
			}
			c.value.Kind = Null
		case l.take("="):
			v, err := value(l)
			if err != nil {
				return nil, err
			}
			c.value = v
		default:
			return nil, expected(`"=" or IS NULL`, l.next())
		}
		out = append(out, c)
		if !l.take("AND") {
			return out, r.ended(l)
		}
	}
}

func (r *replay) remove(l *lexer) error {
	conds, err := r.where(l)
	if err != nil {
		return err
	}
	r.do(func() {
		for _, row := range r.find(conds) {
			row.gone = true
		}
	})
	return nil
}

func (r *replay) update(l *lexer) error {
	if !l.take("SET") {
		return expected("SET", l.next())
	}
	var sets []condition
	for {
		_, n := name(l)
		c := condition{column: r.column(n)}
		if c.column < 0 {
			return fmt.Errorf("found the column %q, expected one of %s", n, r.columnNames())
		}
		if !l.take("=") {
			return expected(`"="`, l.next())
		}
		v, err := value(l)
		if err != nil {
			return err
		}
		c.value = v
		sets = append(sets, c)
		if !l.take(",") {
			break
		}
	}
	conds, err := r.where(l)
	if err != nil {
		return err
	}
	file, line := r.file, r.line
	r.do(func() {
		for _, old := range r.find(conds) {
			row := &Row{Values: slices.Clone(old.Values), File: file, Line: line}
			for _, c := range sets {
				for len(row.Values) <= c.column {
					row.Values = append(row.Values, Value{Kind: Null})
				}
				row.Values[c.column] = c.value
			}
			old.gone = true
			r.add(row)
		}
	})
	return nil
}

func (r *replay) add(row *Row) {
	r.seen = true
	r.rows = append(r.rows, row)
	key := first(row.Values)
	r.byFirst[key] = append(r.byFirst[key], row)
}

// first is the key of the index: HSQLDB's texts are compared with blanks added at the end (SET DATABASE COLLATION
// SQL_TEXT PAD SPACE, its default), so that 'a' finds 'a '.
func first(values []Value) string {
	if len(values) == 0 {
		return ""
	}
	return strings.TrimRight(values[0].Text, " ")
}

// find returns the rows that meet every condition: those that do exactly, else those that do but for blanks at the end.
func (r *replay) find(conds []condition) []*Row {
	candidates := r.rows
	for _, c := range conds {
		if c.column == 0 {
			key := first([]Value{c.value})
			// what is gone is dropped here, or a row that changes again and again would make each change slower
			r.byFirst[key] = slices.DeleteFunc(r.byFirst[key], func(row *Row) bool { return row.gone })
			candidates = r.byFirst[key]
		}
	}
	var exact, padded []*Row
	for _, row := range candidates {
		if row.gone {
			continue
		}
		same, almost := true, true
		for _, c := range conds {
			v := Value{Kind: Null}
			if c.column < len(row.Values) {
				v = row.Values[c.column]
			}
			same = same && v == c.value
			almost = almost && v.Kind == c.value.Kind && strings.TrimRight(v.Text, " ") == strings.TrimRight(c.value.Text, " ")
		}
		if same {
			exact = append(exact, row)
		} else if almost {
			padded = append(padded, row)
		}
	}
	if len(exact) > 0 {
		return exact
	}
	return padded
}
