package gems_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/install/gems/gemtest"
)

// repository is a Git repository with the gem hello in it.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	testkit.RequireTool(t, "git")
	r := repository{t, filepath.Join(t.TempDir(), "hello")}
	gemtest.WriteFiles(t, r.dir, map[string]string{
		"hello.gemspec": "Gem::Specification.new do |s|\n  s.name, s.version, s.summary, s.authors = 'hello', '1.0', 'a test', ['a test']\n" +
			"  s.files, s.executables = `git ls-files`.split, ['hello']\nend\n",
		"bin/hello": "require 'hello'\nputs HELLO\n",
	})
	r.git("init", "--quiet")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	c := exec.CommandContext(r.t.Context(), "git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.test"}, args...)...)
	c.Dir, c.Env = r.dir, append(os.Environ(), "HOME="+r.t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a revision in which the gem says a text.
func (r repository) commit(says string) (revision string) {
	r.t.Helper()
	gemtest.WriteFiles(r.t, r.dir, map[string]string{"lib/hello.rb": "HELLO = '" + says + "'\n"})
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message", says)
	return r.git("rev-parse", "HEAD")
}

// lock makes the app one that has the gem from a revision.
func (r repository) lock(app, revision string) {
	r.t.Helper()
	gemtest.WriteFiles(r.t, app, map[string]string{
		"Gemfile": "source 'http://127.0.0.1:9'\ngem 'hello', git: '" + r.dir + "'\n",
		"Gemfile.lock": "GIT\n  remote: " + r.dir + "\n  revision: " + revision + "\n  specs:\n    hello (1.0)\n\n" +
			"GEM\n  remote: http://127.0.0.1:9/\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  hello!\n",
	})
}

func TestGemsOfGitRevisionsAreInstalledFromAMirror(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	r := newRepository(t)
	app := t.TempDir()
	for i, says := range []string{"first", "second"} { // for the second the mirror has to be updated
		revision := r.commit(says)
		r.lock(app, revision)
		dest, log, err := m.stage(t, app, period)
		if err != nil {
			t.Fatal(err)
		}
		if got := greeting(t, dest, "1.9.1"); got != says {
			t.Errorf("the app says %q, want %q", got, says)
		}
		if !strings.Contains(log, "Need to fetch hello-1.0.gem from Git source\n") || !strings.HasSuffix(log, "Adding hello-1.0.gem to app...\n") {
			t.Errorf("the log is\n%s", log)
		}
		if _, err := os.Stat(filepath.Join(dest, "app/rubygems/ruby/1.9.1/bundler/gems/hello-"+revision[:12], "lib/hello.rb")); err != nil {
			t.Error(err)
		}
		runs := m.runs.Load()
		if _, log, err = m.stage(t, app, period); err != nil || m.runs.Load() != runs || strings.Contains(log, "fetch") {
			t.Errorf("the next staging ran %d tools: %v\n%s", m.runs.Load()-runs, err, log)
		}
		if mirrors, _ := filepath.Glob(filepath.Join(m.Platform.Cache, "git_cache/??/??/*")); len(mirrors) != 1 {
			t.Errorf("%d: the cache has the mirrors %v, want one", i, mirrors)
		}
	}
}

func TestGitSourceThatDoesNotHaveTheRevisionIsNamed(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	r := newRepository(t)
	r.commit("x")
	app := t.TempDir()
	r.lock(app, strings.Repeat("ab", 20))
	_, _, err := m.stage(t, app, period)
	expectFailure(t, err, "Failed installing gem hello-1.0.gem: "+r.dir+" at abababababab: ")
	r.lock(app, "--upload-pack=x")
	_, _, err = m.stage(t, app, period)
	expectFailure(t, err, "Failed installing gem hello-1.0.gem: \"--upload-pack=x\" is no revision")
	marked := filepath.Join(t.TempDir(), "mark")
	repository{t, "ext::sh -c touch% " + marked}.lock(app, strings.Repeat("ab", 20))
	_, _, err = m.stage(t, app, period)
	expectFailure(t, err, "Failed installing gem hello-1.0.gem: ", "ext")
	if _, err := os.Stat(marked); err == nil {
		t.Error("the URI of a Git source was run")
	}
}
