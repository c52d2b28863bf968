package droplet_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/minicf/minicf/droplet"
)

// tarFile is a tar header with content.
type tarFile struct {
	tar.Header
	body string
}

// newTGZ makes a droplet of headers that Pack would never write. Type, size and
// mode have the usual defaults.
func newTGZ(tb testing.TB, files ...tarFile) []byte {
	tb.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	tw := tar.NewWriter(gz)
	for _, f := range files {
		if f.Typeflag == 0 {
			f.Typeflag = tar.TypeReg
		}
		if f.Mode == 0 && f.Typeflag != tar.TypeXGlobalHeader {
			f.Mode = 0o755
		}
		f.Size = max(f.Size, int64(len(f.body)))
		must(tb, tw.WriteHeader(&f.Header))
		_, err := tw.Write([]byte(f.body))
		must(tb, err)
	}
	must(tb, tw.Flush(), tw.Close(), gz.Close())
	return buf.Bytes()
}

// zipFile is a zip header with content.
type zipFile struct {
	zip.FileHeader
	mode fs.FileMode // 0: as made on a system without modes
	body string
}

func newZip(tb testing.TB, files ...zipFile) []byte {
	tb.Helper()
	var buf bytes.Buffer
	zw := zip.NewWriter(&buf)
	for _, f := range files {
		if f.mode != 0 {
			f.SetMode(f.mode)
		}
		f.Method = zip.Deflate
		w, err := zw.CreateHeader(&f.FileHeader)
		must(tb, err)
		_, err = w.Write([]byte(f.body))
		must(tb, err)
	}
	must(tb, zw.Close())
	return buf.Bytes()
}

// unpackZip writes a zip to a file and unpacks that.
func unpackZip(tb testing.TB, content []byte, dir string, lim droplet.Limits) error {
	tb.Helper()
	return droplet.UnpackZip(tb.Context(), zipOnDisk(tb, content), dir, lim)
}

func zipOnDisk(tb testing.TB, content []byte) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "app.zip")
	must(tb, os.WriteFile(name, content, 0o600))
	tb.Cleanup(func() { checkNothingOpen(tb, filepath.Dir(name)) })
	return name
}
