package buildpack

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/minicf/minicf/stager/plugin"
)

// cache is the directories that outlive a staging.
type cache struct {
	repositories string   // clones of buildpacks
	app          string   // what bin/compile keeps for the app's next staging
	lock         *os.File // on app; nil when it is this staging's alone
}

// newCache finds the app's cache directory. While another staging of the same app has it, and for an app that nobody
// named, there is a new one that does not last.
func newCache(w *plugin.Workspace, scratch string) (cache, error) {
	root := w.Platform.Cache
	if root == "" {
		root = filepath.Join(scratch, "cache")
	}
	c := cache{repositories: filepath.Join(root, "buildpacks"), app: filepath.Join(scratch, "buildpack_cache")}
	if w.AppID != "" {
		sum := sha1.Sum([]byte(w.AppID))
		if err := c.take(filepath.Join(root, "buildpack_cache", hex.EncodeToString(sum[:]))); err != nil {
			return cache{}, err
		}
	}
	return c, os.MkdirAll(c.app, 0o755)
}

// take uses dir unless somebody else does.
func (c *cache) take(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return f.Close()
	case err != nil:
		return errors.Join(err, f.Close())
	}
	c.app, c.lock = dir, f
	return nil
}

func (c cache) close() {
	if c.lock != nil {
		_ = c.lock.Close()
	}
}
