package lang_test

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

// word is an English format, or a phrase that is shown as it stands.
type word struct {
	pkgs   []string // the packages that say it, sorted
	at     string   // one place
	phrase bool     // not a format: a % in it is a %
}

// collector finds the constants that may reach a translation.
type collector struct {
	*source
	*flows
	words map[string]*word
	lost  map[string]string // place → what reaches a translation there and is no constant
	done  map[visit]bool
}

type visit struct {
	of     any // an object, or an *ast.FuncLit
	index  int
	phrase bool
}

// collect follows every translation back to the constants that it can be asked for.
func (s *source) collect() *collector {
	c := &collector{source: s, flows: s.flows(), words: map[string]*word{}, lost: map[string]string{}, done: map[visit]bool{}}
	for _, e := range c.asked {
		c.follow(e, true)
	}
	c.phrases()
	for _, w := range c.words {
		slices.Sort(w.pkgs)
	}
	return c
}

// phrases follows what is made a probes.Phrase.
func (c *collector) phrases() {
	for _, p := range c.pkgs {
		for e, tv := range p.info.Types {
			if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && isPhrase(tv.Type) && p.info.Types[call.Fun].IsType() {
				c.follow(expr{call.Args[0], p, 0, nil}, true)
			}
		}
	}
}

// isPhrase tells whether t is probes.Phrase.
func isPhrase(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.Obj().Name() == "Phrase" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == module+"/probes"
}

// isFormat tells whether o is probes.Text.Format.
func isFormat(o types.Object) bool {
	return o.Name() == "Format" && o.Pkg() != nil && o.Pkg().Path() == module+"/probes"
}

// object follows what flows to o.
func (c *collector) object(o types.Object, phrase bool) {
	if isFormat(o) {
		phrase = false
	}
	v := visit{o, 0, phrase}
	if c.done[v] {
		return
	}
	c.done[v] = true
	for _, e := range c.into[o] {
		c.follow(e, phrase)
	}
}

// result follows what a function returns.
func (c *collector) result(of any, index int, phrase bool) {
	v := visit{of, index, phrase}
	if c.done[v] {
		return
	}
	c.done[v] = true
	if named := c.named[of]; index < len(named) && named[index] != nil {
		c.object(named[index], phrase)
	}
	for _, e := range c.returned[of] {
		if e.index == index {
			e.index = 0
			c.follow(e, phrase)
		} else if call, ok := e.Expr.(*ast.CallExpr); ok && e.index == 0 && index > 0 {
			c.follow(expr{call, e.pkg, index, nil}, phrase) // return f(), of several results
		}
	}
}

// follow records the constants that e may be, or may hold as an element.
func (c *collector) follow(e expr, phrase bool) {
	if e.obj != nil {
		c.object(e.obj, phrase)
		return
	}
	if tv := e.pkg.info.Types[e.Expr]; tv.Value != nil && tv.Value.Kind() == constant.String {
		c.record(e, constant.StringVal(tv.Value), phrase)
		return
	}
	part := func(x ast.Expr) { c.follow(expr{x, e.pkg, 0, nil}, phrase) }
	switch x := e.Expr.(type) {
	case *ast.ParenExpr:
		c.follow(expr{x.X, e.pkg, e.index, nil}, phrase)
	case *ast.IndexExpr:
		part(x.X)
	case *ast.SliceExpr:
		part(x.X)
	case *ast.StarExpr:
		part(x.X)
	case *ast.UnaryExpr:
		part(x.X)
	case *ast.CompositeLit:
		for _, elt := range x.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			part(elt)
		}
	case *ast.CallExpr:
		c.call(e, x, phrase)
	case *ast.Ident, *ast.SelectorExpr:
		if o, ok := e.pkg.object(x).(*types.Var); ok {
			c.variable(e, o, phrase)
			return
		}
		c.lose(e)
	default:
		c.lose(e)
	}
}

// variable follows a variable or a field. Of a type with constants of its own it may be any of them.
func (c *collector) variable(e expr, o *types.Var, phrase bool) {
	if named, ok := o.Type().(*types.Named); ok && named.Obj().Pkg() != nil {
		if basic, ok := named.Underlying().(*types.Basic); ok && basic.Kind() == types.String {
			c.constants(e, named, phrase)
			return
		}
	}
	if len(c.into[o]) == 0 && !o.IsField() {
		c.lose(e)
	}
	c.object(o, phrase)
}

// constants records every constant of a type of strings.
func (c *collector) constants(e expr, named *types.Named, phrase bool) {
	for _, p := range c.pkgs {
		if p.types != named.Obj().Pkg() {
			continue
		}
		for ident, o := range p.info.Defs {
			if k, ok := o.(*types.Const); ok && types.Identical(k.Type(), named) && k.Val().Kind() == constant.String {
				c.record(expr{ident, p, 0, nil}, constant.StringVal(k.Val()), phrase)
			}
		}
		return
	}
	c.lose(e)
}

// call follows what a call gives.
func (c *collector) call(e expr, call *ast.CallExpr, phrase bool) {
	fun := e.pkg.info.Types[call.Fun]
	if fun.IsType() && len(call.Args) == 1 || fun.IsBuiltin() { // a conversion; append
		for _, arg := range call.Args {
			c.follow(expr{arg, e.pkg, 0, nil}, phrase)
		}
		return
	}
	switch o := e.pkg.object(call.Fun).(type) {
	case *types.Func:
		if len(c.returned[o]) > 0 || len(c.named[o]) > 0 {
			c.result(o, e.index, phrase)
			return
		}
	case *types.Var:
		if translators[o.Name()] {
			return // what it is asked for is followed elsewhere
		}
		known := false
		for _, from := range c.into[o] {
			if lit, ok := from.Expr.(*ast.FuncLit); ok {
				known = true
				c.result(lit, e.index, phrase)
			} else if f, ok := from.pkg.object(from.Expr).(*types.Func); ok {
				known = true
				c.result(f, e.index, phrase)
			}
		}
		if known {
			return
		}
	}
	c.lose(e)
}

// record notes a constant.
func (c *collector) record(e expr, english string, phrase bool) {
	if english == "" {
		return
	}
	w := c.words[english]
	if w == nil {
		w = &word{at: c.place(e), phrase: true}
		c.words[english] = w
	}
	w.phrase = w.phrase && phrase
	if !slices.Contains(w.pkgs, e.pkg.path) {
		w.pkgs = append(w.pkgs, e.pkg.path)
	}
}

// lose notes what is no constant.
func (c *collector) lose(e expr) { c.lost[c.place(e)] = types.ExprString(e.Expr) }

// place says where e stands.
func (c *collector) place(e expr) string {
	return strings.TrimPrefix(c.fset.Position(e.Pos()).String(), root+"/")
}
