package git

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// Fetch copies the files of a branch to dest, which must not exist. They are cloned as shallow as the server allows. stale is why
// they are those of the last time; it is nil when they are up to date.
func (g Git) Fetch(ctx context.Context, r Repository, dest string) (stale, err error) {
	if strings.HasPrefix(r.URL, "-") || strings.HasPrefix(r.Branch, "-") {
		return nil, fmt.Errorf("%q is no address of a repository", r)
	}
	name := sumOf(r.URL + "#" + r.Branch)
	c := clone{Git: g, repository: r, dir: filepath.Join(g.Cache, name)}
	unlock, err := g.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if stale, err = c.update(ctx); err != nil {
		return nil, err
	}
	return stale, os.CopyFS(dest, withoutGit{os.DirFS(c.dir)})
}

// clone is one branch of a repository in the cache.
type clone struct {
	Git
	repository Repository
	dir        string
}

// update clones, or fetches what is new. stale is why it could not fetch.
func (c clone) update(ctx context.Context) (stale, err error) {
	if !exists(filepath.Join(c.dir, ".git")) {
		return nil, c.create(ctx)
	}
	branch := c.repository.Branch
	if branch == "" {
		branch = "HEAD"
	}
	err = c.git(ctx, c.dir, "-C", c.dir, "fetch", "--quiet", "--depth", "1", "origin", branch)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return err, nil
	}
	if err := c.git(ctx, c.dir, "-C", c.dir, "reset", "--quiet", "--hard", "FETCH_HEAD"); err != nil {
		return nil, err
	}
	return nil, c.git(ctx, c.dir, "-C", c.dir, "submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1")
}

// create clones shallowly, or as a whole where the server does not know how.
func (c clone) create(ctx context.Context) error {
	args := []string{"clone", "--quiet", "--recursive"}
	if c.repository.Branch != "" {
		args = append(args, "--branch", c.repository.Branch)
	}
	return whole(c.dir, func(part string) error {
		var err error
		for _, shallow := range [][]string{{"--depth", "1", "--shallow-submodules"}, nil} {
			if err := errors.Join(os.RemoveAll(part), os.Mkdir(part, 0o755)); err != nil {
				return err
			}
			err = c.git(ctx, part, append(append(append([]string{}, args...), shallow...), "--", c.repository.URL, part)...)
			if err == nil || ctx.Err() != nil {
				break
			}
		}
		return err
	})
}

// git runs git, which may change dir. A buildpack may be on this machine, as directories may.
func (c clone) git(ctx context.Context, dir string, args ...string) error {
	access := plugin.Access{Write: []string{dir}}
	if path, ok := strings.CutPrefix(c.repository.URL, "file://"); ok {
		access.Read = []string{path}
	}
	return c.run(ctx, c.repository, access, nil, args...)
}

// whole lets fill fill a directory beside its place, and then moves it there: one that was cut off is never taken for whole.
func whole(dir string, fill func(part string) error) error {
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return err
	}
	if err := fill(part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// sumOf is a text's SHA1, as 2012 named things in its caches.
func sumOf(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// withoutGit hides git's own files.
type withoutGit struct{ fs.FS }

func (f withoutGit) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(f.FS, name)
	kept := entries[:0]
	for _, e := range entries {
		if e.Name() != ".git" {
			kept = append(kept, e)
		}
	}
	return kept, err
}

func (f withoutGit) ReadLink(name string) (string, error) { return fs.ReadLink(f.FS, name) }

func (f withoutGit) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.FS, name) }
