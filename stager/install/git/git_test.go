package git_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

// repository is one with the branch main and a file "says".
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	testkit.RequireTool(t, "git")
	r := repository{t, filepath.Join(t.TempDir(), "origin")}
	r.git("init", "--quiet", "--initial-branch=main", r.dir)
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	c := exec.CommandContext(r.t.Context(), "git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.test"}, args...)...)
	c.Env = append(os.Environ(), "HOME="+r.t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a revision in which the file says a text.
func (r repository) commit(says string) (revision string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "says"), []byte(says), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git("-C", r.dir, "add", "--all")
	r.git("-C", r.dir, "commit", "--quiet", "--message", says)
	return r.git("-C", r.dir, "rev-parse", "HEAD")
}

// client is git with a cache of its own, whose runs are counted.
type client struct {
	git.Git
	mu   sync.Mutex
	runs []string
}

func newClient(t *testing.T) *client {
	c := &client{}
	w := &plugin.Workspace{Dest: t.TempDir()}
	w.Find, w.Scratch = runtimes.Find, t.TempDir()
	w.Run = func(ctx context.Context, command plugin.Command) ([]byte, error) {
		c.mu.Lock()
		c.runs = append(c.runs, strings.Join(command.Argv[1:], " "))
		c.mu.Unlock()
		command.Dir = "" // there is no app
		return stager.RunTool(ctx, command)
	}
	c.Git = git.Git{W: w, Cache: filepath.Join(t.TempDir(), "cache")}
	return c
}

// says is what the file says in a revision.
func (c *client) says(t *testing.T, r repository, revision string) (string, error) {
	t.Helper()
	dest := filepath.Join(t.TempDir(), "files")
	if err := c.CheckOut(t.Context(), git.Repository{URL: "file://" + r.dir}, revision, dest); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dest, ".git")); err == nil {
		t.Error("git's own files are among those of the revision")
	}
	text, err := os.ReadFile(filepath.Join(dest, "says"))
	return string(text), err
}

func TestRevisionsAreCheckedOutOfOneMirror(t *testing.T) {
	t.Parallel()
	r, c := newRepository(t), newClient(t)
	first := r.commit("first")
	r.git("-C", r.dir, "tag", "v1")
	second := r.commit("second")
	for _, revision := range []struct{ name, want string }{{"v1", "first"}, {"main", "second"}, {first, "first"}, {second, "second"}, {first[:12], "first"}} {
		if got, err := c.says(t, r, revision.name); err != nil || got != revision.want {
			t.Errorf("%s says %q, %v, want %q", revision.name, got, err, revision.want)
		}
	}
	clones := 0
	for _, run := range c.runs {
		if strings.HasPrefix(run, "clone ") {
			clones++
		}
	}
	if clones != 1 {
		t.Errorf("the repository was cloned %d times: %q", clones, c.runs)
	}
}

func TestBranchIsBroughtUpToDateAndCommitsAreNot(t *testing.T) {
	t.Parallel()
	r, c := newRepository(t), newClient(t)
	first := r.commit("first")
	if _, err := c.says(t, r, "main"); err != nil {
		t.Fatal(err)
	}
	r.commit("second")
	if got, err := c.says(t, r, "main"); err != nil || got != "second" {
		t.Errorf("the branch says %q, %v, want second", got, err)
	}
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	for revision, want := range map[string]string{"main": "second", first: "first"} {
		if got, err := c.says(t, r, revision); err != nil || got != want {
			t.Errorf("without the repository %s says %q, %v, want %q", revision, got, err, want)
		}
	}
	runs := len(c.runs)
	if _, err := c.says(t, r, first); err != nil || strings.Contains(strings.Join(c.runs[runs:], "\n"), "fetch") {
		t.Errorf("for a commit that is there git ran %q, %v", c.runs[runs:], err)
	}
}

func TestSeveralStagingsShareOneMirror(t *testing.T) {
	t.Parallel()
	r, c := newRepository(t), newClient(t)
	first := r.commit("first")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got, err := c.says(t, r, first); err != nil || got != "first" {
				t.Errorf("it says %q, %v", got, err)
			}
		})
	}
	wg.Wait()
}

func TestWhatIsNoRepositoryIsToldWithoutItsPassword(t *testing.T) {
	t.Parallel()
	r, c := newRepository(t), newClient(t)
	r.commit("x")
	marked := filepath.Join(t.TempDir(), "mark")
	for name, tt := range map[string]struct {
		url, revision, want string
		remote              bool
	}{
		"not there":       {"file://" + r.dir + ".none", "main", "does not", false},
		"no revision":     {"file://" + r.dir, "none", "none", false},
		"an option":       {"file://" + r.dir, "--help", "is no revision", false},
		"another option":  {"--upload-pack=touch " + marked, "main", "is no revision", false},
		"a command":       {"ext::touch " + marked, "main", "ext", false},
		"on this machine": {"file://" + r.dir, "main", "is on this machine", true},
		"a password":      {"http://me:secret@127.0.0.1:1/x.git", "main", "unable to access", false},
	} {
		c.Remote = tt.remote
		err := c.CheckOut(t.Context(), git.Repository{URL: tt.url}, tt.revision, filepath.Join(t.TempDir(), "files"))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, err := os.Stat(marked); err == nil {
		t.Error("a command that an address named was run")
	}
}
