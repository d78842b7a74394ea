package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFileSize bounds a settings file, in bytes. A real one has a few thousand; the YAML library takes half a second for
// this many, and some large file that was named by mistake shall not take minutes.
const maxFileSize = 256 << 10

// FileError says what is wrong in a settings file, and where.
type FileError struct {
	File      string
	Line, Col int    // from 1; 0 where the fault has no place
	Key       string // such as "websocket.ports[1]"; "" where the fault belongs to none
	Msg       string // what was found and what was expected
}

func (e *FileError) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d:%d", e.Line, e.Col)
	}
	if e.Key != "" {
		s += ": " + e.Key
	}
	return s + ": " + e.Msg
}

// Load reads and validates a settings file. What the file leaves out has the default of its product. The error is a
// *FileError wherever the file could be read.
func Load(path string) (Config, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return Config{}, &FileError{File: path, Msg: "is a folder, expected a settings file"}
	}
	if err == nil && info.Size() > maxFileSize {
		return Config{}, &FileError{File: path, Msg: fmt.Sprintf("has %d bytes, expected a settings file of at most %d", info.Size(), maxFileSize)}
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return Parse(path, raw)
}

// Parse reads and validates the text of a settings file; name stands in errors.
func Parse(name string, raw []byte) (Config, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // Notepad writes one
	if bytes.IndexByte(raw, 0) >= 0 || !utf8.Valid(raw) {
		return Config{}, &FileError{File: name, Msg: "is not a text file in UTF-8, expected YAML"}
	}
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return Config{}, syntaxError(name, err)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || isComment(file.Docs[0].Body) {
		return Config{}, &FileError{File: name, Msg: "is empty, expected settings that begin with \"version: 1\""}
	}
	if len(file.Docs) > 1 {
		return Config{}, &FileError{File: name, Msg: fmt.Sprintf("holds %d YAML documents, expected one", len(file.Docs))}
	}
	body := file.Docs[0].Body
	places := newPlaces(name, body)
	if err := places.version(body); err != nil {
		return Config{}, err
	}
	if err := places.check(body); err != nil {
		return Config{}, err
	}

	// Two passes: the product decides the defaults that the file's own values then replace.
	var head struct {
		Product Product `yaml:"product"`
	}
	if err := yaml.NodeToValue(body, &head); err != nil {
		return Config{}, syntaxError(name, err)
	}
	cfg := Default(head.Product)
	cfg.Nodes, cfg.WebSocket.ListenOrder = nil, ""
	if err := yaml.NodeToValue(body, &cfg, zeroDuration); err != nil {
		return Config{}, syntaxError(name, err)
	}
	cfg.complete()
	if probs := cfg.Validate(); len(probs) > 0 {
		return Config{}, places.errorAt(probs[0].Key, probs[0].Msg)
	}
	return cfg, nil
}

// zeroDuration takes a 0 without a unit, which the library refuses for a duration.
var zeroDuration = yaml.CustomUnmarshaler(func(d *time.Duration, raw []byte) error {
	var s string
	err := yaml.Unmarshal(raw, &s)
	if err == nil && s != "" { // an empty value leaves the default
		*d, err = time.ParseDuration(s)
	}
	return err
})

// complete fills in what depends on other settings.
func (c *Config) complete() {
	if len(c.Nodes) == 0 {
		c.Nodes = Default(c.Product).Nodes
	}
	for i := range c.Nodes {
		if c.Nodes[i].Name == "" {
			c.Nodes[i].Name = c.Nodes[i].Host
		}
	}
	if c.WebSocket.ListenOrder == "" {
		c.WebSocket.ListenOrder = PortsFirst
		// Only that family knows the order; elsewhere a forwarding port is the balancer's alone.
		if info, _ := c.Product.Info(); info.Family && len(c.Nodes) > 1 {
			c.WebSocket.ListenOrder = ForwardingFirst
		}
	}
	for i := range c.Proxy.Backends {
		if b := &c.Proxy.Backends[i]; b.Weight == 0 {
			b.Weight = 1
		}
	}
}

func isComment(n ast.Node) bool {
	_, comment := n.(*ast.CommentGroupNode)
	_, null := n.(*ast.NullNode)
	return comment || null
}

func syntaxError(name string, err error) error {
	out := &FileError{File: name, Msg: err.Error()}
	var ye yaml.Error
	if errors.As(err, &ye) {
		out.Msg = ye.GetMessage()
		if tok := ye.GetToken(); tok != nil && tok.Position != nil {
			out.Line, out.Col = tok.Position.Line, tok.Position.Column
		}
	}
	return out
}
