// Package git fetches repositories for staging plugins: buildpacks.
//
// In goes a URL, with #branch for another than the default one; out comes a directory with its files. Each URL is cloned
// once, as shallow as the server allows, into the cache, and brought up to date when it is asked for again. Without a network
// what the cache has is used. Everything is done by the program git, through the plugin's runner.
//
// In 2012 vcap-staging kept mirrors of the repositories of git gems (git_cache), and cloned buildpacks anew for each app.
package git

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/minicf/minicf/stager/plugin"
)

// poll is how often a cache that another staging has locked is tried again.
const poll = 50 * time.Millisecond

// Repository is what to fetch.
type Repository struct {
	URL    string // without a fragment
	Branch string // or tag; "" is the default branch
}

// Parse splits "https://…/x.git#branch".
func Parse(address string) Repository {
	u, branch, _ := strings.Cut(address, "#")
	return Repository{URL: u, Branch: branch}
}

// IsURL reports whether an address is for git rather than a directory: it has a scheme, or is of the form user@host:path.
func IsURL(address string) bool {
	if strings.Contains(address, "://") {
		return true
	}
	host, _, colon := strings.Cut(address, ":")
	return colon && strings.Contains(host, "@") && !strings.Contains(host, "/")
}

// String is the address without what is secret in it.
func (r Repository) String() string {
	if u, err := url.Parse(r.URL); err == nil && u.User != nil {
		u.User = url.User(u.User.Username())
		return u.String()
	}
	return r.URL
}

// Fetch brings a repository into cache and copies its files to dest, which must not exist. w lends the tools. stale is why the
// files are those of the last time; it is nil when they are up to date.
func Fetch(ctx context.Context, w *plugin.Workspace, cache string, r Repository, dest string) (stale, err error) {
	if strings.HasPrefix(r.URL, "-") || strings.HasPrefix(r.Branch, "-") {
		return nil, fmt.Errorf("%q is no address of a repository", r)
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, err
	}
	sum := sha1.Sum([]byte(r.URL + "#" + r.Branch))
	mirror := filepath.Join(cache, hex.EncodeToString(sum[:]))
	unlock, err := lock(ctx, mirror+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	c := clone{w: w, repository: r, dir: mirror}
	if stale, err = c.update(ctx); err != nil {
		return nil, err
	}
	return stale, os.CopyFS(dest, withoutGit{os.DirFS(mirror)})
}

// clone is one repository in the cache.
type clone struct {
	w          *plugin.Workspace
	repository Repository
	dir        string
}

// update clones, or fetches what is new. stale is why it could not fetch.
func (c clone) update(ctx context.Context) (stale, err error) {
	if _, err := os.Stat(filepath.Join(c.dir, ".git")); err != nil {
		return nil, c.create(ctx)
	}
	branch := c.repository.Branch
	if branch == "" {
		branch = "HEAD"
	}
	err = c.git(ctx, "-C", c.dir, "fetch", "--quiet", "--depth", "1", "origin", branch)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return err, nil
	}
	if err := c.git(ctx, "-C", c.dir, "reset", "--quiet", "--hard", "FETCH_HEAD"); err != nil {
		return nil, err
	}
	return nil, c.git(ctx, "-C", c.dir, "submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1")
}

// create clones shallowly, or as a whole where the server does not know how, beside the place and then moves it there: a clone
// that was cut off is never taken for one.
func (c clone) create(ctx context.Context) error {
	part := c.dir + ".part"
	args := []string{"clone", "--quiet", "--recursive"}
	if c.repository.Branch != "" {
		args = append(args, "--branch", c.repository.Branch)
	}
	var err error
	for _, shallow := range [][]string{{"--depth", "1", "--shallow-submodules"}, nil} {
		if err := os.RemoveAll(part); err != nil {
			return err
		}
		whole := append(append([]string{}, args...), shallow...)
		err = c.git(ctx, append(whole, "--", c.repository.URL, part)...)
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), os.RemoveAll(part))
		}
		if err == nil {
			return os.Rename(part, c.dir)
		}
	}
	return errors.Join(err, os.RemoveAll(part))
}

// git runs git. The error has the last line of what it said.
func (c clone) git(ctx context.Context, args ...string) error {
	env := []string{
		"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh", "GIT_ASKPASS=true",
	}
	out, err := c.w.RunTool(ctx, env, append([]string{"git"}, args...)...)
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return fmt.Errorf("%w: %s", err, strings.ReplaceAll(lines[len(lines)-1], c.repository.URL, c.repository.String()))
}

// lock takes the lock of a clone, when another staging has given it back.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, &fs.PathError{Op: "flock", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
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
