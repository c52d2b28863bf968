package archtest

import (
	"go/ast"
	"go/token"
	"strings"
)

// findState returns package-level variables that could change while the program runs. These cannot, or nobody changes them:
//
//   - var _ Interface = (*Type)(nil), which is a check and no variable
//   - errors: errors.New
//   - what a makers' list below makes: compiled expressions, parsed templates, replacers
//   - embedded files
//   - tables: a literal that no code of the package assigns to, deletes from, takes the address of or hands to a
//     changing builtin. Names are compared, not scopes: a local variable with the name of a table counts as the table.
func findState(tr *tree, p *pkg, f *file) []finding {
	var found []finding
	for _, d := range f.ast.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			v := spec.(*ast.ValueSpec)
			if isEmbedded(gen.Doc) || isEmbedded(v.Doc) {
				continue
			}
			for i, name := range v.Names {
				if name.Name != "_" && !isConstant(p, name.Name, valueAt(v, i)) {
					found = append(found, finding{tr.line(name), "package-level variable " + name.Name + " can change"})
				}
			}
		}
	}
	return found
}

func isEmbedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// valueAt returns the i-th value of a declaration, nil when it has none.
func valueAt(v *ast.ValueSpec, i int) ast.Expr {
	if i < len(v.Values) {
		return v.Values[i]
	}
	return nil
}

// makers return values that have no way to change them.
var makers = map[string]bool{
	"errors.New":          true,
	"regexp.MustCompile":  true,
	"template.Must":       true,
	"strings.NewReplacer": true,
	"sync.OnceValue":      true,
}

// isConstant reports whether a variable with that first value stays what it is.
func isConstant(p *pkg, name string, value ast.Expr) bool {
	if call, ok := value.(*ast.CallExpr); ok {
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
			x, ok := sel.X.(*ast.Ident)
			return ok && makers[x.Name+"."+sel.Sel.Name] && !changed(p, name)
		}
		_, isConversion := call.Fun.(*ast.ArrayType) // []byte("…")
		return isConversion && !changed(p, name)
	}
	if lit, ok := value.(*ast.CompositeLit); ok && lit.Type != nil {
		return !changed(p, name)
	}
	return false
}

// changed reports whether code of the package changes the variable.
func changed(p *pkg, name string) bool {
	hit := false
	for _, f := range p.files {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			hit = hit || changes(n, name)
			return !hit
		})
	}
	return hit
}

// changes reports whether one node changes the variable.
func changes(n ast.Node, name string) bool {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE {
			return false
		}
		for _, left := range n.Lhs {
			if root(left) == name {
				return true
			}
		}
	case *ast.IncDecStmt:
		return root(n.X) == name
	case *ast.UnaryExpr:
		return n.Op == token.AND && root(n.X) == name
	case *ast.RangeStmt:
		return n.Tok == token.ASSIGN && (root(n.Key) == name || root(n.Value) == name)
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.Ident)
		return ok && len(n.Args) > 0 && root(n.Args[0]) == name && (f.Name == "delete" || f.Name == "clear" || f.Name == "copy")
	}
	return false
}

// root returns the variable that an expression is a part of: x for x[1].y.
func root(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		default:
			return ""
		}
	}
}
