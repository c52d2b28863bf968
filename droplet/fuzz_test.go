package droplet_test

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/minicf/minicf/droplet"
)

// Run the fuzzers with -fuzzminimizetime 20x: shrinking a find byte by byte, the
// default, takes a minute for each archive of some kilobytes.

var fuzzLimits = droplet.Limits{Entries: 50, Bytes: 100_000}

// FuzzUnpackZip starts from the zips in testdata, which are made by Info-ZIP,
// and from hostile ones.
func FuzzUnpackZip(f *testing.F) {
	link := fs.ModeSymlink | 0o777
	f.Add(newZip(f, named("../victim", 0o644, "x")))
	f.Add(newZip(f, named("l", link, ".."), named("l/victim", 0o644, "x")))
	f.Add(newZip(f, named("a/up", link, ".."), named("evil", link, "a/up/../victim")))
	f.Add(newZip(f, named("bomb", 0o644, strings.Repeat("0", 1<<20))))
	f.Add(newZip(f, named(`..\victim`, 0, "x"), named("a/", fs.ModeDir|0o111, "")))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := newTarget(t)
		err := unpackZip(t, content, dir, fuzzLimits)
		checkHarmless(t, dir, err)
	})
}

// FuzzUnpack starts from the tars in testdata, which are made by GNU tar, and
// from hostile ones. The fuzzer changes the tar and not the gzip around it,
// whose checksum would refuse nearly everything; the second argument adds some
// damage to that.
func FuzzUnpack(f *testing.F) {
	add := func(files ...tarFile) { f.Add(gunzipped(f, newTGZ(f, files...)), uint(0)) }
	sym, reg := byte(tar.TypeSymlink), byte(tar.TypeReg)
	add(header(reg, "../victim", ""))
	add(header(sym, "l", ".."), header(reg, "l/victim", ""))
	add(header(sym, "a/up", ".."), header(sym, "evil", "a/up/../victim"))
	add(header(tar.TypeLink, "h", "../victim"), header(reg, "h", ""))
	add(header(tar.TypeChar, "null", ""), header(tar.TypeFifo, "pipe", ""))
	add(tarFile{tar.Header{Name: "bomb"}, strings.Repeat("0", 200_000)})
	f.Fuzz(func(t *testing.T, plain []byte, damage uint) {
		tgz := gzipped(t, plain)
		if damage > 0 {
			tgz[damage%uint(len(tgz))] ^= byte(damage)
		}
		dir := newTarget(t)
		err := droplet.Unpack(t.Context(), bytes.NewReader(tgz), dir, fuzzLimits)
		checkHarmless(t, dir, err)
	})
}

func gzipped(tb testing.TB, plain []byte) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.StatelessCompression)
	must(tb, err)
	_, err = w.Write(plain)
	must(tb, err, w.Close())
	return buf.Bytes()
}

func gunzipped(tb testing.TB, tgz []byte) []byte {
	tb.Helper()
	r, err := gzip.NewReader(bytes.NewReader(tgz))
	must(tb, err)
	var buf bytes.Buffer
	_, err = buf.ReadFrom(r)
	must(tb, err)
	return buf.Bytes()
}

// checkHarmless checks what holds for every archive, refused or not.
func checkHarmless(t *testing.T, dir string, unpackErr error) {
	t.Helper()
	checkVictim(t, dir)
	checkNothingOpen(t, dir)
	if _, err := os.Stat(dir); err != nil {
		return // refused before anything was written
	}
	unlock(dir)
	nodes, err := droplet.Tree(dir)
	must(t, err)
	if n, size := len(nodes), diskUse(t, dir, nodes); n > fuzzLimits.Entries || size > fuzzLimits.Bytes {
		t.Errorf("%d entries and %d bytes were written, more than %+v", n, size, fuzzLimits)
	}
	for _, n := range nodes {
		if n.Mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0 || n.Mode.Type()&^(fs.ModeDir|fs.ModeSymlink) != 0 {
			t.Errorf("%q has mode %v", n.Path, n.Mode)
		}
		if to, err := filepath.EvalSymlinks(filepath.Join(dir, n.Path)); err == nil && unpackErr == nil && !inside(to, dir) {
			t.Errorf("%q leads to %s", n.Path, to)
		}
	}
}

// diskUse adds up the sizes of the files, of those with several names once.
func diskUse(t *testing.T, dir string, nodes []droplet.Node) (bytes int64) {
	t.Helper()
	seen := make(map[uint64]bool)
	for _, n := range nodes {
		info, err := os.Lstat(filepath.Join(dir, n.Path))
		must(t, err)
		if inode := info.Sys().(*syscall.Stat_t).Ino; !seen[inode] {
			bytes += n.Size
			seen[inode] = true
		}
	}
	return bytes
}

func inside(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}
