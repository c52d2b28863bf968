package droplet_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/minicf/minicf/droplet"
)

func TestTreeListsLikeAnArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app/app.rb"), "12345", 0o644)
	write(t, filepath.Join(dir, "app.rb"), "", 0o600)
	write(t, filepath.Join(dir, "startup"), "123", 0o500)
	must(t, os.Symlink("app/app.rb", filepath.Join(dir, "Link")))
	got, err := droplet.Tree(dir)
	must(t, err)
	want := []droplet.Node{
		{Path: "Link", Mode: fs.ModeSymlink | 0o777, Link: "app/app.rb"},
		{Path: "app/", Mode: fs.ModeDir | 0o755},
		{Path: "app/app.rb", Mode: 0o644, Size: 5},
		{Path: "app.rb", Mode: 0o600},
		{Path: "startup", Mode: 0o500, Size: 3},
	}
	if !slices.Equal(got, want) {
		t.Errorf("Tree = %v\nwant %v", got, want)
	}
	checkNothingOpen(t, dir)
}

func TestTreeDoesNotFollowLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Symlink(".", filepath.Join(dir, "loop")), os.Symlink("/", filepath.Join(dir, "root")))
	got, err := droplet.Tree(dir)
	must(t, err)
	if len(got) != 2 {
		t.Errorf("Tree = %v, want the two links alone", got)
	}
}

func TestTreeReportsAMissingDirectory(t *testing.T) {
	t.Parallel()
	if _, err := droplet.Tree(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error = %v, want not found", err)
	}
}
