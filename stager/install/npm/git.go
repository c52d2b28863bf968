package npm

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

// fromGit returns a directory with a module as it is in a Git repository: the target is its URL, and behind a # the commit,
// the tag or the branch, which is master unless it is said. Its mirror is kept with those of gems.
func (t *tree) fromGit(ctx context.Context, m plugin.Module, label string) (string, error) {
	address, revision, _ := strings.Cut(strings.TrimPrefix(m.Target, "git+"), "#")
	if revision == "" {
		revision = "master"
	}
	scratch, err := t.tempDir()
	if err != nil {
		return "", err
	}
	g := git.Git{W: t.w, Env: t.Env, Cache: filepath.Join(scratch, "git_cache"), Remote: true}
	if t.w.Platform.Cache != "" {
		g.Cache = filepath.Join(t.w.Platform.Cache, "git_cache")
	}
	dir := filepath.Join(scratch, "module")
	if err := g.CheckOut(ctx, git.Repository{URL: address}, revision, dir); err != nil {
		return "", cause(ctx, notInstalled("Failed fetching module %s from Git source: %v", label, err))
	}
	return dir, nil
}
