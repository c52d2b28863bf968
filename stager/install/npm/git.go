package npm

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

// fromGit returns a directory with a module as it is in a Git repository: the target is its URL, and behind a # the commit,
// the tag or the branch, which is master unless it is said.
func (t *tree) fromGit(ctx context.Context, m plugin.Module, label string) (string, error) {
	uri, revision, _ := strings.Cut(strings.TrimPrefix(m.Target, "git+"), "#")
	if revision == "" {
		revision = "master"
	}
	git, ok := t.w.Program("git")
	switch {
	case !ok || t.w.Run == nil:
		return "", notInstalled("Failed fetching module %s from Git source: there is no git on this machine", label)
	case strings.HasPrefix(revision, "-"):
		return "", notInstalled("Failed fetching module %s from Git source: %q is no revision", label, revision)
	}
	scratch, err := t.tempDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(scratch, "module")
	// No question may be asked, and nothing that is only on this machine may be reached.
	env := append([]string{"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=http:https:git:ssh"}, t.Env...)
	for _, args := range [][]string{
		{git, "clone", "--quiet", "--no-checkout", "--", uri, dir},
		{git, "-C", dir, "checkout", "--quiet", revision, "--"},
	} {
		if output, err := t.w.RunTool(ctx, env, args...); err != nil {
			what := "Failed fetching module " + label + " from Git source"
			return "", cause(ctx, notInstalled("%s", install.Failure(what, output, err)))
		}
	}
	return dir, os.RemoveAll(filepath.Join(dir, ".git"))
}
