package framework

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"
)

func TestArchiveIsTheWholeApp(t *testing.T) {
	t.Parallel()
	for want, files := range map[string][]string{
		"shop.war": {"shop.war", "README"},
		"dist.zip": {"dist.zip"},
		"":         {"WEB-INF/web.xml", "other.zip"},
	} {
		dir := t.TempDir()
		for _, name := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			z := zip.NewWriter(f)
			if _, err := z.Create("shop-1.0/lib/play.play_2.9.1-2.0.jar"); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		if got, err := Archive(t.Context(), dir); got != want || err != nil {
			t.Errorf("%v: %q, %v, want %q", files, got, err, want)
		}
	}
	if _, err := Archive(t.Context(), filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("no error for a directory that is not there")
	}
}
