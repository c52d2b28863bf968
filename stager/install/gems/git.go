package gems

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

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
	g := git.Git{W: b.w, Env: b.t.env, Cache: filepath.Join(b.cache.dir, "git_cache")}
	from := git.Repository{URL: gem.Git.URI}
	mirror, err := g.Mirror(ctx, from, gem.Git.Revision)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return failedInstall(gem.FileName(), fmt.Sprintf("%s at %s: %v", from, gem.Git.Revision[:12], err))
	}
	dir, err := b.newTemp()
	if err != nil {
		return err
	}
	made, err := b.buildRevision(ctx, gem, dir, mirror, g.Environ())
	if err != nil {
		return err
	}
	return publish(b.cache.revisions(), key, made)
}

// buildRevision runs Bundler with a path of its own, in dir, and returns where under that the gems are.
func (b *batch) buildRevision(ctx context.Context, gem plugin.Gem, dir, mirror string, gitEnv []string) (string, error) {
	if err := os.WriteFile(filepath.Join(dir, "Gemfile"), nil, 0o644); err != nil {
		return "", err
	}
	made := filepath.Join(dir, "path", "ruby", b.ruby.ABI)
	env := append(gitEnv,
		"BUNDLE_GEMFILE="+filepath.Join(dir, "Gemfile"), "BUNDLE_APP_CONFIG="+dir, "BUNDLE_PATH="+filepath.Join(dir, "path"),
		"BUNDLE_GIT__ALLOW_INSECURE=true", "GEM_HOME="+made,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url."+mirror+".insteadOf", "GIT_CONFIG_VALUE_0="+gem.Git.URI,
	)
	argv := []string{b.ruby.Executable, "-W0", "-e", gitScript, gem.Git.URI, gem.Git.Revision, fmt.Sprint(gem.Git.Submodules)}
	output, err := b.w.RunToolWith(ctx, plugin.Access{Read: []string{mirror}, Write: []string{dir}}, env, argv...)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", failedInstall(gem.FileName(), plugin.LastLines(output, err))
	}
	return made, nil
}
