package droplet

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// enter opens the directory dir, and creates it and its parents where the
// archive did not list them.
func (u *unpacker) enter(e entry, dir string) (*os.Root, error) {
	keep := 0
	for keep < len(u.open) && holds(u.open[keep].path, dir) {
		keep++
	}
	u.leave(keep)
	in, at := u.root, ""
	if keep > 0 {
		in, at = u.open[keep-1].root, u.open[keep-1].path
	}
	for at != dir && dir != "." {
		at = child(at, dir)
		created, err := u.makeDir(in, e, at)
		if err != nil {
			return nil, err
		}
		if created {
			err = u.spent.addEntry(e.name)
		}
		if err == nil {
			in, err = in.OpenRoot(path.Base(at))
		}
		if err != nil {
			return nil, entryError(e.name, err)
		}
		u.open = append(u.open, openDir{at, in})
	}
	return in, nil
}

// leave closes all but the first keep open directories.
func (u *unpacker) leave(keep int) {
	for _, d := range u.open[keep:] {
		d.root.Close()
	}
	u.open = u.open[:keep]
}

// makeDir makes sure that dir, whose parent is in, is a real directory. A link
// to one is refused: nothing is ever written through a link.
func (u *unpacker) makeDir(in *os.Root, e entry, dir string) (created bool, err error) {
	if _, known := u.dirs[dir]; known {
		return false, nil
	}
	name := path.Base(dir)
	err = in.Mkdir(name, 0o755)
	if err == nil {
		u.dirs[dir] = dirAttrs{perm: 0o755}
		return true, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, entryError(e.name, err)
	}
	info, err := in.Lstat(name)
	switch {
	case err != nil:
		return false, entryError(e.name, err)
	case info.IsDir():
		return false, nil
	case info.Mode().Type() == fs.ModeSymlink && dir != e.path:
		return false, &EntryError{e.name, fmt.Sprintf("leads through the symbolic link %.200q", dir)}
	case dir != e.path:
		return false, &EntryError{e.name, fmt.Sprintf("lies below %.200q, which is not a directory", dir)}
	}
	return false, &EntryError{e.name, "is a directory where a file exists already"}
}

// finish judges the late links and gives the directories their modes and
// times, the deepest first.
func (u *unpacker) finish() error {
	for _, e := range u.late {
		if _, err := u.root.Stat(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &EntryError{e.name, fmt.Sprintf("is a symbolic link to %.200q, which does not stay inside the target directory", e.link)}
		}
	}
	for _, dir := range slices.Backward(slices.Sorted(maps.Keys(u.dirs))) {
		attrs := u.dirs[dir]
		in, err := u.enter(entry{name: dir, path: dir}, path.Dir(dir))
		if err != nil {
			return err
		}
		name := path.Base(dir)
		if err := cmp.Or(in.Chmod(name, attrs.perm), setTime(in, name, attrs.mtime)); err != nil {
			return entryError(dir, err)
		}
	}
	return nil
}

// holds reports whether dir is outer or lies below it.
func holds(outer, dir string) bool {
	return dir == outer || strings.HasPrefix(dir, outer+"/")
}

// child returns the path one step from at ("" for the root) towards dir.
func child(at, dir string) string {
	from := 0
	if at != "" {
		from = len(at) + 1
	}
	if i := strings.IndexByte(dir[from:], '/'); i >= 0 {
		return dir[:from+i]
	}
	return dir
}
