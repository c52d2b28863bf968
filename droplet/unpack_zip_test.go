package droplet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/droplet"
)

func named(name string, mode fs.FileMode, body string) zipFile {
	return zipFile{zip.FileHeader{Name: name}, mode, body}
}

func TestUnpackZipAcceptsUnusualArchives(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files []zipFile
		want  []string
	}{
		"parents that are not listed":   {[]zipFile{named("a/b/c", 0o600, "")}, []string{"a/ drwxr-xr-x", "a/b/ drwxr-xr-x", "a/b/c -rw-------"}},
		"a directory listed late":       {[]zipFile{named("a/b", 0o600, ""), named("a/", fs.ModeDir|0o500, "")}, []string{"a/ dr-x------", "a/b -rw-------"}},
		"made on a system without mode": {[]zipFile{named("a/", 0, ""), named("a/b", 0, "x")}, []string{"a/ drwxr-xr-x", "a/b -rw-r--r--"}},
		"setuid, setgid and sticky":     {[]zipFile{named("su", 0o755|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky, "")}, []string{"su -rwxr-xr-x"}},
		"links that stay inside":        {[]zipFile{named("a/l", fs.ModeSymlink|0o777, "../b"), named("m", fs.ModeSymlink|0o777, "a/../b")}, []string{"a/ drwxr-xr-x", "a/l Lrwxrwxrwx ../b", "m Lrwxrwxrwx a/../b"}},
		"a name in an old code page":    {[]zipFile{named("caf\x82.txt", 0o644, "")}, []string{"caf\x82.txt -rw-r--r--"}},
		"the directory itself":          {[]zipFile{named("./", fs.ModeDir|0o700, "")}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTarget(t)
			must(t, unpackZip(t, newZip(t, test.files...), dir, droplet.Limits{}))
			if got := listing(t, dir); !slices.Equal(got, test.want) {
				t.Errorf("unpacked:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// zipRefusal is an archive whose last entry is refused.
type zipRefusal struct {
	files  []zipFile
	lim    droplet.Limits
	reason string
}

func checkZipRefusals(t *testing.T, tests map[string]zipRefusal) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newTarget(t)
			err := unpackZip(t, newZip(t, test.files...), dir, test.lim)
			checkRefused(t, err, test.files[len(test.files)-1].Name, test.reason)
			checkVictim(t, dir)
		})
	}
}

func TestUnpackZipRefusesNamesTypesAndSizes(t *testing.T) {
	t.Parallel()
	const reg, link = fs.FileMode(0o644), fs.ModeSymlink | 0o777
	encrypted := named("secret", reg, "")
	encrypted.Flags = 1
	checkZipRefusals(t, map[string]zipRefusal{
		"traversal":                {files: []zipFile{named("../victim", reg, "")}, reason: "leads outside the target directory"},
		"absolute path":            {files: []zipFile{named("/etc/evil", reg, "")}, reason: "absolute path"},
		"traversal by backslash":   {files: []zipFile{named(`..\victim`, reg, "")}, reason: "backslash"},
		"a path made on Windows":   {files: []zipFile{named(`a\b`, 0, "")}, reason: "backslash"},
		"a drive":                  {files: []zipFile{named(`C:\evil`, 0, "")}, reason: "backslash"},
		"a NUL byte":               {files: []zipFile{named("a\x00b", reg, "")}, reason: "NUL"},
		"no name":                  {files: []zipFile{named("", reg, "")}, reason: "has no name"},
		"file over a file":         {files: []zipFile{named("a", reg, "1"), named("a", reg, "2")}, reason: "exists already"},
		"device":                   {files: []zipFile{named("null", fs.ModeDevice|fs.ModeCharDevice|0o666, "")}, reason: "neither a file nor"},
		"fifo":                     {files: []zipFile{named("pipe", fs.ModeNamedPipe|0o666, "")}, reason: "neither a file nor"},
		"directory that is a link": {files: []zipFile{named("a/", link, "")}, reason: "neither a file nor"},
		"encrypted":                {files: []zipFile{encrypted}, reason: "encrypted"},
		"too many entries":         {lim: droplet.Limits{Entries: 2}, files: []zipFile{named("a", reg, ""), named("b", reg, ""), named("c", reg, "")}, reason: "more than 2 entries"},
		"more bytes than allowed":  {lim: droplet.Limits{Bytes: 9}, files: []zipFile{named("a", reg, "12345"), named("b", reg, "67890")}, reason: "more than 9 bytes"},
	})
}

func TestUnpackZipRefusesLinks(t *testing.T) {
	t.Parallel()
	const reg, link = fs.FileMode(0o644), fs.ModeSymlink | 0o777
	checkZipRefusals(t, map[string]zipRefusal{
		"traversal of a link":  {files: []zipFile{named("../l", link, "victim")}, reason: "leads outside the target directory"},
		"absolute link":        {files: []zipFile{named("l", link, "/etc/passwd")}, reason: "absolute path"},
		"link to the parent":   {files: []zipFile{named("a/l", link, "../../victim")}, reason: "outside the target directory"},
		"link to a NUL byte":   {files: []zipFile{named("l", link, "a\x00")}, reason: "without a valid target"},
		"link to a whole book": {files: []zipFile{named("l", link, strings.Repeat("book/", 1<<20))}, reason: "longer than 4096 bytes"},
		"link out by a link":   {files: []zipFile{named("a/b/up", link, "../.."), named("evil", link, "a/b/up/../victim")}, reason: "does not stay inside"},
		"write through a link": {files: []zipFile{named("a/", fs.ModeDir|0o755, ""), named("l", link, "a"), named("l/b", reg, "")}, reason: `through the symbolic link "l"`},
		"file over a link":     {files: []zipFile{named("l", link, "a"), named("l", reg, "x")}, reason: "exists already"},
	})
}

func TestUnpackZipRefusesUnknownCompression(t *testing.T) {
	t.Parallel()
	content := newZip(t, named("a", 0o644, "text"))
	const bzip2 = 12
	patch(t, content, "PK\x01\x02", 10, bzip2)
	err := unpackZip(t, content, newTarget(t), droplet.Limits{})
	checkRefused(t, err, "a", "method 12")
}

// A bomb may claim to be small: what counts are the bytes that come out.
func TestUnpackZipCountsRealBytes(t *testing.T) {
	t.Parallel()
	content := newZip(t, named("bomb", 0o644, strings.Repeat("0", 4<<20)))
	patch(t, content, "PK\x01\x02", 24, 3) // the size in the directory of the zip
	dir := newTarget(t)
	err := unpackZip(t, content, dir, droplet.Limits{Bytes: 1 << 20})
	if err == nil {
		t.Fatal("a file of 4 MiB that claims 3 bytes was unpacked")
	}
	if info, err := os.Stat(filepath.Join(dir, "bomb")); err == nil && info.Size() > 1<<20 {
		t.Errorf("%d bytes were written, 1 MiB was allowed", info.Size())
	}
}

// patch writes a 32-bit number (16-bit fields are followed by zero bytes or are
// patched with their neighbour) into the record with this signature.
func patch(t *testing.T, content []byte, signature string, offset int, value uint16) {
	t.Helper()
	at := bytes.Index(content, []byte(signature))
	if at < 0 {
		t.Fatalf("no record %q", signature)
	}
	binary.LittleEndian.PutUint16(content[at+offset:], value)
	if offset == 24 {
		binary.LittleEndian.PutUint16(content[at+offset+2:], 0)
	}
}

// The whole directory of a zip is read before the first entry.
func TestUnpackZipBoundsTheDirectoryItReads(t *testing.T) {
	t.Parallel()
	var files []zipFile
	for range 300 {
		files = append(files, named(strings.Repeat("n/", 2000), fs.ModeDir|0o755, ""))
	}
	err := unpackZip(t, newZip(t, files...), newTarget(t), droplet.Limits{Entries: 2})
	if err == nil || !strings.Contains(err.Error(), "too long for 2 entries") {
		t.Errorf("error = %v, want the directory refused", err)
	}
}

func TestUnpackZipNeedsACompleteArchive(t *testing.T) {
	t.Parallel()
	content := newZip(t, named("a", 0o644, "some text"), named("b/c", 0o644, "more"))
	for n := range content {
		err := unpackZip(t, content[:n], newTarget(t), droplet.Limits{})
		if err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a whole archive", n, len(content))
		}
		if n > 4 && !strings.Contains(err.Error(), "truncated") {
			t.Errorf("first %d bytes: error = %v, want it called truncated", n, err)
		}
	}
}

func TestUnpackZipRefusesWhatIsNoZip(t *testing.T) {
	t.Parallel()
	good := newZip(t, named("a", 0o644, "some text"))
	flipped := bytes.Clone(good)
	flipped[bytes.Index(flipped, []byte("PK\x01\x02"))+16] ^= 1 // in the checksum
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"nothing":          {nil, "not a zip archive"},
		"a redirect page":  {[]byte("<html>Moved</html>"), "not a zip archive"},
		"a long page":      {[]byte(strings.Repeat("<p>Hello World!</p>", 9999)), "not a zip archive"},
		"no entries":       {newZip(t), "archive is empty"},
		"a wrong checksum": {flipped, "damaged"},
		"a newline behind": {slices.Concat(good, []byte("\n")), "trailing garbage"},
		"a text behind":    {slices.Concat(good, []byte(strings.Repeat("text", 99))), "trailing garbage"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := unpackZip(t, test.content, newTarget(t), droplet.Limits{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestUnpackZipKeepsTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2012, 11, 13, 22, 13, 7, 0, time.UTC)
	f, d := named("a/f", 0o644, "x"), named("a/", fs.ModeDir|0o755, "")
	f.Modified, d.Modified = at, at.Add(time.Hour)
	dir := newTarget(t)
	must(t, unpackZip(t, newZip(t, d, f), dir, droplet.Limits{}))
	for name, want := range map[string]time.Time{"a/f": f.Modified, "a": d.Modified} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if !info.ModTime().Equal(want) {
			t.Errorf("mtime of %s = %v, want %v", name, info.ModTime(), want)
		}
	}
}

func TestUnpackZipNamesAMissingFile(t *testing.T) {
	t.Parallel()
	err := droplet.UnpackZip(t.Context(), filepath.Join(t.TempDir(), "app.zip"), newTarget(t), droplet.Limits{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "app.zip") {
		t.Errorf("error = %v, want one that names app.zip", err)
	}
}

func TestUnpackZipStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	content := newZip(t, named("a", 0o644, strings.Repeat("0", 300_000)), named("b", 0o644, ""))
	for n := range 6 {
		dir := newTarget(t)
		err := droplet.UnpackZip(cancelAfter(t.Context(), n), zipOnDisk(t, content), dir, droplet.Limits{})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at look %d: error = %v", n, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
			t.Errorf("cancelled at look %d: unpacked to the end", n)
		}
		checkNothingOpen(t, dir)
	}
}
