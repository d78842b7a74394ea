package wizard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/wsdoctor/probes"
	"example.com/wsdoctor/probes/cluster"
	"example.com/wsdoctor/wizard/finedb"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// CommandsKey is the key in a file of answers that says whether commands are run: "all" or "none", its default.
const CommandsKey = "commands"

// Fill answers every step from a file of answers: YAML, one step a key, with a text, a number or a list. A step that
// the file leaves out has its suggestion. The error names file, line, key and what was expected; commands is the value
// of CommandsKey. password is asked for the one of a database, which no file may hold; an error of it ends the session.
func (s *Session) Fill(ctx context.Context, name string, raw []byte, password func(ctx context.Context, database string) (string, error)) (commands bool, err error) {
	given, err := s.readAnswers(name, raw)
	if err != nil {
		return false, err
	}
	used := map[string]bool{}
	for {
		st, ok := s.Step()
		if !ok {
			break
		}
		a, has := given[st.ID]
		if st.Secret {
			if a.text, err = password(ctx, s.taken.Locked); err != nil {
				return false, fmt.Errorf("%s: %w", s.taken.Why, err)
			}
		}
		v := s.Judge(a.text)
		var seen Seen
		if st.ID == existingStep.ID || st.Secret {
			seen = st.Look(ctx, v)
			if !has && !st.Secret && (len(seen.Objections) > 0 || seen.Taken != nil && seen.Taken.Locked != "") {
				a.text, seen = nothingThere, Seen{} // it was a suggestion alone
			}
			v.Refused = slices.Concat(v.Refused, seen.Refused, seen.Objections)
		}
		if v.OK() {
			v, err = s.TakeSeen(a.text, seen)
		}
		if err != nil {
			return false, err
		}
		if !v.OK() && st.Secret {
			return false, errors.New(v.Refused[0].String())
		}
		if !v.OK() {
			if !has {
				return false, &cluster.FileError{File: name, Key: st.ID, Msg: "is missing, and the suggestion does not hold: " + v.Refused[0].String()}
			}
			return false, &cluster.FileError{File: name, Line: a.line, Col: a.col, Key: st.ID, Msg: v.Refused[0].String()}
		}
		used[st.ID] = true
	}
	for id, a := range given {
		if id == CommandsKey {
			if a.text != "all" && a.text != "none" {
				return false, &cluster.FileError{File: name, Line: a.line, Col: a.col, Key: id, Msg: fmt.Sprintf("found %q, expected all or none", a.text)}
			}
			commands = a.text == "all"
		} else if !used[id] {
			return false, &cluster.FileError{File: name, Line: a.line, Col: a.col, Key: id, Msg: errNotAsked.Error()}
		}
	}
	return commands, nil
}

// placed is an answer of a file with its place.
type placed struct {
	text      string
	line, col int
}

// maxAnswers bounds a file of answers, in bytes.
const maxAnswers = 64 << 10

func (s *Session) readAnswers(name string, raw []byte) (map[string]placed, error) {
	if len(raw) > maxAnswers {
		return nil, &cluster.FileError{File: name, Msg: fmt.Sprintf("has %d bytes, expected answers of at most %d", len(raw), maxAnswers)}
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, &cluster.FileError{File: name, Msg: "found no YAML: " + strings.TrimSpace(yaml.FormatError(err, false, false))}
	}
	out := map[string]placed{}
	known := []string{CommandsKey}
	for _, st := range s.steps {
		known = append(known, st.ID)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		var pairs []*ast.MappingValueNode
		switch body := doc.Body.(type) {
		case *ast.MappingNode:
			pairs = body.Values
		case *ast.MappingValueNode:
			pairs = []*ast.MappingValueNode{body}
		case *ast.CommentGroupNode, *ast.NullNode:
		default:
			return nil, &cluster.FileError{File: name, Line: 1, Col: 1, Msg: "found no keys, expected lines such as \"product: finereport\""}
		}
		for _, p := range pairs {
			at := p.Key.GetToken()
			bad := func(format string, args ...any) error {
				return &cluster.FileError{File: name, Line: at.Position.Line, Col: at.Position.Column, Key: at.Value, Msg: fmt.Sprintf(format, args...)}
			}
			if at.Value == passwordStep.ID {
				return nil, bad("a password does not belong into a file, expected it in the environment variable %s or at a prompt", finedb.PasswordEnv)
			}
			if !slices.Contains(known, at.Value) {
				if near, ok := probes.Nearest(at.Value, known); ok {
					return nil, bad("unknown key; did you mean %q?", near)
				}
				return nil, bad("unknown key, expected one of %s", strings.Join(known, ", "))
			}
			text, ok := scalar(p.Value)
			if list, isList := p.Value.(*ast.SequenceNode); isList {
				var words []string
				for _, v := range list.Values {
					w, one := scalar(v)
					if !one {
						return nil, bad("found a list in a list, expected texts or numbers")
					}
					words = append(words, w)
				}
				text, ok = strings.Join(words, ", "), true
			}
			if !ok {
				return nil, bad("found keys, expected a text, a number or a list")
			}
			out[at.Value] = placed{text, at.Position.Line, at.Position.Column}
		}
	}
	return out, nil
}

// scalar returns a value as it is written.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// Answers writes the answers as Fill reads them.
func (s *Session) Answers() string {
	var b strings.Builder
	for _, g := range s.Given() {
		if g.Step.ID == existingStep.ID && s.taken.Way == nil {
			g.Answer = nothingThere // what a table says stands in the other answers
		}
		fmt.Fprintf(&b, "%s: %s\n", g.Step.ID, quoted(g.Answer))
	}
	return b.String()
}

// quoted puts an answer into quotes where YAML, or a shell's here-document, would read it as something else.
func quoted(answer string) string {
	plain := answer != "" && !strings.ContainsFunc(answer, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("./_-=", r))
	})
	if plain && !slices.Contains([]string{"yes", "no", "on", "off", "true", "false", "null", "-"}, strings.ToLower(answer)) && answer[0] != '-' {
		return answer
	}
	return "'" + strings.ReplaceAll(answer, "'", "''") + "'"
}
