package droplet

import (
	"archive/tar"
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// packBuffer is the size in bytes of the blocks of tar that are compressed at
// a time, while the next one is read.
const packBuffer = 32 << 10

// smallLevel compresses without state. A full compressor takes 1 MB of tables,
// which for a few kilobytes cost a hundred times what the compression itself
// does; the result is about an eighth larger.
const smallLevel = gzip.StatelessCompression

// Pack writes everything below dir to w as a gzip'ed tar, in the form that
// tar -czf FILE * had in 2012: entries without "./", none for dir itself, a
// directory before its content. Other than there, dot-files in dir are kept,
// and entries are sorted, owners are 0 (with no names) and times in whole
// seconds, so that the same tree always makes the same bytes.
//
// Permissions (not setuid, setgid, sticky) and symbolic links are kept. A file
// with several hard links is stored once for each. Sockets are left out, as tar
// does. Fifos, devices, and links that leave dir are refused with an
// [EntryError], because [Unpack] would refuse them.
//
// Pack stops soon after ctx is done, and then returns its error.
func Pack(ctx context.Context, dir string, w io.Writer) error { return PackLinked(ctx, dir, w) }

// PackLinked is [Pack] for a droplet that has symbolic links into directories of
// the machine, given by absolute paths. Who unpacks it has to allow them, too:
// see [Limits.LinksInto].
func PackLinked(ctx context.Context, dir string, w io.Writer, linksInto ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()

	// Files are read while the block before is compressed. Whichever side fails
	// first closes the pipe with its error, which ends the other side.
	pr, pw := io.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() { pw.CloseWithError(writeTar(ctx, root, linksInto, pw)) })
	err = compress(watch(ctx, pr), w)
	pr.CloseWithError(err)
	wg.Wait()
	return err
}

// compress gzips r to w. The header of the gzip has neither name nor time.
func compress(r io.Reader, w io.Writer) error {
	in := bufio.NewReaderSize(r, packBuffer)
	level := gzip.DefaultCompression
	if _, err := in.Peek(packBuffer); err == io.EOF {
		level = smallLevel
	}
	out := bufio.NewWriterSize(w, packBuffer) // gzip writes some 240 bytes at a time
	gz, err := gzip.NewWriterLevel(out, level)
	if err != nil {
		return err
	}
	gz.ModTime = time.Unix(0, 0) // "no time"; the zero Time would come out as the year 2042
	if _, err := in.WriteTo(gz); err != nil {
		return err
	}
	if err := gz.Close(); err != nil {
		return err
	}
	return out.Flush()
}

func writeTar(ctx context.Context, root *os.Root, linksInto []string, w io.Writer) error {
	out := bufio.NewWriterSize(w, packBuffer)
	tw := tar.NewWriter(out)
	buf := make([]byte, packBuffer)
	err := walkPackable(ctx, root, linksInto, nil, func(f found) error {
		if err := tw.WriteHeader(tarHeader(f)); err != nil {
			return fmt.Errorf("entry %q: %w", f.Path, err)
		}
		if !f.Mode.IsRegular() {
			return nil
		}
		return f.copyTo(ctx, tw, buf)
	})
	if err != nil {
		return err
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return out.Flush()
}

// tarHeader is in the GNU format, the default of GNU tar, because that takes
// names of any length in any encoding.
func tarHeader(f found) *tar.Header {
	hdr := &tar.Header{
		Format:   tar.FormatGNU,
		Typeflag: tar.TypeReg,
		Name:     f.Path,
		Linkname: f.Link,
		Size:     f.Size,
		Mode:     int64(f.Mode.Perm()),
		ModTime:  f.mtime,
	}
	switch f.Mode.Type() {
	case fs.ModeDir:
		hdr.Typeflag = tar.TypeDir
	case fs.ModeSymlink:
		hdr.Typeflag = tar.TypeSymlink
	}
	return hdr
}
