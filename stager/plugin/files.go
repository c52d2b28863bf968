package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// The names of these methods are paths in the droplet, with slashes: "app/Gemfile". None of them can leave it, through
// whatever links.

// Mkdir makes a directory and those above it, mode 0755 whatever the umask is. One that exists is left as it is.
func (w *Workspace) Mkdir(name string) error {
	if name == "." || w.isDir(name) {
		return nil
	}
	if err := w.Mkdir(path.Dir(name)); err != nil {
		return err
	}
	local := filepath.FromSlash(name)
	if err := w.dest.Mkdir(local, layoutMode); err != nil {
		return err
	}
	return w.dest.Chmod(local, layoutMode) // Mkdir's mode is subject to the umask
}

func (w *Workspace) isDir(name string) bool {
	info, err := w.dest.Stat(filepath.FromSlash(name))
	return err == nil && info.IsDir()
}

// Write writes a file, in place of one of that name, and makes the directories above it.
func (w *Workspace) Write(name string, content []byte, mode fs.FileMode) error {
	if err := w.Mkdir(path.Dir(name)); err != nil {
		return err
	}
	local := filepath.FromSlash(name)
	if err := w.dest.Remove(local); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := w.dest.WriteFile(local, content, 0o600); err != nil {
		return err
	}
	return w.dest.Chmod(local, mode)
}

// Append adds text to the end of a file that is there.
func (w *Workspace) Append(name, text string) error {
	f, err := w.dest.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// Create opens a new file for writing, and makes the directories above it.
func (w *Workspace) Create(name string, mode fs.FileMode) (*os.File, error) {
	if err := w.Mkdir(path.Dir(name)); err != nil {
		return nil, err
	}
	f, err := w.dest.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, f.Chmod(mode)
}

// Read returns the content of a file, or nil if there is none of that name. More than 1 MiB, and anything that is no
// file, is an error.
func (w *Workspace) Read(name string) ([]byte, error) {
	content, err := readSmall(w.dest, filepath.FromSlash(name), maxRead)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, withoutPath(err))
	}
	return content, nil
}

// Has reports whether there is something of that name.
func (w *Workspace) Has(name string) bool {
	_, err := w.dest.Lstat(filepath.FromSlash(name))
	return err == nil
}

// Glob lists what fits a pattern of package path, sorted bytewise.
func (w *Workspace) Glob(pattern string) ([]string, error) {
	names, err := fs.Glob(w.dest.FS(), pattern)
	slices.Sort(names)
	return names, err
}

// Chmod changes the mode of a file or directory.
func (w *Workspace) Chmod(name string, mode fs.FileMode) error {
	return w.dest.Chmod(filepath.FromSlash(name), mode)
}

// Symlink makes a link, in place of what is there.
func (w *Workspace) Symlink(target, name string) error {
	if err := w.Remove(name); err != nil {
		return err
	}
	return w.dest.Symlink(target, filepath.FromSlash(name))
}

// LinkInto makes a link to something in dir, a directory of this machine, in place of what is there. Only a plugin can: an app's
// own links may not leave it, and a droplet with others is refused unless the plugin says so by this.
func (w *Workspace) LinkInto(dir, target, name string) error {
	w.links = append(w.links, dir)
	if w.LinksInto != nil {
		w.LinksInto(dir)
	}
	return w.Symlink(path.Join(dir, target), name)
}

// Rename moves a file or directory.
func (w *Workspace) Rename(from, to string) error {
	if err := w.Mkdir(path.Dir(to)); err != nil {
		return err
	}
	return w.dest.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
}

// Remove removes a file or a directory with everything in it. It may be missing.
func (w *Workspace) Remove(name string) error { return w.dest.RemoveAll(filepath.FromSlash(name)) }

// CopyIn copies a file or directory of this machine, for example one of the platform's resources, into the droplet. A
// directory is added to the one that is there; a file that is there is an error.
func (w *Workspace) CopyIn(ctx context.Context, from, name string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return w.copyDirIn(ctx, from, name, false)
	}
	if err := w.Mkdir(path.Dir(name)); err != nil {
		return err
	}
	src, err := os.OpenRoot(filepath.Dir(from))
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := w.dest.OpenRoot(filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return err
	}
	defer dst.Close()
	if err := (copier{src: src, dst: dst}).fileAs(ctx, filepath.Base(from), path.Base(name), info); err != nil {
		return copyError(from, err)
	}
	return nil
}

// CopyOver is CopyIn of a directory whose files take the place of those that are there.
func (w *Workspace) CopyOver(ctx context.Context, from, name string) error {
	return w.copyDirIn(ctx, from, name, true)
}

func (w *Workspace) copyDirIn(ctx context.Context, from, name string, replace bool) error {
	if err := w.Mkdir(name); err != nil {
		return err
	}
	src, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := w.dest.OpenRoot(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer dst.Close()
	return copier{src: src, dst: dst, replace: replace}.copy(ctx)
}

// CopyOut copies a directory of the droplet to a directory of this machine, which it makes.
func (w *Workspace) CopyOut(ctx context.Context, name, to string) error {
	src, err := w.dest.OpenRoot(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.Mkdir(to, layoutMode); err != nil {
		return err
	}
	dst, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer dst.Close()
	return copyTree(ctx, src, dst)
}
