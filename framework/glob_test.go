package framework

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// newTree makes the files in a new directory; a name that ends in "/" is a directory.
func newTree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if strings.HasSuffix(name, "/") {
			err = os.Mkdir(path, 0o755)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func newFiles(t testing.TB, names ...string) string {
	t.Helper()
	files := map[string]string{}
	for _, n := range names {
		files[n] = ""
	}
	return newTree(t, files)
}

func newRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// The expectations are what Dir[] of Ruby 3.1 answers for the same tree, sorted, with superfluous slashes and ./ left out.
func TestGlobFitsWhatRubyFits(t *testing.T) {
	t.Parallel()
	root := newRoot(t, newFiles(t,
		"a.rb", "b.rb", "c.py", ".hidden.rb", "lib/d.rb", "lib/deep/e.rb", ".git/f.rb", "lib/.g.rb", "x{y}.rb", "w*.rb",
		"releases/1/a.rel", "B.rb", "é.rb", "empty/"))
	for pattern, want := range map[string]string{
		"*.rb":                "B.rb a.rb b.rb w*.rb x{y}.rb é.rb",
		"?.rb":                "B.rb a.rb b.rb é.rb",
		"[ab].rb":             "a.rb b.rb",
		"[^a].rb":             "B.rb b.rb é.rb",
		"[!a].rb":             "B.rb b.rb é.rb",
		"{b,a,lib/d}.rb":      "a.rb b.rb lib/d.rb",
		"{a,{b,c}}.{rb,py}":   "a.rb b.rb c.py",
		"**/*.rb":             "B.rb a.rb b.rb lib/d.rb lib/deep/e.rb w*.rb x{y}.rb é.rb",
		"**/deep/*.rb":        "lib/deep/e.rb",
		"lib/**/*.rb":         "lib/d.rb lib/deep/e.rb",
		"**/**/**/e.rb":       "lib/deep/e.rb",
		"lib/**":              "lib/d.rb lib/deep",
		"releases/*/*.rel":    "releases/1/a.rel",
		".*.rb":               ".hidden.rb",
		".git/*.rb":           ".git/f.rb",
		"./a.rb":              "a.rb",
		"lib//d.rb":           "lib/d.rb",
		"/a.rb":               "a.rb",
		`w\*.rb`:              "w*.rb",
		`x\{y\}.rb`:           "x{y}.rb",
		"a.rb/*":              "",
		"nowhere/*":           "",
		"config/environment*": "",
		"empty/*":             "",
		"a.{rb":               "",
	} {
		got, err := glob(t.Context(), root, pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("glob(%q) = %q, %v, want %q", pattern, strings.Join(got, " "), err, want)
		}
	}
}

func TestGlobThatMakesNoSenseIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	root := newRoot(t, newFiles(t, "a.rb"))
	for pattern, want := range map[string]string{
		"../*.rb":                          "leaves the app's directory",
		"lib/../../*":                      "leaves the app's directory",
		"{a,..}/x":                         "leaves the app's directory",
		"[a":                               "syntax error in pattern",
		"":                                 "names nothing",
		"a\x00b":                           "NUL",
		strings.Repeat("{a,b}", 20):        "braces",
		strings.Repeat("{a,b,c,d,e,f}", 4): "braces",
		strings.Repeat("a", 5000):          "longer than 4096 bytes",
	} {
		_, err := glob(t.Context(), root, pattern)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "glob ") {
			t.Errorf("glob(%.40q) failed with %v, want %q", pattern, err, want)
		}
	}
}

func TestGlobDoesNotWaitForANamedPipe(t *testing.T) {
	t.Parallel()
	dir := newFiles(t, "a.rb")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := glob(t.Context(), newRoot(t, dir), "pipe/*")
	if err != nil || len(got) != 0 {
		t.Errorf("glob into a named pipe = %q, %v", got, err)
	}
}

func FuzzGlob(f *testing.F) {
	for _, seed := range []string{"*.rb", "**/*", "{a,b}/[!x]?", `\{a\}`, "**/**/x/**", "{{{a", "..", "[[:alpha:]]", "a/.", "\xff*"} {
		f.Add(seed)
	}
	dir := newFiles(f, "a.rb", "b/c.rb", "b/.d/e", ".f")
	f.Fuzz(func(t *testing.T, pattern string) {
		got, err := glob(t.Context(), newRoot(t, dir), pattern)
		if err != nil {
			return
		}
		if !slices.IsSorted(got) {
			t.Errorf("glob(%q) = %q is not sorted", pattern, got)
		}
		for _, name := range got {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil || !filepath.IsLocal(name) {
				t.Errorf("glob(%q) names %q: %v", pattern, name, err)
			}
		}
	})
}
