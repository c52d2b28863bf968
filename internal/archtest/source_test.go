package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
	"testing"
)

// The numbers of the style guide: what is rare there is the limit here.
const (
	maxFileLines     = 400
	maxFuncLines     = 60
	maxInterfaceSize = 5
)

// sourceRule looks at one file. It returns findings as "line: what is wrong".
type sourceRule struct {
	name  string
	tests bool // looks at test files, else at the others
	check func(tr *tree, p *pkg, f *file) []finding
	why   string
}

type finding struct {
	line int
	what string
}

var sourceRules = []sourceRule{
	{"no init", false, findInit, "what runs before main runs in every command and every test, in an order that nobody reads"},
	{"no package state", false, findState, "two sandboxes, or two tests, in one process must not share anything: put it in a struct that New returns"},
	{"file length", false, findLongFile, "a file longer than that has more than one subject: split it by noun"},
	{"function length", false, findLongFunc, "a function longer than that cannot be read at once: split it into steps with names"},
	{"interface size", false, findLargeInterface, "the larger an interface, the fewer can implement it: make the extra ability a second one"},
	{"clock", false, findClock, "plugins are handed the clock, so that what they write can be compared byte by byte"},
	{"no global logger, no exit", false, findGlobals, "loggers are passed in and errors returned, so that a test can catch both; only main ends the program"},
	{"no real sleep", true, findSleep, "wait on a channel, use a testing/synctest bubble, or testkit.Eventually for another process: sleeps are slow and flaky"},
}

func TestSourcesKeepTheStyle(t *testing.T) {
	t.Parallel()
	tr := loadModule(t)
	for _, r := range sourceRules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			report(t, checkSources(tr, r))
		})
	}
}

func TestEveryPackageIntroducesItself(t *testing.T) {
	t.Parallel()
	report(t, checkDocs(loadModule(t)))
}

// checkSources applies one rule to all files that it is about.
func checkSources(tr *tree, r sourceRule) []string {
	var found []string
	for _, p := range tr.sorted() {
		for _, f := range p.files {
			if f.test != r.tests {
				continue
			}
			for _, x := range r.check(tr, p, f) {
				found = append(found, fmt.Sprintf("%s:%d: %s; %s", f.name, x.line, x.what, r.why))
			}
		}
	}
	return found
}

// checkDocs wants one package comment, in a file that is not a _test.go file, in each package.
func checkDocs(tr *tree) []string {
	var found []string
	for _, p := range tr.sorted() {
		has := false
		for _, f := range p.files {
			has = has || f.ast.Doc != nil && !strings.HasSuffix(f.name, "_test.go")
		}
		if !has {
			found = append(found, fmt.Sprintf("%s has no package comment; say what goes in, what comes out, and what it was in 2012", p.path))
		}
	}
	return found
}

func findInit(tr *tree, _ *pkg, f *file) []finding {
	var found []finding
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, finding{tr.line(fn), "func init"})
		}
	}
	return found
}

func findLongFile(_ *tree, _ *pkg, f *file) []finding {
	if f.lines <= maxFileLines {
		return nil
	}
	return []finding{{f.lines, fmt.Sprintf("%d lines, more than %d", f.lines, maxFileLines)}}
}

func findLongFunc(tr *tree, _ *pkg, f *file) []finding {
	var found []finding
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || isTable(fn) {
			continue
		}
		if n := tr.fset.Position(fn.End()).Line - tr.line(fn) + 1; n > maxFuncLines {
			found = append(found, finding{tr.line(fn), fmt.Sprintf("%s has %d lines, more than %d", fn.Name.Name, n, maxFuncLines)})
		}
	}
	return found
}

// isTable reports whether a function is only a list: one return of a literal. Lists live in functions because package-level variables
// may not; they are read line by line, however long.
func isTable(fn *ast.FuncDecl) bool {
	if fn.Body == nil || len(fn.Body.List) != 1 {
		return false
	}
	ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CompositeLit)
	return ok
}

func findLargeInterface(tr *tree, _ *pkg, f *file) []finding {
	var found []finding
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxInterfaceSize {
			found = append(found, finding{tr.line(i), fmt.Sprintf("an interface with %d methods, more than %d", i.Methods.NumFields(), maxInterfaceSize)})
		}
		return true
	})
	return found
}

// findClock looks at the plugins; the package above them is the one that hands the clock to them.
func findClock(tr *tree, p *pkg, f *file) []finding {
	if !strings.HasPrefix(p.path, "./stager/plugin/") {
		return nil
	}
	return findUses(tr, f, "time", "Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep")
}

// findGlobals finds the loggers of the whole process, and its end outside of main.
func findGlobals(tr *tree, _ *pkg, f *file) []finding {
	found := findUses(tr, f, "log/slog", "Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "With")
	found = append(found, findUses(tr, f, "log", "Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "Default", "SetOutput")...)
	if f.ast.Name.Name == "main" {
		return found
	}
	return append(found, findUses(tr, f, "os", "Exit")...)
}

func findSleep(tr *tree, p *pkg, f *file) []finding {
	if p.path == "./internal/testkit" || imports(f, "testing/synctest") {
		return nil
	}
	return findUses(tr, f, "time", "Sleep")
}

func imports(f *file, what string) bool {
	for _, im := range f.imports {
		if im.path == what {
			return true
		}
	}
	return false
}

// findUses returns where a file uses one of the names of a package.
func findUses(tr *tree, f *file, pkgPath string, names ...string) []finding {
	local := localName(f, pkgPath)
	if local == "" {
		return nil
	}
	var found []finding
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Name != local || x.Obj != nil { // Obj: a variable of that name
			return true
		}
		for _, name := range names {
			if sel.Sel.Name == name {
				found = append(found, finding{tr.line(sel), path.Base(pkgPath) + "." + name})
			}
		}
		return true
	})
	return found
}

// localName returns the name by which a file knows a package, empty when it does not import it.
func localName(f *file, pkgPath string) string {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value != `"`+pkgPath+`"` {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(pkgPath)
	}
	return ""
}
