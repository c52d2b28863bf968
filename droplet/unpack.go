package droplet

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

const (
	// tarOverhead is what one entry may take in a tar beside its content, in
	// bytes: header, padding and a long name with its own header.
	tarOverhead = 16 << 10
	// tarPadding is how many zero bytes may follow the end mark of a tar: the
	// largest blocking factor in use (tar -b 2048).
	tarPadding = 1 << 20
	// tarBuffer is for the headers; content passes it by.
	tarBuffer = 4 << 10
)

// Unpack writes the gzip'ed tar that r holds into dir, as tar -xzf does in dir.
// It creates dir when it is missing; files in it are never overwritten.
//
// Modes (without setuid, setgid and sticky) and mtimes are taken over, owners
// are not; a symbolic link gets a new mtime. The "./" entry of tar -C dir . is
// accepted and changes nothing. An entry that could do harm outside dir, or
// that breaks lim, is refused with an [EntryError]. Truncated or damaged
// archives, and those with anything behind their end, are errors too.
//
// Unpack stops soon after ctx is done, though not before a pending Read of r
// returns, and then returns its error. After any error no file is left open,
// but what was unpacked by then remains: the caller removes dir.
func Unpack(ctx context.Context, r io.Reader, dir string, lim Limits) error {
	members, err := gunzip(watch(ctx, r))
	if err != nil {
		return broken(err)
	}
	u, err := newUnpacker(dir, lim)
	if err != nil {
		return err
	}
	defer u.close()
	most := u.spent.lim.Bytes + int64(u.spent.lim.Entries)*tarOverhead + tarPadding
	stream := bufio.NewReaderSize(atMost(watch(ctx, members), most), tarBuffer)
	if err := u.untar(stream); err != nil {
		return err
	}
	return u.finish()
}

// untar unpacks a tar stream and reads it to its end, which is what verifies
// the checksum of gzip.
func (u *unpacker) untar(stream *bufio.Reader) error {
	if _, err := stream.Peek(1); err == io.EOF {
		return errors.New("not a tar archive: it has no data")
	}
	tr := tar.NewReader(stream)
	for first := true; ; first = false {
		hdr, err := tr.Next()
		if err == io.EOF {
			return u.drain(stream)
		}
		if first && errors.Is(err, tar.ErrHeader) {
			return fmt.Errorf("not a tar archive: %w", err)
		}
		if err != nil {
			return broken(err)
		}
		if err := u.addTar(hdr, tr); err != nil {
			return err
		}
	}
}

func (u *unpacker) addTar(hdr *tar.Header, body io.Reader) error {
	e := entry{
		name:  hdr.Name,
		mode:  fs.FileMode(hdr.Mode).Perm(),
		mtime: hdr.ModTime,
		link:  hdr.Linkname,
	}
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		e.size = hdr.Size
	case tar.TypeDir:
		e.mode |= fs.ModeDir
	case tar.TypeSymlink:
		e.mode |= fs.ModeSymlink
	case tar.TypeLink:
		e.hardLink = true
	case tar.TypeXGlobalHeader: // a comment, as git archive writes
		return u.spent.addEntry(e.name)
	case tar.TypeChar, tar.TypeBlock:
		return &EntryError{e.name, "is a device"}
	case tar.TypeFifo:
		return &EntryError{e.name, "is a fifo"}
	default:
		return &EntryError{e.name, fmt.Sprintf("is of the unknown type %q", hdr.Typeflag)}
	}
	return u.add(e, body)
}

// drain reads the padding behind the end mark of a tar.
func (u *unpacker) drain(stream io.Reader) error {
	for left := tarPadding; ; {
		n, err := stream.Read(u.buf)
		left -= n
		if left < 0 || len(bytes.TrimLeft(u.buf[:n], "\x00")) > 0 {
			return errTrailing
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return broken(err)
		}
	}
}
