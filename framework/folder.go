package framework

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Limits on the directory of an archive, which is read as a whole: those of the stager, which would not unpack more either. 512 bytes are
// four times what the header of an entry needs on average.
const (
	maxEntries   = 100_000
	maxDirectory = maxEntries*512 + 256<<10 // bytes, with those in which it is searched for
)

// folder is the directory that detection looks at. What cannot be read is noted as trouble and counts as not there.
type folder struct {
	root    *os.Root
	trouble []string
}

// files lists the regular files that fit a glob.
func (f *folder) files(ctx context.Context, pattern string) []string {
	names, err := glob(ctx, f.root, pattern)
	if err != nil {
		f.note(err)
	}
	var files []string
	for _, name := range names {
		info, err := f.root.Stat(name)
		if err != nil {
			f.unreadable(name, err)
			continue
		}
		if info.Mode().IsRegular() {
			files = append(files, name)
		}
	}
	return files
}

// head is the beginning of a file, up to 1 MiB; vmc read all of it.
func (f *folder) head(name string) []byte {
	content, err := readHead(f.root, name)
	if err != nil {
		f.unreadable(name, err)
	}
	return content
}

// entries lists the names in a zip file, one a line. A file that is no zip has none.
func (f *folder) entries(archive string) string {
	names, err := f.readEntries(archive)
	if err != nil {
		f.unreadable(archive, err)
	}
	return strings.Join(names, "\n")
}

// readEntries reads the archive's directory, not its content. vmc ran unzip -l.
func (f *folder) readEntries(archive string) ([]string, error) {
	file, err := f.root.Open(archive)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(&limitedReaderAt{file, maxDirectory}, info.Size())
	if errors.Is(err, errTooMuch) || err == nil && len(z.File) > maxEntries {
		return nil, fmt.Errorf("its directory is too long: more than %d entries, or very long names", maxEntries)
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(z.File))
	for i, entry := range z.File {
		names[i] = entry.Name
	}
	return names, nil
}

var errTooMuch = errors.New("read too much")

// limitedReaderAt fails once more than left bytes were read.
type limitedReaderAt struct {
	io.ReaderAt
	left int
}

// ReadAt reads as long as that is allowed.
func (l *limitedReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := l.ReaderAt.ReadAt(p, off)
	if l.left -= n; l.left < 0 {
		return 0, errTooMuch
	}
	return n, err
}

// everyName lists everything in the folder that is not hidden, one a line.
func (f *folder) everyName(ctx context.Context) string {
	names, err := glob(ctx, f.root, "**/*")
	if err != nil {
		f.note(err)
	}
	return strings.Join(names, "\n")
}

// unreadable notes a file that is there and counts as not there.
func (f *folder) unreadable(name string, err error) {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is named already
	}
	f.note(fmt.Errorf("%s cannot be read: %w", name, err))
}

// note keeps what went wrong, once.
func (f *folder) note(err error) {
	if text := err.Error(); !slices.Contains(f.trouble, text) {
		f.trouble = append(f.trouble, text)
	}
}

// takeTrouble returns what was noted since the last call, to be put behind a reason.
func (f *folder) takeTrouble() string {
	if len(f.trouble) == 0 {
		return ""
	}
	s := " (" + strings.Join(f.trouble, "; ") + ")"
	f.trouble = nil
	return s
}
