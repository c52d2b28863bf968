package framework

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"strings"
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
			f.note(fmt.Errorf("%s cannot be read: %w", name, err))
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
		f.note(fmt.Errorf("%s cannot be read: %w", name, err))
	}
	return content
}

// entries lists the names in a zip file, one a line. A file that is no zip has none.
func (f *folder) entries(archive string) string {
	names, err := f.readEntries(archive)
	if err != nil {
		f.note(fmt.Errorf("%s cannot be read: %w", archive, err))
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
	z, err := zip.NewReader(file, info.Size())
	if err != nil {
		return nil, err
	}
	names := make([]string, len(z.File))
	for i, entry := range z.File {
		names[i] = entry.Name
	}
	return names, nil
}

// everyName lists everything in the folder that is not hidden, one a line.
func (f *folder) everyName(ctx context.Context) string {
	names, err := glob(ctx, f.root, "**/*")
	if err != nil {
		f.note(err)
	}
	return strings.Join(names, "\n")
}

func (f *folder) note(err error) { f.trouble = append(f.trouble, err.Error()) }

// takeTrouble returns what was noted since the last call, to be put behind a reason.
func (f *folder) takeTrouble() string {
	if len(f.trouble) == 0 {
		return ""
	}
	s := " (" + strings.Join(f.trouble, "; ") + ")"
	f.trouble = nil
	return s
}
