package changes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/wsdoctor/probes"
)

// Schema names the shape of a baseline's file.
const Schema = "wsdoctor/baseline/v1"

// maxBaseline bounds a baseline's file; one of a thousand entries has a quarter of a megabyte.
const maxBaseline = 16 << 20

// The wire types of a baseline's file.
type (
	wireBaseline struct {
		Schema   string         `json:"schema"`
		Version  string         `json:"version"` // of wsdoctor
		Host     string         `json:"host"`
		Taken    time.Time      `json:"taken"`
		Standing []wireStanding `json:"standing"`
	}
	wireStanding struct {
		ID      string    `json:"id"`
		Subject string    `json:"subject"`
		Level   Level     `json:"level"`
		Title   string    `json:"title"`
		Since   time.Time `json:"since"`
	}
)

// Write writes what stands after r as a baseline's file.
func Write(w io.Writer, s State, r probes.Report) error {
	wire := wireBaseline{Schema, r.Version, r.Host, r.Started.Add(r.Took).UTC().Truncate(time.Second), []wireStanding{}}
	for _, x := range s {
		wire.Standing = append(wire.Standing, wireStanding{x.ID, x.Subject, x.Level, x.Title.String(), x.Since.UTC().Truncate(time.Second)})
	}
	raw, err := json.MarshalIndent(wire, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the baseline: %w", err)
	}
	_, err = w.Write(append(raw, '\n'))
	return err
}

// Load reads a baseline's file. known tells whether a check of that id exists. The error names the file, the line, the
// column, and what was expected there.
func Load(path string, known func(id string) bool) (State, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, errors.Unwrap(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxBaseline+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", path, errors.Unwrap(err))
	case len(raw) > maxBaseline:
		return nil, fmt.Errorf("reading %s: more than %d MB, expected a baseline of --save-baseline", path, maxBaseline>>20)
	}
	s, err := parse(raw, known)
	if at := (badPlace{}); errors.As(err, &at) {
		line, column := place(raw, at.offset)
		return nil, fmt.Errorf("%s:%d:%d: %w", path, line, column, at.err)
	}
	return s, err
}

// badPlace is an error at a byte of the file.
type badPlace struct {
	offset int
	err    error
}

func (b badPlace) Error() string { return b.err.Error() }

func badf(offset int, format string, args ...any) error {
	return badPlace{offset, fmt.Errorf(format, args...)}
}

func parse(raw []byte, known func(string) bool) (State, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, badf(0, "found an empty file, expected a baseline of --save-baseline")
	}
	// Before the fields are judged: a later version may have others.
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, asPlace(raw, err)
	}
	if head.Schema == nil || *head.Schema != Schema {
		found := "none"
		if head.Schema != nil {
			found = fmt.Sprintf("%q", *head.Schema)
		}
		return nil, badf(max(0, bytes.Index(raw, []byte(`"schema"`))), "schema: found %s, expected %q", found, Schema)
	}
	var wire struct {
		wireBaseline
		Standing []json.RawMessage `json:"standing"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&wire); err != nil {
		return nil, asPlace(raw, err)
	}
	if wire.Taken.IsZero() || wire.Standing == nil {
		return nil, badf(0, "found no \"taken\" or no \"standing\", expected both")
	}
	var out State
	from := 0
	for i, one := range wire.Standing {
		// A RawMessage is a copy of the file's own bytes, and they come in their order.
		from += bytes.Index(raw[from:], one)
		s, err := parseStanding(one, known)
		if at := (badPlace{}); errors.As(err, &at) {
			return nil, badPlace{from + at.offset, fmt.Errorf("standing[%d]: %w", i, at.err)}
		}
		out = append(out, s)
		from += len(one)
	}
	return out, nil
}

func parseStanding(raw []byte, known func(string) bool) (Standing, error) {
	var w wireStanding
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Standing{}, asPlace(raw, err)
	}
	at := func(key string) int { return max(0, bytes.Index(raw, []byte(`"`+key+`"`))) }
	switch {
	case !known(w.ID):
		return Standing{}, badf(at("id"), "id: found %q, expected the id of a check", w.ID)
	case !slices.Contains(levels, w.Level):
		return Standing{}, badf(at("level"), "level: found %q, expected one of error, warning, unknown", w.Level)
	case w.Title == "":
		return Standing{}, badf(at("title"), "title: found none, expected the words of a finding")
	}
	return Standing{ID: w.ID, Subject: w.Subject, Level: w.Level, Title: probes.Verbatim(w.Title), Since: w.Since}, nil
}

// asPlace finds out where encoding/json met what it did not like.
func asPlace(raw []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var when *time.ParseError
	switch {
	case errors.As(err, &syntax):
		return badf(max(0, int(syntax.Offset)-1), "%w", err)
	case errors.As(err, &kind):
		return badf(max(0, int(kind.Offset)-1), "%s: found a JSON %s, expected %s", kind.Field, kind.Value, kind.Type)
	case errors.As(err, &when):
		return badf(max(0, bytes.Index(raw, []byte(when.Value))), "found %s, expected a time as in RFC 3339", when.Value)
	}
	if _, key, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return badf(max(0, bytes.Index(raw, []byte(key))), "unknown key %s", key)
	}
	return badf(0, "%w", err)
}

// place counts lines and columns from 1.
func place(raw []byte, offset int) (line, column int) {
	before := raw[:min(offset, len(raw))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
