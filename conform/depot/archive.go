package depot

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"time"
)

// Entry is something in an archive. A name that ends in / is a directory.
type Entry struct {
	Name string
	Mode fs.FileMode // permissions; 0 is 0644, of a directory 0755
	Text string
	Link string // target of a symbolic link
}

// Tgz packs a droplet, as `tar -czf` does. With a prefix of "./" it is one as `tar -czf FILE -C DIR .` makes it.
func Tgz(entries []Entry, prefix string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	now := time.Now().Truncate(time.Second) // what is rounded up is in the future for tar
	if prefix != "" {
		must(w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: prefix, Mode: 0o755, ModTime: now}))
	}
	for _, e := range entries {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: prefix + e.Name, Mode: int64(e.perm()), Size: int64(len(e.Text)), ModTime: now}
		switch {
		case e.Link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.Link
		case e.dir():
			h.Typeflag = tar.TypeDir
		}
		must(w.WriteHeader(h))
		_, err := io.WriteString(w, e.Text)
		must(err)
	}
	must(w.Close())
	must(z.Close())
	return b.Bytes()
}

// Zip packs an app, as `zip -y` does.
func Zip(entries []Entry) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.Name, Method: zip.Deflate}
		mode, text := e.perm(), e.Text
		switch {
		case e.Link != "":
			mode, text = mode|fs.ModeSymlink, e.Link
		case e.dir():
			mode, h.Method = mode|fs.ModeDir, zip.Store
		}
		h.SetMode(mode)
		f, err := w.CreateHeader(h)
		must(err)
		_, err = io.WriteString(f, text)
		must(err)
	}
	must(w.Close())
	return b.Bytes()
}

func (e Entry) dir() bool { return len(e.Name) > 0 && e.Name[len(e.Name)-1] == '/' }

func (e Entry) perm() fs.FileMode {
	switch {
	case e.Mode != 0:
		return e.Mode
	case e.dir():
		return 0o755
	case e.Link != "":
		return 0o777
	}
	return 0o644
}

// must is for what cannot fail: writing entries of the kit's own making to memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
