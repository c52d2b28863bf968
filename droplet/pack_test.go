package droplet_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/minicf/minicf/droplet"
)

// packers are Pack and PackZip: most of what they promise is the same.
var packers = map[string]func(context.Context, string, io.Writer) error{
	"tgz": droplet.Pack,
	"zip": droplet.PackZip,
}

// unpackers unpack what the packer of the same name packs.
func unpackBack(tb testing.TB, format string, content []byte, dir string) {
	tb.Helper()
	if format == "zip" {
		must(tb, unpackZip(tb, content, dir, droplet.Limits{}))
		return
	}
	must(tb, droplet.Unpack(tb.Context(), bytes.NewReader(content), dir, droplet.Limits{}))
}

func eachPacker(t *testing.T, test func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error)) {
	t.Helper()
	for format, pack := range packers {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			test(t, format, pack)
		})
	}
}

func TestPackedTreeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		src, dir := newRichTree(t), newTarget(t)
		var buf bytes.Buffer
		must(t, pack(t.Context(), src, &buf))
		unpackBack(t, format, buf.Bytes(), dir)
		checkSameTree(t, src, dir)
	})
}

// checkSameTree compares names, modes, links, content, and times to the second.
func checkSameTree(tb testing.TB, want, got string) {
	tb.Helper()
	wantNodes, err := droplet.Tree(want)
	must(tb, err)
	gotNodes, err := droplet.Tree(got)
	must(tb, err)
	if !slices.Equal(gotNodes, wantNodes) {
		tb.Fatalf("tree = %v\nwant %v", gotNodes, wantNodes)
	}
	for _, n := range wantNodes {
		if n.Mode.Type() == fs.ModeSymlink {
			continue
		}
		w, err1 := os.Stat(filepath.Join(want, n.Path))
		g, err2 := os.Stat(filepath.Join(got, n.Path))
		must(tb, err1, err2)
		if w.ModTime().Unix() != g.ModTime().Unix() {
			tb.Errorf("mtime of %s = %v, want %v", n.Path, g.ModTime(), w.ModTime())
		}
		if n.Mode.IsRegular() && read(tb, want, n.Path) != read(tb, got, n.Path) {
			tb.Errorf("%s has another content", n.Path)
		}
	}
}

func TestPackWritesTheEntriesOfTheTutorial(t *testing.T) {
	t.Parallel()
	src := newSinatraDroplet(t)
	write(t, filepath.Join(src, ".profile"), "", 0o644)
	var buf bytes.Buffer
	must(t, droplet.Pack(t.Context(), src, &buf))
	gz, err := gzip.NewReader(&buf)
	must(t, err)
	if gz.Name != "" || gz.ModTime.Unix() != 0 {
		t.Errorf("the gzip header has name %q and time %v, want none", gz.Name, gz.ModTime)
	}
	var got []string
	for tr := tar.NewReader(gz); ; {
		hdr, err := tr.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		got = append(got, hdr.FileInfo().Mode().String()+" "+hdr.Name)
		if hdr.Uid != 0 || hdr.Gid != 0 || hdr.Uname+hdr.Gname != "" || hdr.Format != tar.FormatGNU {
			t.Errorf("%s: owner %d/%d %q %q, format %v, want 0/0 without names, GNU", hdr.Name, hdr.Uid, hdr.Gid, hdr.Uname, hdr.Gname, hdr.Format)
		}
	}
	want := []string{
		"-rw-r--r-- .profile", "drwxr-xr-x app/", "-rw-r--r-- app/app.rb", "drwxr-xr-x logs/",
		"-rw-r--r-- logs/staging.log", "-r-x------ startup", "-r-x------ stop", "drwxr-xr-x tmp/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPackMakesTheSameBytesOfTheSameTree(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		var first, again bytes.Buffer
		src, other := t.TempDir(), t.TempDir()
		names := []string{"b/x", "a", "b.rb", "b/a/y", "B"}
		for _, name := range names {
			write(t, filepath.Join(src, name), strings.Repeat(name, 30_000), 0o644)
		}
		for _, name := range slices.Backward(names) {
			write(t, filepath.Join(other, name), strings.Repeat(name, 30_000), 0o644)
		}
		setTimes(t, src)
		setTimes(t, other)
		must(t, pack(t.Context(), src, &first), pack(t.Context(), other, &again))
		if !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Error("two equal trees made different archives")
		}
	})
}

func TestPackStoresSmallAndLargeFiles(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		src, dir := t.TempDir(), newTarget(t)
		for i, size := range []int{0, 1, 511, 512, 32<<10 - 1, 32 << 10, 32<<10 + 1, 64 << 10, 1 << 20} {
			write(t, filepath.Join(src, string(rune('a'+i))), strings.Repeat("line of text\n", size)[:size], 0o644)
		}
		var buf bytes.Buffer
		must(t, pack(t.Context(), src, &buf))
		if buf.Len() > 100_000 {
			t.Errorf("packed into %d bytes, want it compressed", buf.Len())
		}
		unpackBack(t, format, buf.Bytes(), dir)
		checkSameTree(t, src, dir)
	})
}

func TestPackRefusesWhatUnpackingWouldRefuse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make          func(dir string) error
		entry, reason string
	}{
		"a link to an absolute path": {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "l")) }, "l", "absolute path"},
		"a link out of the tree":     {func(dir string) error { return os.Symlink("../../x", filepath.Join(dir, "app/l")) }, "app/l", "outside the target directory"},
		"a fifo":                     {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600) }, "pipe", "fifo"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
				src := newSinatraDroplet(t)
				must(t, test.make(src))
				checkRefused(t, pack(t.Context(), src, io.Discard), test.entry, test.reason)
				checkNothingOpen(t, src)
			})
		})
	}
}

func TestPackLeavesOutSockets(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		src, dir := newSinatraDroplet(t), newTarget(t)
		l, err := net.Listen("unix", filepath.Join(src, "tmp/s"))
		must(t, err)
		defer l.Close()
		var buf bytes.Buffer
		must(t, pack(t.Context(), src, &buf))
		unpackBack(t, format, buf.Bytes(), dir)
		if _, err := os.Lstat(filepath.Join(dir, "tmp/s")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket came back: %v", err)
		}
	})
}

func TestPackReportsAMissingDirectory(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		err := pack(t.Context(), filepath.Join(t.TempDir(), "staged"), io.Discard)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "staged") {
			t.Errorf("error = %v, want one that names staged", err)
		}
	})
}
