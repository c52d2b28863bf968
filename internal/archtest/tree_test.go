package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/minicf/minicf"

// tree is the module's sources by package.
type tree struct {
	fset *token.FileSet
	pkgs map[string]*pkg // by path as the rules write it: ./dea/isolation
}

// pkg is the files of one folder, its tests included.
type pkg struct {
	path  string
	files []*file
}

// file is one source file.
type file struct {
	name    string // seen from the module's root
	test    bool   // a _test.go file, or any file of a package for tests
	lines   int
	ast     *ast.File
	imports []imported
}

// imported is one import as the rules write it: "os/exec", "./bus", "github.com/x/y".
type imported struct {
	path string
	line int
}

// parseModule parses the module that this test belongs to, once for all tests. Nobody changes the tree.
var parseModule = sync.OnceValues(func() (*tree, error) { return load(os.DirFS("../..")) })

// loadModule returns the tree of this module.
func loadModule(t *testing.T) *tree {
	t.Helper()
	tr, err := parseModule()
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.pkgs) < 5 {
		t.Fatalf("found only %d packages: the rules would hold for nothing", len(tr.pkgs))
	}
	return tr
}

// load parses all Go files below the root of fsys, except those that the go command skips too.
func load(fsys fs.FS) (*tree, error) {
	tr := &tree{fset: token.NewFileSet(), pkgs: map[string]*pkg{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(fsys, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return tr.add(name, src)
	})
	return tr, err
}

func skipped(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if dir == "." {
		return false
	}
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(fsys, dir+"/go.mod") // another module
	return err == nil
}

func (tr *tree) add(name string, src []byte) error {
	parsed, err := parser.ParseFile(tr.fset, name, src, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	dir := "./" + path.Dir(name)
	p := tr.pkgs[dir]
	if p == nil {
		p = &pkg{path: dir}
		tr.pkgs[dir] = p
	}
	f := &file{name: name, ast: parsed, lines: bytes.Count(src, []byte("\n"))}
	f.test = strings.HasSuffix(name, "_test.go") || forTests(dir)
	for _, spec := range parsed.Imports {
		full, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		f.imports = append(f.imports, imported{asRule(full), tr.line(spec)})
	}
	p.files = append(p.files, f)
	return nil
}

// forTests reports whether a package exists for tests alone: bustest, isolationtest, testkit.
func forTests(pkgPath string) bool {
	base := path.Base(pkgPath)
	return strings.HasSuffix(base, "test") || base == "testkit"
}

// asRule turns an import path into the rules' writing: packages of this module begin with ./
func asRule(full string) string {
	if rest, ok := strings.CutPrefix(full, module+"/"); ok {
		return "./" + rest
	}
	return full
}

func (tr *tree) line(n ast.Node) int { return tr.fset.Position(n.Pos()).Line }

// sorted returns the packages in the order of their paths, so that failures are.
func (tr *tree) sorted() []*pkg {
	var all []*pkg
	for _, p := range tr.pkgs {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *pkg) int { return strings.Compare(a.path, b.path) })
	return all
}

// matches reports whether a path fits one of the patterns: a path, a path with /... for all below it too, or std for
// the standard library.
func matches(p string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == "std" {
			return isStd(p)
		}
		if below, ok := strings.CutSuffix(pattern, "/..."); ok {
			return p == below || strings.HasPrefix(p, below+"/")
		}
		return p == pattern
	})
}

// isStd reports whether an import is of the standard library: its first word has no dot.
func isStd(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}
