package dea

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// stagingError says that the directory of an instance could not be made. Unlike a crash there is
// nothing to look at afterwards, so nothing is kept.
type stagingError struct{ err error }

func (e *stagingError) Error() string { return "stage instance: " + e.err.Error() }

func (e *stagingError) Unwrap() error { return e.err }

// stage makes the directory of an instance: the droplet, unpacked, with the runtime's executable in
// the startup script.
func (d *DEA) stage(ctx context.Context, in *instance, executable string) error {
	if err := d.unpack(ctx, in, executable); err != nil {
		return &stagingError{err}
	}
	n, err := droplet.ReplaceRuntime(in.dir, executable)
	if err != nil {
		return &stagingError{err}
	}
	in.log.Debug("droplet unpacked", "dir", in.dir, "runtime_tokens", n)
	d.mu.Lock()
	defer d.mu.Unlock()
	in.staged = true
	d.changed()
	return nil
}

func (d *DEA) unpack(ctx context.Context, in *instance, executable string) error {
	bits, err := d.droplets.open(ctx, in.request)
	if err != nil {
		return err
	}
	defer bits.close()
	limits := d.cfg.limits()
	if strings.HasPrefix(in.request.RuntimeInfo.Name, "erlang") {
		limits.LinksInto = droplet.ErlangHome(executable) // where the staging plugin made links to
	}
	if err := droplet.Unpack(ctx, bits, in.dir, limits); err != nil {
		return fmt.Errorf("unpack the droplet: %w", err)
	}
	return nil
}

// removeDir deletes the directory of an instance that is gone.
func (d *DEA) removeDir(dir string) {
	if d.cfg.DisableDirCleanup {
		return
	}
	if err := removeAll(dir); err != nil {
		d.log.Error("instance directory was not removed", "dir", dir, "error", err)
	}
}

// removeAll is os.RemoveAll for trees whose directories may forbid it, as droplets' may.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if entry == nil || !entry.IsDir() {
			return nil // RemoveAll will say what is wrong with it
		}
		if chmod := os.Chmod(path, 0o700); chmod != nil || err == nil {
			return chmod
		}
		return nil
	})
	return errors.Join(err, os.RemoveAll(dir))
}
