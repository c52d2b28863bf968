package install

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/stager/plugin"
)

// Cache keeps directories as they were after an installation, each under a key that stands for all that they were made
// from. Several stagers may share one: an entry appears whole or not at all, and is never changed. The zero Cache keeps nothing.
type Cache struct {
	Dir string // "" is none
}

// Key makes a key of everything that an installation depends on: the text of the lock file, the version of the runtime, …
func Key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p) // with the length, so that it counts where one ends and the next begins
	}
	return hex.EncodeToString(h.Sum(nil))
}

// FileSum is the checksum of a file, as a part of a key.
func FileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return string(h.Sum(nil)), err
}

// Path is the directory of a key. Its name is split as in the caches of 2012, so that no directory has too many in it.
func (c Cache) Path(key string) string { return filepath.Join(c.Dir, key[:2], key[2:4], key[4:]) }

// Restore copies what is kept under the key into the droplet's directory name, and reports whether there was anything.
func (c Cache) Restore(ctx context.Context, w *plugin.Workspace, key, name string) (bool, error) {
	if c.Dir == "" {
		return false, nil
	}
	if _, err := os.Stat(c.Path(key)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return true, w.CopyIn(ctx, c.Path(key), name)
}

// Keep copies the droplet's directory name under the key. What is kept under it already stays.
func (c Cache) Keep(ctx context.Context, w *plugin.Workspace, key, name string) error {
	return c.Fill(key, func(dir string) error { return w.CopyOut(ctx, name, dir) })
}

// Fill lets fill make a directory, which does not exist when it is called, and keeps it under the key.
func (c Cache) Fill(key string, fill func(dir string) error) error {
	if c.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.Path(key)), 0o755); err != nil {
		return err
	}
	unfinished, err := os.MkdirTemp(c.Dir, "new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(unfinished)
	dir := filepath.Join(unfinished, "tree")
	if err := fill(dir); err != nil {
		return err
	}
	err = os.Rename(dir, c.Path(key))
	if errors.Is(err, fs.ErrExist) { // somebody else was quicker
		return nil
	}
	return err
}
