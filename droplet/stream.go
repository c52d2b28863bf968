package droplet

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// gzipMagic starts every gzip member.
const gzipMagic = "\x1f\x8b"

var errTrailing = errors.New("archive has trailing garbage")

// readFunc is a function that is an io.Reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// watch reads from r until ctx is done.
func watch(ctx context.Context, r io.Reader) io.Reader {
	return readFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

// atMost reads from r and fails behind n bytes, where io.LimitReader would
// pretend that the stream ends.
func atMost(r io.Reader, n int64) io.Reader {
	left := n
	return readFunc(func(p []byte) (int, error) {
		got, err := r.Read(p)
		left -= int64(got)
		if left < 0 {
			return 0, fmt.Errorf("archive unpacks to more than %d bytes", n)
		}
		return got, err
	})
}

// gunzip reads one or more gzip members as one stream, as gzip -d does. What
// follows them must be another member: gzip's own multi-member mode cannot tell
// trailing garbage from a truncated member.
func gunzip(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, copyBuffer)
	if magic, err := in.Peek(2); string(magic) != gzipMagic {
		return nil, notGzip(err)
	}
	gz, err := gzip.NewReader(in)
	if err != nil {
		return nil, noEOF(err)
	}
	gz.Multistream(false)
	return readFunc(func(p []byte) (int, error) {
		n, err := gz.Read(p)
		if err == io.EOF {
			err = nextMember(gz, in)
		}
		return n, err
	}), nil
}

// nextMember returns io.EOF when nothing follows the gzip member just read.
func nextMember(gz *gzip.Reader, in *bufio.Reader) error {
	switch magic, err := in.Peek(2); {
	case len(magic) == 0:
		return err
	case string(magic) != gzipMagic:
		return errTrailing
	}
	if err := gz.Reset(in); err != nil {
		return noEOF(err)
	}
	gz.Multistream(false)
	return nil
}

// notGzip keeps the error of a reader that broke down before it said anything.
func notGzip(err error) error {
	if err != nil && err != io.EOF {
		return err
	}
	return errors.New("not a gzip'ed tar archive")
}

// noEOF turns an end of input where more must follow into an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// broken puts the errors of the decoders into plain words; others, as those of
// a network connection that an archive is read from, pass unchanged.
func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("archive is truncated: %w", err)
	}
	for _, known := range []error{
		gzip.ErrHeader, gzip.ErrChecksum,
		tar.ErrHeader, tar.ErrFieldTooLong,
		zip.ErrFormat, zip.ErrChecksum,
	} {
		if errors.Is(err, known) {
			return fmt.Errorf("archive is damaged: %w", err)
		}
	}
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return fmt.Errorf("archive is damaged: %w", err)
	}
	return err
}
