package droplet

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// walkPackable visits what belongs into an archive and is wanted, and fails on
// what does not belong there. A nil want is all.
func walkPackable(ctx context.Context, root *os.Root, linksInto []string, want func(Node) bool, visit func(found) error) error {
	return walk(root, "", func(f found, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read %q: %w", cmp.Or(f.Path, "."), err)
		case ctx.Err() != nil:
			return ctx.Err()
		case f.Mode.Type() == fs.ModeSocket: // means nothing anywhere else
			return nil
		case want != nil && !want(f.Node):
			return nil
		}
		if reason := f.whyUnpackable(linksInto); reason != "" {
			return &EntryError{f.Path, reason}
		}
		return visit(f)
	})
}

// whyUnpackable says why unpacking would refuse f, so that staging fails and
// not the start of the instance; "" when it would not.
func (f found) whyUnpackable(linksInto []string) string {
	switch f.Mode.Type() {
	case 0, fs.ModeDir:
		return ""
	case fs.ModeSymlink:
		if leadsInto(f.Link, linksInto) {
			return ""
		}
		return checkTarget(path.Dir(f.Path), f.Link)
	case fs.ModeNamedPipe:
		return "is a fifo"
	}
	return "is a device"
}

// copyTo copies as many bytes as the header announced: a log that grows
// meanwhile does no harm, a file that shrinks is an error.
func (f found) copyTo(ctx context.Context, w io.Writer, buf []byte) error {
	file, err := f.in.Open(f.base)
	if err != nil {
		return fmt.Errorf("read %q: %w", f.Path, err)
	}
	defer file.Close()
	n, err := io.CopyBuffer(w, io.LimitReader(watch(ctx, file), f.Size), buf)
	if err == nil && n < f.Size {
		err = fmt.Errorf("read %q: shrank from %d to %d bytes meanwhile", f.Path, f.Size, n)
	}
	return err
}
