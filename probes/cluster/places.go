package cluster

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// places knows where in the file each key stands, and checks the file's shape against Config: the YAML library
// takes 1.5 for a port and 60 for sixty nanoseconds without a word, and its errors do not name the key.
type places struct {
	file string
	at   map[string]ast.Node // by key, such as "websocket.ports[1]"; the key's own node where it has no value

	empty map[string]bool // keys without a value
}

func newPlaces(file string, body ast.Node) places {
	p := places{file, map[string]ast.Node{"": body}, map[string]bool{}}
	p.walk("", body)
	return p
}

func (p places) walk(key string, n ast.Node) {
	switch n := unwrap(n).(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			k := join(key, v.Key.GetToken().Value)
			p.at[k] = v.Value
			if _, null := v.Value.(*ast.NullNode); null {
				p.at[k], p.empty[k] = v.Key, true
			}
			p.walk(k, v.Value)
		}
	case *ast.SequenceNode:
		for i, v := range n.Values {
			k := fmt.Sprintf("%s[%d]", key, i)
			p.at[k] = v
			p.walk(k, v)
		}
	}
}

// errorAt returns the error of a key, at its place or at that of the nearest key above it that the file has.
func (p places) errorAt(key, msg string) error {
	e := &FileError{File: p.file, Key: key, Msg: msg}
	for k := key; ; k = k[:max(strings.LastIndexAny(k, ".["), 0)] {
		if n := p.at[k]; n != nil && k != "" {
			pos := first(n).GetToken().Position
			e.Line, e.Col = pos.Line, pos.Column
			return e
		}
		if k == "" {
			return e
		}
	}
}

func (p places) keyError(k ast.Node, key, msg string) error {
	pos := k.GetToken().Position
	return &FileError{File: p.file, Line: pos.Line, Col: pos.Column, Key: key, Msg: msg}
}

// version refuses a file of a later version before anything else in it is judged.
func (p places) version(body ast.Node) error {
	if _, ok := unwrap(body).(*ast.MappingNode); !ok {
		return p.keyError(first(body), "", fmt.Sprintf("found %s, expected keys such as \"version: 1\"", kindOf(body)))
	}
	n, ok := unwrap(p.at["version"]).(*ast.IntegerNode)
	switch {
	case p.at["version"] == nil, p.empty["version"]:
		return &FileError{File: p.file, Key: "version", Msg: "is missing, expected \"version: 1\""}
	case !ok:
		return p.errorAt("version", fmt.Sprintf("found %s, expected a whole number", kindOf(p.at["version"])))
	}
	if v := fmt.Sprint(n.Value); v != fmt.Sprint(Version) {
		return p.errorAt("version", fmt.Sprintf("found %s, expected %d: the file is of another version of wsdoctor, and is not read", v, Version))
	}
	return nil
}

// check compares the file with the shape of Config.
func (p places) check(body ast.Node) error { return p.shape("", body, reflect.TypeFor[Config]()) }

func (p places) shape(key string, n ast.Node, t reflect.Type) error {
	wrong := func(want string) error {
		return p.errorAt(key, fmt.Sprintf("found %s, expected %s", kindOf(n), want))
	}
	if a, ok := n.(*ast.AnchorNode); ok {
		n = a.Value
	}
	switch v := n.(type) {
	case *ast.NullNode: // nothing said
		return nil
	case *ast.AliasNode: // may stand where another type belongs, or inside its own anchor
		return p.errorAt(key, "found an alias, expected the value itself")
	case *ast.TagNode: // turns a value into one of another type behind the back of this check
		return p.errorAt(key, fmt.Sprintf("found the tag %s, expected a value without one", clip(v.Start.Value)))
	}
	n = unwrap(n)
	if t == reflect.TypeFor[time.Duration]() {
		s, isString := n.(*ast.StringNode)
		if i, ok := n.(*ast.IntegerNode); ok && fmt.Sprint(i.Value) == "0" {
			return nil
		}
		if isString {
			if _, err := time.ParseDuration(s.Value); err == nil {
				return nil
			}
		}
		return wrong("a duration with its unit, such as 25s, 10m or 1h")
	}
	switch t.Kind() {
	case reflect.Struct:
		m, ok := n.(*ast.MappingNode)
		if !ok {
			return wrong("the keys " + strings.Join(keysOf(t), ", "))
		}
		for _, v := range m.Values {
			name := v.Key.GetToken().Value
			f, ok := fieldOf(t, name)
			if !ok {
				return p.keyError(v.Key, join(key, name), "unknown key, expected "+oneOf(keysOf(t)))
			}
			if err := p.shape(join(key, name), v.Value, f.Type); err != nil {
				return err
			}
		}
	case reflect.Slice:
		s, ok := n.(*ast.SequenceNode)
		if !ok {
			return wrong("a list, such as [" + example(t.Elem()) + "]")
		}
		for i, v := range s.Values {
			if err := p.shape(fmt.Sprintf("%s[%d]", key, i), v, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Int:
		i, ok := n.(*ast.IntegerNode)
		if !ok {
			return wrong("a whole number")
		}
		if _, err := strconv.Atoi(fmt.Sprint(i.Value)); err != nil {
			return wrong("a whole number that is not as large")
		}
	case reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok {
			return wrong("true or false")
		}
	case reflect.String:
		switch n.(type) {
		case *ast.StringNode, *ast.LiteralNode:
		default:
			return wrong("a text; put it in quotes if it is one")
		}
	}
	return nil
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// unwrap takes anchors and tags off a node; a mapping of one key is a node of its own kind in the library.
func unwrap(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.AnchorNode:
		return unwrap(v.Value)
	case *ast.TagNode:
		return unwrap(v.Value)
	case *ast.MappingValueNode:
		return &ast.MappingNode{Values: []*ast.MappingValueNode{v}}
	}
	return n
}

// first returns the node whose token stands where the value begins.
func first(n ast.Node) ast.Node {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return v.Values[0].Key
		}
	case *ast.MappingValueNode:
		return v.Key
	}
	return n
}

func kindOf(n ast.Node) string {
	switch v := unwrap(n).(type) {
	case *ast.MappingNode:
		return "keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode:
		return fmt.Sprintf("%q", clip(v.Value))
	default:
		return clip(v.GetToken().Value)
	}
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if yamlName(f) == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func keysOf(t reflect.Type) []string {
	var out []string
	for f := range t.Fields() {
		out = append(out, yamlName(f))
	}
	return out
}

func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

func example(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "38888, 39888"
	case reflect.Struct:
		return "{" + keysOf(t)[0] + ": …}"
	}
	return "a, b"
}

func oneOf[S ~string](list []S) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(slices.Clone(names), ", ")
}
