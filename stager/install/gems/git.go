package gems

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

//go:embed scripts/git.rb
var gitScript string

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// addRevision takes the gems of a Git revision. Bundler installs them, from a mirror of the repository in the cache.
func (b *batch) addRevision(ctx context.Context, gem plugin.Gem) error {
	if !commit.MatchString(gem.Git.Revision) {
		return failedInstall(gem.FileName(), fmt.Sprintf("%q is no revision of a Git repository", gem.Git.Revision))
	}
	key := revisionKey(*gem.Git)
	place := b.cache.revisions().Path(key)
	b.dirs = append(b.dirs, place)
	if exists(place) {
		return nil
	}
	b.w.Log.Info("Need to fetch " + gem.FileName() + " from Git source")
	mirror, err := b.t.mirror(ctx, b, gem)
	if err != nil {
		return err
	}
	dir, err := b.newTemp()
	if err != nil {
		return err
	}
	made, err := b.buildRevision(ctx, gem, dir, mirror)
	if err != nil {
		return err
	}
	return publish(b.cache.revisions(), key, made)
}

// buildRevision runs Bundler with a path of its own, in dir, and returns where under that the gems are.
func (b *batch) buildRevision(ctx context.Context, gem plugin.Gem, dir, mirror string) (string, error) {
	if err := os.WriteFile(filepath.Join(dir, "Gemfile"), nil, 0o644); err != nil {
		return "", err
	}
	made := filepath.Join(dir, "path", "ruby", b.ruby.ABI)
	env := append(b.t.gitEnv(),
		"BUNDLE_GEMFILE="+filepath.Join(dir, "Gemfile"), "BUNDLE_APP_CONFIG="+dir, "BUNDLE_PATH="+filepath.Join(dir, "path"),
		"BUNDLE_GIT__ALLOW_INSECURE=true", "GEM_HOME="+made,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+mirror+".insteadOf", "GIT_CONFIG_VALUE_0="+gem.Git.URI,
	)
	argv := []string{b.ruby.Executable, "-W0", "-e", gitScript, gem.Git.URI, gem.Git.Revision, fmt.Sprint(gem.Git.Submodules)}
	output, err := b.w.RunTool(ctx, env, argv...)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", failedInstall(gem.FileName(), plugin.LastLines(output, err))
	}
	return made, nil
}

// mirror returns the mirror of a gem's repository, which has the revision. It is cloned, or updated once.
func (t *Tools) mirror(ctx context.Context, b *batch, gem plugin.Gem) (string, error) {
	select {
	case t.git <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { <-t.git }()
	key := sumOf(normalURI(gem.Git.URI))
	place := b.cache.mirrors().Path(key)
	if !exists(place) {
		dir, err := b.newTemp()
		if err != nil {
			return "", err
		}
		made := filepath.Join(dir, "mirror")
		if err := b.runGit(ctx, gem, "clone", "--quiet", "--mirror", "--", gem.Git.URI, made); err != nil {
			return "", err
		}
		if err := publish(b.cache.mirrors(), key, made); err != nil {
			return "", err
		}
	}
	has := func() error {
		return b.runGit(ctx, gem, "--git-dir", place, "cat-file", "-e", gem.Git.Revision+"^{commit}")
	}
	if has() == nil {
		return place, nil
	}
	if err := b.runGit(ctx, gem, "--git-dir", place, "fetch", "--quiet", "--prune", "origin"); err != nil {
		return "", err
	}
	return place, has()
}

func (b *batch) runGit(ctx context.Context, gem plugin.Gem, args ...string) error {
	program, ok := b.w.Program("git")
	if !ok {
		return failedInstall(gem.FileName(), "it comes from a Git repository, and this machine has no git")
	}
	output, err := b.w.RunTool(ctx, b.t.gitEnv(), append([]string{program}, args...)...)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		where := git.Repository{URL: gem.Git.URI}.String() // without a password
		return failedInstall(gem.FileName(), fmt.Sprintf("%s at %s: %s", where, gem.Git.Revision[:12], strings.ReplaceAll(plugin.LastLines(output, err), gem.Git.URI, where)))
	}
	return nil
}

// gitEnv forbids git to ask for a password, and to run commands that a URI names.
func (t *Tools) gitEnv() []string {
	return append([]string{"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh"}, t.env...)
}
