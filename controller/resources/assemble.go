package resources

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
)

// RefusedError says that a list of files cannot be what it claims to be.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

func refused(format string, args ...any) error { return &RefusedError{fmt.Sprintf(format, args...)} }

// Assemble writes a zip of what was uploaded, nil for nothing, and of files that are here. A file that is not here, or whose path leads out of the
// app, is a *RefusedError. Nothing is unpacked: the entries are copied as they are.
func (p *Pool) Assemble(uploaded *os.File, files []File, w io.Writer) error {
	zw := zip.NewWriter(w)
	taken := map[string]bool{}
	if uploaded != nil {
		zr, err := droplet.ReadZip(uploaded, droplet.DefaultLimits())
		if err != nil {
			return refused("the package is no zip: %v", err)
		}
		for _, entry := range zr.File {
			taken[entry.Name] = true
			if err := zw.Copy(entry); err != nil {
				return err
			}
		}
	}
	open := opened{pool: p, readers: map[string]*zip.Reader{}}
	defer open.close()
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return err
		}
		if taken[f.Path] {
			return refused("%q is there twice", f.Path)
		}
		taken[f.Path] = true
		if err := open.copy(zw, f); err != nil {
			return err
		}
	}
	return zw.Close()
}

// checkPath refuses what is not the name of a file of the app.
func checkPath(name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name || name == "." || strings.ContainsAny(name, "\\\x00") {
		return refused("%.200q is no file of the app", name)
	}
	return nil
}

// opened are the packages that files are taken from.
type opened struct {
	pool    *Pool
	readers map[string]*zip.Reader
	files   []*os.File
}

func (o *opened) close() {
	for _, f := range o.files {
		f.Close()
	}
}

// utf8Name is the flag of a name in UTF-8 (APPNOTE 4.4.4).
const utf8Name = 1 << 11

// copy adds a file to a zip under its new name.
func (o *opened) copy(zw *zip.Writer, f File) error {
	gone := refused("nobody has uploaded %.200q with the SHA1 %.40s, or it is here no longer; push again", f.Path, f.SHA1)
	at, ok := o.pool.find(f)
	if !ok {
		return gone
	}
	zr, err := o.open(at.Package)
	if os.IsNotExist(err) {
		o.pool.forget(at.Package)
		return gone
	}
	if err != nil {
		return err
	}
	if at.Entry >= len(zr.File) {
		return gone
	}
	entry := zr.File[at.Entry]
	h := entry.FileHeader
	h.Name = f.Path
	h.Flags |= utf8Name
	h.SetMode(f.Mode.Perm())
	r, err := entry.OpenRaw()
	if err != nil {
		return err
	}
	out, err := zw.CreateRaw(&h)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return err
}

func (o *opened) open(sum string) (*zip.Reader, error) {
	if zr := o.readers[sum]; zr != nil {
		return zr, nil
	}
	f, err := os.Open(o.pool.packages.Path(sum))
	if err != nil {
		return nil, err
	}
	o.files = append(o.files, f)
	zr, err := droplet.ReadZip(f, droplet.DefaultLimits())
	if err == nil {
		o.readers[sum] = zr
	}
	return zr, err
}
