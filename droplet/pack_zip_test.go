package droplet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/droplet"
)

func TestPackZipWritesTheEntriesOfZip(t *testing.T) {
	t.Parallel()
	src := newSinatraDroplet(t)
	must(t, os.Symlink("app.rb", filepath.Join(src, "app/link")))
	var buf bytes.Buffer
	must(t, droplet.PackZip(t.Context(), src, &buf))
	zr, err := zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	must(t, err)
	var got []string
	for _, f := range zr.File {
		got = append(got, f.Mode().String()+" "+f.Name)
	}
	want := []string{
		"drwxr-xr-x app/", "-rw-r--r-- app/app.rb", "Lrwxrwxrwx app/link", "drwxr-xr-x logs/",
		"-rw-r--r-- logs/staging.log", "-r-x------ startup", "-r-x------ stop", "drwxr-xr-x tmp/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPackZipRefusesAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	err := droplet.PackZip(t.Context(), t.TempDir(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "nothing to pack") {
		t.Errorf("error = %v, want nothing to pack", err)
	}
}

func TestPackZipRefusesABackslash(t *testing.T) {
	t.Parallel()
	src := t.TempDir()
	write(t, filepath.Join(src, `a\b`), "", 0o644)
	checkRefused(t, droplet.PackZip(t.Context(), src, io.Discard), `a\b`, "backslash")
}

// Not parallel: the time zone belongs to the whole process.
func TestPackZipDoesNotDependOnTheTimeZone(t *testing.T) {
	src := newSinatraDroplet(t)
	here := time.Local
	t.Cleanup(func() { time.Local = here })
	var first, again bytes.Buffer
	time.Local = time.FixedZone("Montevideo", -3*60*60)
	must(t, droplet.PackZip(t.Context(), src, &first))
	time.Local = time.FixedZone("Tokyo", 9*60*60)
	must(t, droplet.PackZip(t.Context(), src, &again))
	if !bytes.Equal(first.Bytes(), again.Bytes()) {
		t.Error("the same tree made different archives in two time zones")
	}
}
