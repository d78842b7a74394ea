package cluster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rows are raw rows of the FineReport family's table fine_conf_entity, byte for byte as they stand there: a trailing
// space or a wrong case in them makes a setting ineffective without a word.
type Rows struct {
	File   string // the file, or the database as a URL without its password
	List   []Row
	Others int // rows of other settings, which the source holds and List does not
}

// Row is one row of fine_conf_entity.
type Row struct {
	ID, Value string
	Line      int    // in the file it was read from; 0: in a database
	File      string // that file, where it is not Rows.File: the log of an HSQLDB beside its script
}

// Place names where a row stands: the file and the line, or the database.
func (r Rows) Place(row Row) string {
	file := r.File
	if row.File != "" {
		file = row.File
	}
	if row.Line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", filepath.Base(file), row.Line)
}

// LoadRows reads rows from a file: CSV or TSV with or without a header, or lines of key=value.
func LoadRows(path string) (Rows, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Rows{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return ParseRows(path, raw)
}

// ParseRows reads rows from text; name stands in errors.
func ParseRows(name string, raw []byte) (Rows, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if bytes.IndexByte(raw, 0) >= 0 || !utf8.Valid(raw) {
		return Rows{}, &FileError{File: name, Msg: "is not a text file in UTF-8, expected CSV or lines of key=value"}
	}
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n"), "\n")
	first := slices.IndexFunc(lines, meaningful)
	if first < 0 {
		return Rows{}, &FileError{File: name, Msg: "is empty, expected rows of fine_conf_entity (id and value)"}
	}
	rows := Rows{File: name}
	var err error
	if eq, comma := strings.IndexByte(lines[first], '='), strings.IndexAny(lines[first], ",\t"); eq >= 0 && (comma < 0 || eq < comma) {
		rows.List, err = parseKeyValue(name, lines)
	} else {
		rows.List, err = parseTable(name, strings.Join(lines, "\n"), lines[first])
	}
	return rows, err
}

func meaningful(line string) bool {
	s := strings.TrimSpace(line)
	return s != "" && !strings.HasPrefix(s, "#")
}

// parseKeyValue keeps every space, but for a file that sets each of its "=" between two single spaces.
func parseKeyValue(name string, lines []string) ([]Row, error) {
	sep := " = "
	for _, l := range lines {
		if meaningful(l) && !strings.Contains(l, sep) {
			sep = "="
		}
	}
	var out []Row
	for i, l := range lines {
		if !meaningful(l) {
			continue
		}
		id, value, ok := strings.Cut(l, sep)
		if !ok {
			return nil, &FileError{File: name, Line: i + 1, Col: 1, Msg: fmt.Sprintf("found %q, expected key=value", clip(l))}
		}
		out = append(out, Row{ID: id, Value: value, Line: i + 1})
	}
	return out, nil
}

func parseTable(name, text, head string) ([]Row, error) {
	comma := ','
	if strings.Contains(head, "\t") {
		comma = '\t'
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.Comment = comma, -1, '#'
	idCol, valueCol := 0, 1
	var out []Row
	for n := 0; ; n++ {
		rec, err := r.Read()
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) && errors.Is(pe.Err, csv.ErrBareQuote) {
				return parseUnquoted(name, text, string(comma))
			}
			if errors.As(err, &pe) {
				line, col := pe.Line, pe.Column
				if pe.StartLine < line { // a quote without its end swallows the lines behind it
					line, col = pe.StartLine, 1
				}
				return nil, &FileError{File: name, Line: line, Col: col, Msg: pe.Err.Error() + ", expected CSV with the columns id and value"}
			}
			return out, nil // io.EOF
		}
		line, _ := r.FieldPos(0)
		if n == 0 && slices.ContainsFunc(rec, func(s string) bool { return strings.EqualFold(s, "id") }) {
			idCol = slices.IndexFunc(rec, func(s string) bool { return strings.EqualFold(s, "id") })
			if valueCol = slices.IndexFunc(rec, func(s string) bool { return strings.EqualFold(s, "value") }); valueCol < 0 {
				return nil, &FileError{File: name, Line: line, Col: 1, Msg: "found no column \"value\", expected the columns id and value"}
			}
			continue
		}
		if len(rec) <= max(idCol, valueCol) {
			return nil, &FileError{File: name, Line: line, Col: 1, Msg: fmt.Sprintf("found %q, expected id and value", clip(strings.Join(rec, string(comma))))}
		}
		out = append(out, Row{ID: rec[idCol], Value: rec[valueCol], Line: line})
	}
}

// parseUnquoted reads the tables of clients that do not quote: id, the separator, and the rest is the value.
func parseUnquoted(name, text, sep string) ([]Row, error) {
	var out []Row
	for i, l := range strings.Split(text, "\n") {
		if !meaningful(l) {
			continue
		}
		id, value, ok := strings.Cut(l, sep)
		if !ok {
			return nil, &FileError{File: name, Line: i + 1, Col: 1, Msg: fmt.Sprintf("found %q, expected id and value", clip(l))}
		}
		if len(out) == 0 && strings.EqualFold(id, "id") {
			continue
		}
		out = append(out, Row{ID: id, Value: value, Line: i + 1})
	}
	return out, nil
}
