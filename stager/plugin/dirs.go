package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/droplet"
)

// PrepareDest makes dest ready for [Stage], for people who choose it themselves: it is made (0700, with its parents) if
// it does not exist, and has to be empty if it does. With force, a directory that holds the result of an earlier staging
// is cleared of that: app/, logs/, tmp/, startup and stop go, everything else stays. A directory that is neither is
// refused, with force too, so that a mistyped one loses nothing.
func PrepareDest(source, dest string, force bool) error {
	if err := checkApart(source, dest); err != nil {
		return err
	}
	if err := os.MkdirAll(dest, 0o700); err != nil {
		return fmt.Errorf("dest_dir: %w", err)
	}
	root, err := os.OpenRoot(dest)
	if err != nil {
		return fmt.Errorf("dest_dir: %w", err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("dest_dir: %w", err)
	}
	switch {
	case len(entries) == 0:
		return nil
	case !force:
		return fmt.Errorf("dest_dir: %s is not empty (it holds %s)", dest, entries[0].Name())
	case holdsOther(root):
		return fmt.Errorf("dest_dir: %s does not look like the result of an earlier staging; empty it yourself", dest)
	}
	return clearStaged(root)
}

// holdsOther reports whether there is anything by a droplet's names although it is no droplet. Staging begins with the
// three directories, so a result, finished or not, has them all.
func holdsOther(root *os.Root) bool {
	found, dirs := 0, 0
	for _, name := range layout() {
		info, err := root.Lstat(name)
		if err == nil {
			found++
		}
		if err == nil && info.IsDir() {
			dirs++
		}
	}
	return found > 0 && dirs != 3
}

func clearStaged(root *os.Root) error {
	for _, name := range layout() {
		if err := root.RemoveAll(name); err != nil {
			return fmt.Errorf("dest_dir: %w", err)
		}
	}
	return nil
}

func layout() []string {
	return []string{droplet.AppDir, droplet.LogsDir, droplet.TmpDir, droplet.StartupFile, droplet.StopFile}
}

// checkApart refuses to copy a directory into itself, under whatever names.
func checkApart(source, dest string) error {
	for _, pair := range []struct{ inner, outer, text string }{
		{dest, source, "dest_dir %s lies in source_dir %s"},
		{source, dest, "source_dir %s lies in dest_dir %s"},
	} {
		in, err := inside(pair.inner, pair.outer)
		if err != nil {
			return err
		}
		if in {
			return fmt.Errorf(pair.text, pair.inner, pair.outer)
		}
	}
	return nil
}

// inside reports whether inner is outer or lies below it, or would if it existed.
func inside(inner, outer string) (bool, error) {
	limit, err := os.Stat(outer)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // and whoever opens it will say so
	}
	if err != nil {
		return false, err
	}
	dir, err := existing(inner)
	for err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(dir); err == nil && os.SameFile(info, limit) {
			return true, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false, nil
		}
		dir = parent
	}
	return false, err
}

// existing is the real path of the nearest directory that exists, path or one above it.
func existing(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for {
		dir, err := filepath.EvalSymlinks(path)
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return dir, err
		}
		path = filepath.Dir(path)
	}
}
