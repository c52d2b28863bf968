package droplet

import (
	"archive/zip"
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
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	zw := zip.NewWriter(w)
	reuseDeflater(zw)
	buf := make([]byte, copyBuffer)
	empty := true
	err = walkPackable(ctx, root, func(f found) error {
		empty = false
		return addToZip(ctx, zw, f, buf)
	})
	if err != nil {
		return err
	}
	if empty {
		return fmt.Errorf("nothing to pack: %s is empty", dir)
	}
	return zw.Close()
}

func addToZip(ctx context.Context, zw *zip.Writer, f found, buf []byte) error {
	// UTC, or the machine's time zone would be in the bytes.
	hdr := &zip.FileHeader{Name: f.Path, Modified: f.mtime.UTC()}
	hdr.SetMode(f.Mode.Type() | f.Mode.Perm())
	if f.Size > 0 {
		hdr.Method = zip.Deflate
	}
	if _, err := zipEntry(hdr); err != nil {
		return err
	}
	w, err := zw.CreateHeader(hdr)
	if err != nil {
		return fmt.Errorf("entry %q: %w", f.Path, err)
	}
	switch f.Mode.Type() {
	case 0:
		return f.copyTo(ctx, w, buf)
	case fs.ModeSymlink:
		_, err = io.WriteString(w, f.Link)
	}
	return err
}

// reuseDeflater gives the writer klauspost's deflate, and one state for all
// entries: they are written one after the other.
func reuseDeflater(zw *zip.Writer) {
	var deflater *flate.Writer
	zw.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		if deflater != nil {
			deflater.Reset(w)
			return deflater, nil
		}
		var err error
		deflater, err = flate.NewWriter(w, flate.DefaultCompression)
		return deflater, err
	})
}
