package hsqldb

import (
	"errors"
	"slices"
	"strings"
)

// defaultColumns are those of a script whose CREATE TABLE was not seen: fine_conf_entity as the product makes it.
var defaultColumns = []column{{name: "ID"}, {name: "VALUE"}}

// create reads CREATE [MEMORY|CACHED|TEXT] TABLE t(ID VARCHAR(255) NOT NULL PRIMARY KEY, …).
func (r *replay) create(l *lexer) error {
	kind := r.fallback
	t := l.next()
	for ; t.kind == word && t.text != "TABLE"; t = l.next() {
		switch t.text {
		case "MEMORY", "CACHED", "TEXT":
			kind = t.text
		case "GLOBAL", "LOCAL", "TEMPORARY", "TEMP":
			kind = "TEMPORARY"
		default:
			return nil // an index, a user, a schema
		}
	}
	if !t.is("TABLE") {
		return nil
	}
	r.commit()
	if l.take("IF") { // NOT EXISTS
		l.next()
		l.next()
		if r.isTable(l) && r.seen {
			return nil
		}
	} else if !r.isTable(l) {
		return nil
	}
	r.clear()
	r.seen, r.kind, r.columns = true, kind, nil
	if !l.take("(") {
		return expected(`"(" and the columns`, l.next())
	}
	for {
		_, n := name(l)
		c := column{name: strings.ToUpper(n)}
		c.kind = l.peek().text
		switch c.name {
		case "PRIMARY", "CONSTRAINT", "UNIQUE", "CHECK", "FOREIGN":
		case "":
			return expected("a column", l.next())
		default:
			r.columns = append(r.columns, c)
		}
		last, err := skipElement(l)
		if err != nil {
			return err
		}
		if last {
			return nil
		}
	}
}

// skipElement goes behind the next comma at this depth, or behind the closing bracket, which it tells.
func skipElement(l *lexer) (last bool, err error) {
	for depth := 0; ; {
		switch t := l.next(); {
		case t.kind == end || t.kind == broken:
			return false, expected(`")"`, t)
		case t.is("("):
			depth++
		case t.is(")") && depth == 0:
			return true, nil
		case t.is(")"):
			depth--
		case t.is(",") && depth == 0:
			return false, nil
		}
	}
}

func (r *replay) alter(l *lexer) error {
	r.commit()
	if !r.isTable(l) {
		if l.take("RENAME") && l.take("TO") && r.isTable(l) {
			return errors.New("another table takes the name " + r.table + ", which is not followed")
		}
		return nil
	}
	if l.take("RENAME") && l.take("TO") {
		r.clear()
		r.seen = false
		return nil
	}
	return r.reshape(l)
}

// reshape follows what Hibernate does to a table that it finds too narrow, and refuses what would move columns.
func (r *replay) reshape(l *lexer) error {
	unknown := errors.New("the columns of " + r.table + " change in a way that is not followed, expected changes of rows")
	switch verb := l.next(); {
	case verb.is("ADD"):
		for _, w := range []string{"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK"} {
			if l.take(w) {
				return nil
			}
		}
		l.take("COLUMN")
		_, n := name(l)
		c := column{name: strings.ToUpper(n)}
		c.kind = l.peek().text
		for t := l.next(); t.kind != end && t.kind != broken; t = l.next() {
			if t.is("BEFORE") {
				return unknown
			}
		}
		r.columns = append(slices.Clone(r.shape()), c)
		return nil
	case verb.is("ALTER"): // a column's type or default
		for t := l.next(); t.kind != end && t.kind != broken; t = l.next() {
			if t.is("RENAME") {
				return unknown
			}
		}
		return nil
	case verb.is("DROP"):
		if l.take("CONSTRAINT") || l.take("PRIMARY") {
			return nil
		}
	}
	return unknown
}

func (r *replay) drop(l *lexer) error {
	r.commit()
	if l.take("IF") { // EXISTS, which HSQLDB also takes behind the name
		l.next()
	}
	if r.isTable(l) {
		r.clear()
		r.seen = false
	}
	return nil
}

func (r *replay) shape() []column {
	if len(r.columns) == 0 {
		return defaultColumns
	}
	return r.columns
}

func (r *replay) column(name string) int {
	for i, c := range r.shape() {
		if strings.EqualFold(c.name, name) {
			return i
		}
	}
	return -1
}

func (r *replay) columnNames() string {
	var out []string
	for _, c := range r.shape() {
		out = append(out, c.name)
	}
	return strings.Join(out, ", ")
}
