// Package gemtest makes gems for tests, with the gem tools of this machine and without any network: small ones of a test's
// own, and packages of the gems that the distribution has installed.
package gemtest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "embed"

	"github.com/minicf/minicf/internal/testkit"
)

// Gem is a gem to be made.
type Gem struct {
	Name, Version string
	Needs         []string          // names of other gems
	Files         map[string]string // those below bin/ are its programs, an ext/extconf.rb makes it one that is compiled
}

// Build makes gems by `gem build`, in dir.
func Build(t testing.TB, dir string, gems ...Gem) {
	t.Helper()
	testkit.RequireTool(t, "ruby", "gem")
	for _, g := range gems {
		source := t.TempDir()
		g.write(t, source)
		c := exec.CommandContext(t.Context(), "gem", "build", "--silent", "--output", filepath.Join(mkdir(t, dir), g.Name+"-"+g.Version+".gem"), g.Name+".gemspec")
		c.Dir = source
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("gem build %s: %v\n%s", g.Name, err, out)
		}
	}
}

// write writes the gem's files and its gemspec.
func (g Gem) write(t testing.TB, dir string) {
	t.Helper()
	var programs []string
	for _, name := range slices.Sorted(maps.Keys(g.Files)) {
		if program, ok := strings.CutPrefix(name, "bin/"); ok {
			programs = append(programs, program)
		}
	}
	spec := fmt.Sprintf("Gem::Specification.new do |s|\n  s.name, s.version, s.summary, s.authors = %q, %q, 'a test', ['a test']\n"+
		"  s.files, s.bindir, s.executables = Dir['{lib,bin,ext}/**/*'], 'bin', %%w(%s)\n", g.Name, g.Version, strings.Join(programs, " "))
	for _, n := range g.Needs {
		spec += fmt.Sprintf("  s.add_dependency %q\n", n)
	}
	if _, ok := g.Files["ext/extconf.rb"]; ok {
		spec += "  s.extensions = ['ext/extconf.rb']\n"
	}
	files := maps.Clone(g.Files)
	if files == nil {
		files = map[string]string{}
	}
	files[g.Name+".gemspec"] = spec + "end\n"
	WriteFiles(t, dir, files)
}

// WriteFiles writes files below dir: path → text.
func WriteFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		mkdir(t, filepath.Dir(path))
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

//go:embed repack.rb
var repackScript string

// Repack makes packages of gems that are installed on this machine, and of all that they need, in dir. It returns a
// Gemfile.lock for them. Compiled ones keep their libraries, so that they need no compiler.
func Repack(t testing.TB, dir string, names ...string) (lock string) {
	t.Helper()
	testkit.RequireTool(t, "ruby")
	args := append([]string{"-W0", "-e", repackScript, mkdir(t, dir)}, names...)
	out, err := exec.CommandContext(t.Context(), "ruby", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("make packages of the gems %v: %v\n%s", names, err, out)
	}
	return string(out)
}

func mkdir(t testing.TB, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
