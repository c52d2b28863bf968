package plugin

import (
	"archive/zip"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/minicf/minicf/protocol"
)

func writeZip(t *testing.T, path string, files map[string]string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestZipsOfThePlatformAreUnpackedWithoutASecondDirectoryOfTheirName(t *testing.T) {
	t.Parallel()
	resources := t.TempDir()
	writeZip(t, filepath.Join(resources, "apache.zip"), map[string]string{"apache/apache2.conf": "a"})
	writeZip(t, filepath.Join(resources, "flat.zip"), map[string]string{"conf": "b"})
	dest := t.TempDir()
	set := Set{fakePlugin(func(ctx context.Context, w *Workspace) error {
		if path, ok := w.Resource("none.zip"); ok {
			t.Errorf("there is a resource %s", path)
		}
		for _, name := range []string{"apache", "flat"} {
			archive, ok := w.Resource(name + ".zip")
			if !ok {
				t.Errorf("%s.zip is not found", name)
			}
			if err := w.UnpackIn(ctx, archive, name); err != nil {
				t.Error(err)
			}
		}
		return nil
	})}
	props := protocol.StagingProperties{FrameworkInfo: protocol.FrameworkInfo{Name: set[0].Name()}}
	err := Stage(t.Context(), set, t.TempDir(), dest, props, Tools{Platform: Platform{AutoconfigResources: resources}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"apache/apache2.conf": "a", "flat/conf": "b"} {
		if text, err := os.ReadFile(filepath.Join(dest, name)); string(text) != want {
			t.Errorf("%s holds %q, %v, want %q", name, text, err, want)
		}
	}
}

func TestOwnFilesGetTheModesOfProgramsOrNot(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"bin/run": {Data: []byte("#!/bin/sh\n")}, "bin/conf/a": {Data: []byte("a")}, "other/b": {Data: []byte("b")}}
	dest, err := inWorkspace(t, func(_ context.Context, w *Workspace) error { return w.WriteTree(files, "bin") })
	if err != nil {
		t.Fatal(err)
	}
	want := "drwxr-xr-x conf/\n-rw-r--r-- conf/a\n-rwxr-xr-x run"
	if got := tree(t, filepath.Join(dest, "bin")); got != want {
		t.Errorf("written\n%s, want\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(dest, "other")); err == nil {
		t.Error("another directory was written too")
	}
}
