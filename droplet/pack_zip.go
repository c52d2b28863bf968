package droplet

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/flate"
)

// PackZip writes everything below dir to w as the zip that a client uploads, in
// the form of zip -q -y -r FILE . (names without "./", directories listed,
// symbolic links stored as links, dot-files kept). Entries are sorted, and the
// same tree always makes the same bytes.
//
// What [Pack] says about modes, hard links, sockets, fifos, devices, links that
// leave dir, and ctx holds here too. A dir without any entry is an error, as
// for zip, and so is a backslash in a name, which [UnpackZip] refuses.
func PackZip(ctx context.Context, dir string, w io.Writer) error {
	return PackZipOf(ctx, dir, w, nil)
}

// PackZipOf is PackZip for a part of dir: what is not wanted is left out, and
// need not be fit for a zip. Each entry is asked about on its own: a directory
// that is left out does not take along what is in it. A nil want is all of it.
func PackZipOf(ctx context.Context, dir string, w io.Writer, want func(Node) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	z := zipper{zw: zip.NewWriter(bufio.NewWriterSize(w, packBuffer)), buf: make([]byte, packBuffer)}
	z.zw.RegisterCompressor(zip.Deflate, z.deflate)
	empty := true
	err = walkPackable(ctx, root, nil, want, func(f found) error {
		empty = false
		return z.add(ctx, f)
	})
	if err != nil {
		return err
	}
	if empty {
		return fmt.Errorf("nothing to pack: %s is empty", dir)
	}
	return z.zw.Close()
}

// zipper writes one entry after the other, so that one state of klauspost's
// deflate serves all.
type zipper struct {
	zw    *zip.Writer
	buf   []byte
	small bool          // the entry that follows
	large *flate.Writer // made for the first entry that is not small
}

func (z *zipper) add(ctx context.Context, f found) error {
	// UTC, or the machine's time zone would be in the bytes.
	hdr := &zip.FileHeader{Name: f.Path, Modified: f.mtime.UTC()}
	hdr.SetMode(f.Mode.Type() | f.Mode.Perm())
	if f.Size > 0 {
		hdr.Method = zip.Deflate
		z.small = f.Size <= packBuffer
	}
	if _, err := zipEntry(hdr); err != nil {
		return err
	}
	w, err := z.zw.CreateHeader(hdr)
	if err != nil {
		return fmt.Errorf("entry %q: %w", f.Path, err)
	}
	switch f.Mode.Type() {
	case 0:
		return f.copyTo(ctx, w, z.buf)
	case fs.ModeSymlink:
		_, err = io.WriteString(w, f.Link)
	}
	return err
}

// deflate is called by the zip writer for each entry with content.
func (z *zipper) deflate(w io.Writer) (_ io.WriteCloser, err error) {
	if z.small {
		return flate.NewStatelessWriter(w), nil
	}
	if z.large == nil {
		z.large, err = flate.NewWriter(w, flate.DefaultCompression)
		return z.large, err
	}
	z.large.Reset(w)
	return z.large, nil
}
