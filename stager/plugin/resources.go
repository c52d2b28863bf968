package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// Resource is the path of one of the files or directories of 2012 that the platform may have for apps
// (autoconfig_resources, see config/platform.yml).
func (w *Workspace) Resource(name string) (path string, ok bool) {
	if w.Platform.AutoconfigResources == "" {
		return "", false
	}
	path = filepath.Join(w.Platform.AutoconfigResources, name)
	_, err := os.Stat(path)
	return path, err == nil
}

// UnpackIn unpacks a zip of this machine into a directory of the droplet. An archive in which all is below one directory of
// that name, as tomcat.zip has tomcat/, does not make a second one.
func (w *Workspace) UnpackIn(ctx context.Context, archive, name string) error {
	scratch, err := w.ScratchDir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(scratch, "unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := droplet.UnpackZip(ctx, archive, dir, droplet.Limits{}); err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(archive), err)
	}
	inner := filepath.Join(dir, path.Base(name))
	if _, err := os.Stat(inner); errors.Is(err, fs.ErrNotExist) {
		inner = dir
	}
	return w.CopyIn(ctx, inner, name)
}

// WriteTree writes a directory of files that a plugin has built in to the same place in the droplet. Programs, which begin with
// #!, get mode 0755, all others 0644.
func (w *Workspace) WriteTree(files fs.FS, dir string) error {
	return fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if strings.HasPrefix(string(text), "#!") {
			mode = 0o755
		}
		return w.Write(name, text, mode)
	})
}
