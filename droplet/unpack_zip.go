package droplet

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"
)

const (
	// zipHeaderRoom is how long the headers in the directory of a zip may be on
	// average, in bytes. The whole directory is read before the first entry, so
	// that Limits.Entries must bound it, too; zip -r needs about 130.
	zipHeaderRoom = 512
	// zipTailRoom is for the search of the directory: zip comments are up to 64 KiB.
	zipTailRoom = 256 << 10
	// zipEndLen is the length of the end record of a zip, without the comment.
	zipEndLen = 22
	// Systems that a zip entry can come from, if its mode is to be believed.
	madeOnUnix, madeOnDarwin = 3, 19
)

// UnpackZip writes the content of zipFile into dir, as unzip -q FILE -d DIR
// does. It creates dir when it is missing; files in it are never overwritten.
//
// Modes (without setuid, setgid and sticky) and mtimes are taken over, and
// symbolic links are made where the zip holds them (zip -y). Directories that
// the zip does not list get mode 0755. An entry that could do harm outside dir,
// or that breaks lim, is refused with an [EntryError]. A zip without entries is
// an error, as for unzip; so are truncated and damaged ones, and those with
// anything behind their end.
//
// UnpackZip stops soon after ctx is done, and then returns its error. After any
// error no file is left open, but what was unpacked by then remains: the caller
// removes dir.
func UnpackZip(ctx context.Context, zipFile, dir string, lim Limits) error {
	f, err := os.Open(zipFile)
	if err != nil {
		return err
	}
	defer f.Close()
	zr, err := readZip(f, lim.withDefaults().Entries)
	if err != nil {
		return err
	}
	u, err := newUnpacker(dir, lim)
	if err != nil {
		return err
	}
	defer u.close()
	for _, zf := range zr.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := u.addZip(ctx, zf); err != nil {
			return err
		}
	}
	return u.finish()
}

// ReadZip reads the directory of the zip in f, which must stay open as long as
// the reader is used. A directory too long for lim is refused before it is in
// memory. Entries are read one after the other.
func ReadZip(f *os.File, lim Limits) (*zip.Reader, error) {
	return readZip(f, lim.withDefaults().Entries)
}

// readZip reads the directory of the zip in f.
func readZip(f *os.File, maxEntries int) (*zip.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	in := &limitedReaderAt{f, int64(maxEntries)*zipHeaderRoom + zipTailRoom}
	zr, err := zip.NewReader(in, info.Size())
	switch {
	case errors.Is(err, errTooMuch):
		return nil, fmt.Errorf("the directory of the zip archive is too long for %d entries", maxEntries)
	case errors.Is(err, zip.ErrFormat) && startsAsZip(f):
		return nil, errors.New("zip archive is truncated or damaged: it has no valid directory")
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.EOF):
		return nil, errors.New("not a zip archive")
	case err != nil:
		return nil, broken(err)
	case len(zr.File) == 0:
		return nil, errors.New("archive is empty")
	case !endsWithRecord(f, info.Size(), len(zr.Comment)):
		return nil, errTrailing
	}
	in.left = math.MaxInt64
	reuseInflater(zr)
	return zr, nil
}

// addZip unpacks one entry.
func (u *unpacker) addZip(ctx context.Context, zf *zip.File) error {
	e, err := zipEntry(&zf.FileHeader)
	if err != nil {
		return err
	}
	if e.mode.IsDir() {
		return u.add(e, nil)
	}
	body, err := zf.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return &EntryError{e.name, fmt.Sprintf("is compressed by method %d, which is not supported", zf.Method)}
	}
	if err != nil {
		return fmt.Errorf("entry %q: %w", e.name, broken(err))
	}
	defer body.Close()
	in := watch(ctx, body)
	if e.mode.Type() == fs.ModeSymlink {
		target, err := io.ReadAll(io.LimitReader(in, maxName+1))
		if err != nil {
			return fmt.Errorf("entry %q: %w", e.name, broken(err))
		}
		e.link = string(target)
	}
	return u.add(e, in)
}

// zipEntry translates a header. Modes mean something only when they were
// written on Unix; other entries get what unzip gives them.
func zipEntry(h *zip.FileHeader) (entry, error) {
	e := entry{name: h.Name, mode: h.Mode(), mtime: h.Modified}
	switch {
	case strings.Contains(h.Name, `\`):
		return e, &EntryError{e.name, "has a backslash in its name"}
	case h.Flags&1 != 0:
		return e, &EntryError{e.name, "is encrypted"}
	case h.UncompressedSize64 > math.MaxInt64:
		return e, &EntryError{e.name, "has an impossible size"}
	}
	e.size = int64(h.UncompressedSize64)
	madeOn := h.CreatorVersion >> 8
	if known := madeOn == madeOnUnix || madeOn == madeOnDarwin; !known || h.ExternalAttrs>>16 == 0 {
		e.mode = e.mode.Type() | 0o644
		if e.mode.IsDir() {
			e.mode |= 0o111
		}
	}
	return e, nil
}

// reuseInflater gives the reader klauspost's inflate, and one state for all
// entries: they are read one after the other.
func reuseInflater(zr *zip.Reader) {
	var inflater io.ReadCloser
	zr.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser {
		if inflater == nil {
			inflater = flate.NewReader(r)
			return inflater
		}
		if err := inflater.(flate.Resetter).Reset(r, nil); err != nil {
			return io.NopCloser(readFunc(func([]byte) (int, error) { return 0, err }))
		}
		return inflater
	})
}

// startsAsZip reports whether f has the signature of a first entry.
func startsAsZip(f io.ReaderAt) bool {
	var sig [4]byte
	_, err := f.ReadAt(sig[:], 0)
	return err == nil && string(sig[:]) == "PK\x03\x04"
}

// endsWithRecord reports whether the end record, which zip.Reader looks for in
// the last 64 KiB, is really the last thing in the file.
func endsWithRecord(f io.ReaderAt, size int64, comment int) bool {
	var sig [4]byte
	_, err := f.ReadAt(sig[:], size-zipEndLen-int64(comment))
	return err == nil && string(sig[:]) == "PK\x05\x06"
}

var errTooMuch = errors.New("read too much")

// limitedReaderAt fails once more than left bytes were read.
type limitedReaderAt struct {
	io.ReaderAt
	left int64
}

func (l *limitedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := l.ReaderAt.ReadAt(p, off)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooMuch
	}
	return n, err
}
