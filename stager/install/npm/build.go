package npm

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin/node/semver"
)

// hasNativeParts reports whether a module has to be compiled. In 2012 the pattern was .(c|cc|node)$, so that a file called
// "misc" was enough (bug Q15).
func hasNativeParts(ctx context.Context, dir string) (bool, error) {
	found := errors.New("found")
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case d.Type().IsRegular() && (d.Name() == "binding.gyp" || matchesAny(d.Name(), ".c", ".cc", ".node")):
			return found
		}
		return nil
	})
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}

func matchesAny(name string, suffixes ...string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

// build compiles a copy of the module in dir, or takes what was compiled of the same files before, and puts it over what is
// at that place in the droplet.
func (t *tree) build(ctx context.Context, label, dir, at string) error {
	if err := t.checkEngines(ctx, label, dir); err != nil {
		return err
	}
	key, err := sourceKey(ctx, dir)
	if err != nil {
		return err
	}
	if kept := t.built.Path(key); t.built.Dir != "" && isDir(kept) {
		return t.w.CopyOver(ctx, kept, at)
	}
	scratch, err := t.tempDir()
	if err != nil {
		return err
	}
	work := filepath.Join(scratch, "build")
	if err := os.CopyFS(work, os.DirFS(dir)); err != nil {
		return err
	}
	if err := t.compile(ctx, label, work); err != nil {
		return err
	}
	if err := t.built.Fill(key, func(to string) error { return os.CopyFS(to, os.DirFS(work)) }); err != nil {
		return err
	}
	return t.w.CopyOver(ctx, work, at)
}

// brokenBuild is what npm prints when a build fails: it exits with 0 all the same.
var brokenBuild = regexp.MustCompile(`npm ERR!|gyp ERR!`)

// compile runs `npm build`, which the npm of today does not have any more: there it is npm install, in the module itself.
func (t *tree) compile(ctx context.Context, label, dir string) error {
	version, err := t.npmVersion(ctx)
	if err != nil {
		return err
	}
	args := []string{"build", dir, "--production", "true", "--color", "false", "--loglevel", "error", "--non-global", "true", "--force", "true"}
	if modern, _ := semver.Satisfies(version, ">=7"); modern {
		args = []string{"install", "--omit=dev", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"}
	}
	output, err := t.run(ctx, t.w, dir, args...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil || brokenBuild.Match(output):
		return notInstalled("%s", install.Failure("Failed building package: "+label, output, err))
	}
	return nil
}

// npmVersion asks npm once.
func (t *tree) npmVersion(ctx context.Context) (string, error) {
	if t.npm != "" {
		return t.npm, nil
	}
	output, err := t.run(ctx, t.w, "", "-v")
	if err != nil {
		return "", cause(ctx, err)
	}
	t.npm = strings.TrimSpace(string(output))
	return t.npm, nil
}

// checkEngines holds the module's demands against the versions there are.
func (t *tree) checkEngines(ctx context.Context, label, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var content struct{ Engines json.RawMessage }
	if err := json.Unmarshal(text, &content); err != nil && len(text) > 0 {
		return notInstalled("Failed parsing package.json of %s", label)
	}
	var engines struct{ Node, NPM string }
	_ = json.Unmarshal(content.Engines, &engines) // what is no such object, as the lists of the first years, demands nothing
	if rng := engines.Node; rng != "" {
		if err := demand(label, "Node", "node", rng, string(t.w.App.RuntimeInfo.Version)); err != nil {
			return err
		}
	}
	if rng := engines.NPM; rng != "" {
		version, err := t.npmVersion(ctx)
		if err != nil {
			return err
		}
		return demand(label, "Npm", "npm", rng, version)
	}
	return nil
}

func demand(label, title, name, rng, version string) error {
	if fits, err := semver.Satisfies(version, rng); fits && err == nil {
		return nil
	}
	return notInstalled("Failed installing %s: %s version requirement %s is not compatible with the current %s version %s", label, title, rng, name, version)
}

// sourceKey stands for the files of a module, apart from what an earlier build has left.
func sourceKey(ctx context.Context, dir string) (string, error) {
	var parts []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case d.IsDir() && path != dir && (d.Name() == "build" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case !d.Type().IsRegular() || d.Name() == ".lock-wscript" || matchesAny(d.Name(), ".node", ".o"):
			return nil
		}
		sum, err := install.FileSum(path)
		parts = append(parts, strings.TrimPrefix(path, dir), sum)
		return err
	})
	return install.Key(parts...), err
}
