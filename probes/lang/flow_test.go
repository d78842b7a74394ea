package lang_test

import (
	"go/ast"
	"go/types"
)

// expr is what may flow somewhere: an expression and the package that it stands in, or a parameter of another
// function's type. index says which part of it flows: which of a call's results.
type expr struct {
	ast.Expr
	pkg   *pkg
	index int
	obj   types.Object // set: the parameter, and no expression
}

// flows says what every variable, field, parameter and result of the module may hold.
type flows struct {
	into     map[types.Object][]expr // by assignment, literal, argument or range
	returned map[any][]expr          // by *types.Func and by *ast.FuncLit
	asked    []expr                  // arguments of the functions that translate
	named    map[any][]types.Object  // results with a name
}

// translators are the names of what turns a format into another language, where it is called.
var translators = map[string]bool{"translate": true, "Translate": true, "tr": true}

func (s *source) flows() *flows {
	f := &flows{into: map[types.Object][]expr{}, returned: map[any][]expr{}, named: map[any][]types.Object{}}
	for _, p := range s.pkgs {
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool { f.node(p, n); return true })
		}
	}
	return f
}

// object returns what an expression names: a variable, a field, a function. Nil if it names nothing of ours.
func (p *pkg) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if o := p.info.Defs[e]; o != nil {
			return o
		}
		return origin(p.info.Uses[e])
	case *ast.SelectorExpr:
		if sel := p.info.Selections[e]; sel != nil {
			return origin(sel.Obj())
		}
		return origin(p.info.Uses[e.Sel])
	case *ast.IndexExpr:
		if _, ok := p.info.Types[e.X].Type.(*types.Signature); ok {
			return p.object(e.X) // a generic function with its types named
		}
	case *ast.StarExpr:
		return p.object(e.X)
	}
	return nil
}

// origin undoes the instantiation of a generic type: its fields are the same for all.
func origin(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Var:
		return o.Origin()
	case *types.Func:
		return o.Origin()
	}
	return o
}

// signature returns the type of a function, nil if t is another type.
func signature(t types.Type) *types.Signature {
	if t == nil {
		return nil
	}
	sig, _ := t.Underlying().(*types.Signature)
	return sig
}

// node notes what n lets flow.
func (f *flows) node(p *pkg, n ast.Node) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		f.assign(p, n.Lhs, n.Rhs)
	case *ast.ValueSpec:
		var names []ast.Expr
		for _, name := range n.Names {
			names = append(names, name)
		}
		f.assign(p, names, n.Values)
	case *ast.RangeStmt:
		for _, to := range []ast.Expr{n.Key, n.Value} {
			if to != nil {
				f.to(p, p.object(to), n.X, 0)
			}
		}
	case *ast.CompositeLit:
		f.literal(p, n)
	case *ast.CallExpr:
		f.call(p, n)
	case *ast.FuncDecl:
		if n.Body != nil {
			f.returns(p, p.info.Defs[n.Name], n.Type, n.Body)
		}
	case *ast.FuncLit:
		f.returns(p, n, n.Type, n.Body)
	}
}

// to notes that from flows to o. Where functions flow, what o is called with flows to the function.
func (f *flows) to(p *pkg, o types.Object, from ast.Expr, index int) {
	if o == nil {
		return
	}
	f.into[o] = append(f.into[o], expr{from, p, index, nil})
	as, is := signature(o.Type()), signature(p.info.Types[from].Type)
	if as == nil || is == nil || as == is {
		return
	}
	for i := range min(as.Params().Len(), is.Params().Len()) {
		param := origin(is.Params().At(i))
		f.into[param] = append(f.into[param], expr{nil, p, 0, origin(as.Params().At(i))})
	}
}

func (f *flows) assign(p *pkg, to, from []ast.Expr) {
	for i := range to {
		target := ast.Unparen(to[i])
		if x, ok := target.(*ast.IndexExpr); ok {
			target = x.X // an element flows into the whole
		}
		switch {
		case len(from) == len(to):
			f.to(p, p.object(target), from[i], 0)
		case len(from) == 1:
			f.to(p, p.object(target), from[0], i)
		}
	}
}

// literal notes what the fields of a struct are given.
func (f *flows) literal(p *pkg, n *ast.CompositeLit) {
	t := p.info.Types[n].Type
	if t == nil {
		return
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				f.to(p, origin(p.info.Uses[key]), kv.Value, 0)
			}
		} else if i < st.NumFields() {
			f.to(p, origin(st.Field(i)), e, 0)
		}
	}
}

// call notes what the parameters of the called are given.
func (f *flows) call(p *pkg, n *ast.CallExpr) {
	var sig *types.Signature
	switch o := p.object(n.Fun).(type) {
	case *types.Func:
		sig = o.Signature()
	case *types.Var:
		sig = signature(o.Type())
		if translators[o.Name()] && len(n.Args) == 1 {
			f.asked = append(f.asked, expr{n.Args[0], p, 0, nil})
		}
	default:
		sig = signature(p.info.Types[n.Fun].Type)
	}
	if sig == nil || sig.Params().Len() == 0 {
		return
	}
	for i, arg := range n.Args {
		f.to(p, origin(sig.Params().At(min(i, sig.Params().Len()-1))), arg, 0)
	}
}

// returns notes what a function returns: of is its *types.Func or, if it has no name, its *ast.FuncLit.
func (f *flows) returns(p *pkg, of any, sig *ast.FuncType, in *ast.BlockStmt) {
	if sig.Results == nil {
		return
	}
	for _, field := range sig.Results.List {
		for _, name := range field.Names {
			f.named[of] = append(f.named[of], p.info.Defs[name])
		}
	}
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for i, e := range n.Results {
				f.returned[of] = append(f.returned[of], expr{e, p, i, nil})
			}
		}
		return true
	})
}
