package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// chunk is how many bytes of a file are copied between two looks at the context.
const chunk = 8 << 20

// copyTree copies what is in src into dst, which must be empty: files, directories and links, with their modes and
// times; a link's own time is not kept, and setuid and its like are dropped. Each directory is opened relative to its
// parent, so nothing is followed outside, and long paths cost nothing.
func copyTree(ctx context.Context, src, dst *os.Root) error {
	return copier{src: src, dst: dst}.copy(ctx)
}

// copier copies one directory.
type copier struct {
	src, dst *os.Root
	prefix   string // its path below the source, with a slash at the end; "" at the top
	replace  bool   // files and links that are there already
}

func (c copier) copy(ctx context.Context) error {
	names, err := namesIn(c.src)
	if err != nil {
		return copyError(c.prefix, err)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return copyError(c.prefix+name, context.Cause(ctx))
		}
		if err := c.entry(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// entry copies one name. Its errors say which.
func (c copier) entry(ctx context.Context, name string) error {
	info, err := c.src.Lstat(name)
	if err == nil {
		switch info.Mode().Type() {
		case 0:
			err = c.file(ctx, name, info)
		case fs.ModeDir:
			return c.dir(ctx, name, info)
		case fs.ModeSymlink:
			err = c.link(name)
		default:
			err = fmt.Errorf("it is a %s; only files, directories and links can be staged", kind(info.Mode()))
		}
	}
	if err != nil {
		return copyError(c.prefix+name, err)
	}
	return nil
}

func (c copier) file(ctx context.Context, name string, info fs.FileInfo) error {
	return c.fileAs(ctx, name, name, info)
}

// fileAs copies a file. It has its mode before its time, since a change of mode does not touch that.
func (c copier) fileAs(ctx context.Context, name, as string, info fs.FileInfo) error {
	in, err := c.src.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := c.create(as)
	if err != nil {
		return err
	}
	err = copyContent(ctx, out, in)
	if err == nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return c.dst.Chtimes(as, info.ModTime(), info.ModTime())
}

// copyContent lets the system copy, in pieces so that it can be stopped.
func copyContent(ctx context.Context, out, in *os.File) error {
	for {
		n, err := io.CopyN(out, in, chunk)
		switch {
		case err == io.EOF && n < chunk:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// dir copies a directory. Only when it is full does it get its mode, which may forbid writing, and its time.
func (c copier) dir(ctx context.Context, name string, info fs.FileInfo) error {
	sub, err := c.open(name)
	if err != nil {
		return copyError(c.prefix+name, err)
	}
	defer sub.src.Close()
	defer sub.dst.Close()
	if err := sub.copy(ctx); err != nil {
		return err
	}
	err = c.dst.Chtimes(name, info.ModTime(), info.ModTime())
	if err == nil {
		err = c.dst.Chmod(name, info.Mode().Perm())
	}
	if err != nil {
		return copyError(c.prefix+name, err)
	}
	return nil
}

// open opens the directory in the source and makes it in the copy, with a mode that lets us write into it.
func (c copier) open(name string) (copier, error) {
	src, err := c.src.OpenRoot(name)
	if err != nil {
		return copier{}, err
	}
	if err := c.dst.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		src.Close()
		return copier{}, err
	}
	dst, err := c.dst.OpenRoot(name)
	if err != nil {
		src.Close()
		return copier{}, err
	}
	return copier{src, dst, c.prefix + name + "/", c.replace}, nil
}

// link copies a link as it is, if it stays in the source: the droplet will lie elsewhere.
func (c copier) link(name string) error {
	target, err := c.src.Readlink(name)
	if err != nil {
		return err
	}
	if filepath.IsAbs(target) || !filepath.IsLocal(path.Join(c.prefix, target)) {
		return fmt.Errorf("it is a link to %s, outside of the app", shown(target))
	}
	err = c.dst.Symlink(target, name)
	if c.inTheWay(name, err) {
		err = c.dst.Symlink(target, name)
	}
	return err
}

// create makes a file that was not there.
func (c copier) create(name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	out, err := c.dst.OpenFile(name, flags, 0o600)
	if c.inTheWay(name, err) {
		out, err = c.dst.OpenFile(name, flags, 0o600)
	}
	return out, err
}

// inTheWay removes what kept a file from being made, if it is to be replaced, and reports whether it did.
func (c copier) inTheWay(name string, err error) bool {
	return c.replace && errors.Is(err, fs.ErrExist) && c.dst.Remove(name) == nil
}

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// namesIn lists what is in a directory, sorted bytewise.
func namesIn(dir *os.Root) ([]string, error) {
	d, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// copyError says what of the app could not be copied, and only once.
func copyError(path string, err error) error {
	return fmt.Errorf("copy %s: %w", shown(path), withoutPath(err))
}

// withoutPath is an error of the file system for those who know the path.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// shown is a path as an error shows it: quoted if it could be mistaken for something else.
func shown(path string) string {
	if path == "" {
		return "the app"
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' }) {
		return fmt.Sprintf("%q", path)
	}
	return path
}
