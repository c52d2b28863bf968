package droplet_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/droplet"
)

func TestLinksIntoAnAllowedDirectoryTravel(t *testing.T) {
	t.Parallel()
	src, dir := newSinatraDroplet(t), newTarget(t)
	erlang := t.TempDir()
	write(t, filepath.Join(erlang, "lib/kernel/app"), "the machine's", 0o644)
	must(t, os.Symlink(filepath.Join(erlang, "lib/kernel"), filepath.Join(src, "app/kernel")))
	var buf bytes.Buffer
	must(t, droplet.PackLinked(t.Context(), src, &buf, erlang))
	_, err := unpack(t, buf.Bytes(), droplet.Limits{})
	checkRefused(t, err, "app/kernel", "absolute path")
	must(t, droplet.Unpack(t.Context(), &buf, dir, droplet.Limits{LinksInto: erlang}))
	if got := read(t, dir, "app/kernel/app"); got != "the machine's" {
		t.Errorf("the link leads to %q", got)
	}
}

func TestOtherLinksStayRefusedWhereOneDirectoryIsAllowed(t *testing.T) {
	t.Parallel()
	for target, allowed := range map[string]string{
		"/etc/passwd":               "/usr/lib/erlang",
		"/usr/lib/erlang/../secret": "/usr/lib/erlang",
		"/usr/lib/erlang-other":     "/usr/lib/erlang",
		"/usr/lib/erlang":           "/usr/lib/erlang",
		"/usr/bin":                  "/",
		"/usr":                      "usr",
		"/":                         "",
	} {
		src := newSinatraDroplet(t)
		must(t, os.Symlink(target, filepath.Join(src, "app/l")))
		checkRefused(t, droplet.PackLinked(t.Context(), src, io.Discard, allowed), "app/l", "absolute path")
		_, err := unpack(t, newTGZ(t, header(tar.TypeSymlink, "app/l", target)), droplet.Limits{LinksInto: allowed})
		checkRefused(t, err, "app/l", "absolute path")
	}
}

func TestNothingIsWrittenThroughAnAllowedLink(t *testing.T) {
	t.Parallel()
	erlang := t.TempDir()
	write(t, filepath.Join(erlang, "lib/kernel/app"), "the machine's", 0o644)
	link := header(tar.TypeSymlink, "kernel", filepath.Join(erlang, "lib"))
	lim := droplet.Limits{LinksInto: erlang}
	for _, evil := range []tarFile{
		header(tar.TypeReg, "kernel/kernel/app", ""), header(tar.TypeReg, "kernel/new", ""), header(tar.TypeDir, "kernel/kernel", ""),
		header(tar.TypeLink, "hard", "kernel/kernel/app"), header(tar.TypeSymlink, "round", "kernel/../../victim"),
	} {
		if _, err := unpack(t, newTGZ(t, link, evil), lim); err == nil {
			t.Errorf("%s was unpacked", evil.Name)
		}
	}
	if got := read(t, erlang, "lib/kernel/app"); got != "the machine's" {
		t.Errorf("the machine's file is now %q", got)
	}
	if _, err := os.Lstat(filepath.Join(erlang, "lib/new")); err == nil {
		t.Error("a file was made on the machine")
	}
}
