package gems

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

// cache is the platform's, or a directory of this staging alone where the platform has none. What is in it is complete: it
// is made elsewhere in the cache and then renamed.
type cache struct {
	dir  string
	ruby string // the version whose gems these are
}

func cacheOf(w *plugin.Workspace, ruby plugin.Ruby) (cache, error) {
	if w.Platform.Cache != "" {
		return cache{w.Platform.Cache, ruby.Version}, nil
	}
	scratch, err := w.ScratchDir()
	return cache{filepath.Join(scratch, "cache"), ruby.Version}, err
}

func (c cache) blessed(file string) string { return filepath.Join(c.dir, "blessed_gems", file) }

// installed are gems, by the SHA1 of their package.
func (c cache) installed() install.Cache {
	return install.Cache{Dir: filepath.Join(c.dir, c.ruby, "gem_cache")}
}

// revisions are the gems of Git revisions.
func (c cache) revisions() install.Cache {
	return install.Cache{Dir: filepath.Join(c.dir, c.ruby, "git_gems")}
}

// revisionKey is about the repository too: Bundler names a directory by it.
func revisionKey(git plugin.GitSource) string {
	return install.Key(git.URI, git.Revision, fmt.Sprint(git.Submodules))
}

// answers are what Bundler said of Gemfiles.
func (c cache) answers() install.Cache {
	return install.Cache{Dir: filepath.Join(c.dir, c.ruby, "gemfiles")}
}

// temp makes a directory for something that is not complete yet, where it can be moved from. The caller removes it.
func (c cache) temp() (string, error) {
	parent := filepath.Join(c.dir, "tmp")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, "gem-*")
}

// publish moves a directory that is complete to its place.
func publish(in install.Cache, key, made string) error {
	return in.Fill(key, func(dir string) error { return os.Rename(made, dir) })
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// sumOf is a text's SHA1, as 2012 named things in its caches.
func sumOf(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func sumOfFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha1.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
