package framework

import (
	"archive/zip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newDirectory writes a zip of empty files with names of a length.
func newDirectory(t *testing.T, path string, entries, nameLength int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for i := range entries {
		if _, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("%0*d", nameLength, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryOfAnArchiveIsReadWithinBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entries, nameLength int
		want                string
	}{
		"as many entries as there may be": {maxEntries, 6, "is there, but nothing in it fits"},
		"one more":                        {maxEntries + 1, 6, "app.war cannot be read: its directory is too long: more than 100000 entries"},
		"names of 60 KB":                  {1000, 60_000, "app.war cannot be read: its directory is too long: more than 100000 entries, or very long names"},
	} {
		dir := t.TempDir()
		newDirectory(t, filepath.Join(dir, "app.war"), c.entries, c.nameLength)
		found, err := Detect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if found.Framework.Name != "java_web" {
			t.Errorf("%s: detected %s, want java_web, as for a war that cannot be read", name, found.Framework.Name)
		}
		for _, considered := range found.Considered {
			if considered.Framework == "grails" && !strings.Contains(considered.Reason, c.want) {
				t.Errorf("%s: reason = %q, want %q", name, considered.Reason, c.want)
			}
		}
	}
}
