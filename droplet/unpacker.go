package droplet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// copyBuffer is the size in bytes of the chunks in which files are copied.
const copyBuffer = 64 << 10

// unpacker fills one directory from the entries of one archive, whatever the
// format. Everything goes through os.Root, so that even a mistake here could
// not write outside. A Root resolves names component by component, which is
// slow for deep paths: therefore the directories on the way to the last entry
// stay open, and neighbours cost one system call.
type unpacker struct {
	root  *os.Root
	open  []openDir           // from the root down, without the root
	dirs  map[string]dirAttrs // what directories get once they are full
	late  []entry             // links that only the finished tree can judge
	spent budget
	buf   []byte
}

type openDir struct {
	path string
	root *os.Root
}

// dirAttrs wait until the directory has its content: a read-only directory
// could not be filled, and filling it changes its mtime.
type dirAttrs struct {
	perm  fs.FileMode
	mtime time.Time // zero: the archive does not list the directory
}

func newUnpacker(dir string, lim Limits) (*unpacker, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &unpacker{
		root:  root,
		dirs:  make(map[string]dirAttrs),
		spent: budget{lim: lim.withDefaults()},
		buf:   make([]byte, copyBuffer),
	}, nil
}

// close releases the directories; what was unpacked stays.
func (u *unpacker) close() {
	u.leave(0)
	u.root.Close()
}

// add writes one entry; body is read for files only.
func (u *unpacker) add(e entry, body io.Reader) (err error) {
	if err := u.spent.addEntry(e.name); err != nil {
		return err
	}
	if e.path, err = localName(e.name); err != nil {
		return err
	}
	if e.path == "." {
		return u.addRoot(e)
	}
	in, err := u.enter(e, path.Dir(e.path))
	if err != nil {
		return err
	}
	switch kind := e.mode.Type(); {
	case e.hardLink:
		return u.addHardLink(e)
	case kind == 0:
		return u.addFile(in, e, body)
	case kind == fs.ModeDir:
		return u.addDir(in, e)
	case kind == fs.ModeSymlink:
		return u.addSymlink(in, e)
	}
	return &EntryError{e.name, "is neither a file nor a directory nor a link"}
}

// addRoot accepts the "./" of tar -C dir . and ignores its mode: that belongs
// to whoever made the target directory (taking it over locked instances of
// 2012 behind 0700).
func (u *unpacker) addRoot(e entry) error {
	if !e.mode.IsDir() || e.hardLink {
		return &EntryError{e.name, "stands for the target directory but is not one"}
	}
	return nil
}

func (u *unpacker) addDir(in *os.Root, e entry) error {
	if _, err := u.makeDir(in, e, e.path); err != nil {
		return err
	}
	u.dirs[e.path] = dirAttrs{e.perm(), e.mtime}
	return nil
}

func (u *unpacker) addFile(in *os.Root, e entry, body io.Reader) error {
	if err := u.spent.fits(e.name, e.size); err != nil {
		return err
	}
	name := path.Base(e.path)
	f, err := in.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return entryError(e.name, err)
	}
	err = u.fill(f, e, body)
	if err = cmp.Or(err, f.Close()); err != nil {
		return err
	}
	return setTime(in, name, e.mtime)
}

// fill counts what really comes out of the archive. The mode is set on the open
// file and not on creation, where the umask would take its part.
func (u *unpacker) fill(f *os.File, e entry, body io.Reader) error {
	for {
		n, err := body.Read(u.buf)
		if over := u.spent.addBytes(e.name, int64(n)); over != nil {
			return over
		}
		if _, werr := f.Write(u.buf[:n]); werr != nil {
			return fmt.Errorf("entry %q: %w", e.name, werr)
		}
		if err == io.EOF {
			return f.Chmod(e.perm())
		}
		if err != nil {
			return fmt.Errorf("entry %q: %w", e.name, broken(err))
		}
	}
}

func (u *unpacker) addSymlink(in *os.Root, e entry) error {
	if reason := checkTarget(path.Dir(e.path), e.link); reason != "" && !leadsInto(e.link, []string{u.spent.lim.LinksInto}) {
		return &EntryError{e.name, reason}
	}
	if climbsLate(e.link) {
		u.late = append(u.late, e)
	}
	if err := in.Symlink(e.link, path.Base(e.path)); err != nil {
		return entryError(e.name, err)
	}
	return nil
}

// addHardLink accepts files of this directory only: a hard link to a symbolic
// link would have its target counted from another directory.
func (u *unpacker) addHardLink(e entry) error {
	old, err := localName(e.link)
	if err != nil {
		return &EntryError{e.name, fmt.Sprintf("is a hard link to %.200q, outside the target directory", e.link)}
	}
	info, err := u.root.Lstat(old)
	if err != nil || !info.Mode().IsRegular() {
		return &EntryError{e.name, fmt.Sprintf("is a hard link to %.200q, which is not an earlier file", e.link)}
	}
	if err := u.root.Link(old, e.path); err != nil {
		return entryError(e.name, err)
	}
	return nil
}

// setTime sets the mtime of a file or directory. A time that the archive does
// not tell, or that does not fit into 64 bits of nanoseconds, leaves it as it is.
func setTime(in *os.Root, name string, mtime time.Time) error {
	if y := mtime.Year(); y < 1970 || y > 2200 {
		return nil
	}
	return in.Chtimes(name, mtime, mtime)
}

// entryError tells the faults of an entry from those of the machine, such as a
// full disk.
func entryError(name string, err error) error {
	if refused, ok := errors.AsType[*EntryError](err); ok {
		return refused
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return &EntryError{name, "exists already, and nothing is overwritten"}
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EILSEQ):
		return &EntryError{name, "has a name that is not valid on this system"}
	}
	return fmt.Errorf("entry %q: %w", name, err)
}
