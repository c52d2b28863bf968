package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/droplet"
)

// ErrDestNotEmpty means that dest_dir holds something, and that PrepareDest was not told to replace it.
var ErrDestNotEmpty = errors.New("is not empty")

// Dest is a dest_dir that is ready for [Stage].
type Dest struct {
	dir  string
	made []string // the directories that were made for it, the innermost first
}

// PrepareDest makes dest ready, for people who choose it themselves: it is made (0700, with its parents) if it does not
// exist, and has to be empty if it does, else the error is ErrDestNotEmpty. With force, a directory that holds the result of
// an earlier staging is cleared of that: app/, logs/, tmp/, startup and stop go, everything else stays. A directory that
// is neither is refused, with force too, so that a mistyped one loses nothing. Nothing is made for a source that is not
// there (fs.ErrNotExist).
func PrepareDest(source, dest string, force bool) (*Dest, error) {
	info, err := os.Stat(source)
	switch {
	case err != nil:
		return nil, fmt.Errorf("source_dir: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("source_dir: %s is not a directory", source)
	}
	if err := checkApart(source, dest); err != nil {
		return nil, err
	}
	d := &Dest{dir: dest, made: absent(dest)}
	if err := os.MkdirAll(dest, 0o700); err != nil {
		d.removeMade()
		return nil, fmt.Errorf("dest_dir: %w", err)
	}
	if err := d.empty(force); err != nil {
		return nil, fmt.Errorf("dest_dir: %w", err)
	}
	return d, nil
}

// empty sees to it that nothing is in the way of Stage.
func (d *Dest) empty(force bool) error {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	switch {
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	case !force:
		return fmt.Errorf("%s %w (it holds %s)", d.dir, ErrDestNotEmpty, entries[0].Name())
	case holdsOther(root):
		return fmt.Errorf("%s does not look like the result of an earlier staging; empty it yourself", d.dir)
	}
	return clearStaged(root)
}

// Clean takes a staging that failed back: what it made goes, and so do the directories that PrepareDest made. The same
// command then finds things as they were.
func (d *Dest) Clean() error {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := clearStaged(root); err != nil {
		return fmt.Errorf("dest_dir: %w", err)
	}
	d.removeMade()
	return nil
}

// removeMade removes directories as long as they are empty: what somebody else put there stays.
func (d *Dest) removeMade() {
	for _, dir := range d.made {
		if os.Remove(dir) != nil {
			return
		}
	}
}

// absent lists the directories that it takes to make dir, the innermost first.
func absent(dir string) []string {
	var dirs []string
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dirs
		}
		dirs = append(dirs, dir)
		dir = filepath.Dir(dir)
	}
}

// holdsOther reports whether there is anything by a droplet's names although it is no droplet. Staging begins with three
// directories (logs, tmp and the app's), so a result, finished or not, has them all.
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
	return found > 0 && dirs < 3
}

func clearStaged(root *os.Root) error {
	for _, name := range layout() {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
	}
	return nil
}

// layout is every name at the top of a droplet that some plugin makes.
func layout() []string {
	return []string{
		droplet.AppDir, droplet.LogsDir, droplet.TmpDir, droplet.StartupFile, droplet.StopFile,
		"tomcat", "apache", "resources", "python", "droplet.yaml", "gunicorn.config",
	}
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
