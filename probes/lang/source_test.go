package lang_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "example.com/wsdoctor"
	root   = "../.."
)

// source is the part of the module that an operator can get to read: every package that cmd/wsdoctor is made of and
// that knows probes.Text, on all systems at once.
type source struct {
	fset *token.FileSet
	pkgs []*pkg // each after those that it imports
}

type pkg struct {
	path    string // below the module
	files   []*ast.File
	imports []string
	info    types.Info
	types   *types.Package
}

// load parses and type-checks. Packages of others are left out: what comes from them has no type, which costs
// nothing here, because no word of ours comes from them.
func load(t *testing.T) *source {
	t.Helper()
	s := &source{fset: token.NewFileSet()}
	byPath := map[string]*pkg{}
	s.parse(t, byPath, "cmd/wsdoctor")
	knows := map[string]bool{} // which packages know probes.Text
	var ask func(p *pkg) bool
	ask = func(p *pkg) bool {
		if known, ok := knows[p.path]; ok {
			return known
		}
		does := p.path == "probes"
		for _, imp := range p.imports {
			does = ask(byPath[imp]) || does
		}
		knows[p.path] = does
		s.pkgs = append(s.pkgs, p)
		return does
	}
	ask(byPath["cmd/wsdoctor"])
	s.pkgs = slices.DeleteFunc(s.pkgs, func(p *pkg) bool {
		if p.path == "probes/cluster" { // below probes, but its names of products are words
			return false
		}
		return !knows[p.path]
	})
	for _, p := range s.pkgs {
		p.info = types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
		conf := types.Config{Error: func(error) {}, Importer: ours(byPath)}
		p.types, _ = conf.Check(module+"/"+p.path, s.fset, p.files, &p.info)
	}
	return s
}

// ours imports packages of the module that have been checked.
type ours map[string]*pkg

func (o ours) Import(path string) (*types.Package, error) {
	if p := o[strings.TrimPrefix(path, module+"/")]; p != nil && p.types != nil {
		return p.types, nil
	}
	return nil, errors.New("not looked at")
}

// parse reads the package and those that it imports.
func (s *source) parse(t *testing.T, byPath map[string]*pkg, path string) {
	t.Helper()
	if byPath[path] != nil {
		return
	}
	p := &pkg{path: path}
	byPath[path] = p
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(path), "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no Go files (%v)", path, err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasSuffix(n, "_test.go") })
	for _, name := range names {
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, f)
		for _, imp := range f.Imports {
			if full, err := strconv.Unquote(imp.Path.Value); err == nil {
				if own, ok := strings.CutPrefix(full, module+"/"); ok && !slices.Contains(p.imports, own) {
					p.imports = append(p.imports, own)
				}
			}
		}
	}
	for _, imp := range p.imports {
		s.parse(t, byPath, imp)
	}
}
