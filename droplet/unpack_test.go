package droplet_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/minicf/minicf/droplet"
)

func unpack(tb testing.TB, tgz []byte, lim droplet.Limits) (dir string, err error) {
	tb.Helper()
	dir = newTarget(tb)
	err = droplet.Unpack(tb.Context(), bytes.NewReader(tgz), dir, lim)
	checkVictim(tb, dir)
	checkNothingOpen(tb, dir)
	return dir, err
}

func header(typ byte, name, link string) tarFile {
	return tarFile{Header: tar.Header{Typeflag: typ, Name: name, Linkname: link}}
}

func TestUnpackAcceptsUnusualArchives(t *testing.T) {
	t.Parallel()
	reg, dir, sym := byte(tar.TypeReg), byte(tar.TypeDir), byte(tar.TypeSymlink)
	tests := map[string]struct {
		files []tarFile
		want  []string // path, mode, link
	}{
		"parents that are not listed":  {[]tarFile{header(reg, "a/b/c", "")}, []string{"a/ drwxr-xr-x", "a/b/ drwxr-xr-x", "a/b/c -rwxr-xr-x"}},
		"names with ./ and //":         {[]tarFile{header(dir, "./", ""), header(reg, "./a//b", "")}, []string{"a/ drwxr-xr-x", "a/b -rwxr-xr-x"}},
		"a directory listed twice":     {[]tarFile{header(dir, "a/", ""), header(dir, "a", "")}, []string{"a/ drwxr-xr-x"}},
		"a directory after its file":   {[]tarFile{header(reg, "a/b", ""), {Header: tar.Header{Typeflag: dir, Name: "a", Mode: 0o500}}}, []string{"a/ dr-x------", "a/b -rwxr-xr-x"}},
		"setuid, setgid and sticky":    {[]tarFile{{Header: tar.Header{Name: "su", Mode: 0o7755}}}, []string{"su -rwxr-xr-x"}},
		"links that stay inside":       {[]tarFile{header(sym, "a/l", "../b"), header(sym, "m", "a/../b/.")}, []string{"a/ drwxr-xr-x", "a/l Lrwxrwxrwx ../b", "m Lrwxrwxrwx a/../b/."}},
		"a hard link to a file":        {[]tarFile{header(reg, "a", ""), header(tar.TypeLink, "b", "./a")}, []string{"a -rwxr-xr-x", "b -rwxr-xr-x"}},
		"a comment of git archive":     {[]tarFile{{Header: tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}}, header(reg, "a", "")}, []string{"a -rwxr-xr-x"}},
		"a backslash, a name on Unix":  {[]tarFile{header(reg, `a\b`, "")}, []string{`a\b -rwxr-xr-x`}},
		"dots that are not dot-dot":    {[]tarFile{header(reg, "..a/...", "")}, []string{"..a/ drwxr-xr-x", "..a/... -rwxr-xr-x"}},
		"only the directory itself":    {[]tarFile{header(dir, "./", "")}, nil},
		"nothing but an end mark":      {nil, nil},
		"a directory nobody may write": {[]tarFile{{Header: tar.Header{Typeflag: dir, Name: "a", Mode: 0o555}}, header(reg, "a/b/c", "")}, []string{"a/ dr-xr-xr-x", "a/b/ drwxr-xr-x", "a/b/c -rwxr-xr-x"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := unpack(t, newTGZ(t, test.files...), droplet.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := listing(t, dir); !slices.Equal(got, test.want) {
				t.Errorf("unpacked:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

func listing(tb testing.TB, dir string) (lines []string) {
	tb.Helper()
	nodes, err := droplet.Tree(dir)
	must(tb, err)
	for _, n := range nodes {
		lines = append(lines, strings.TrimSpace(n.Path+" "+n.Mode.String()+" "+n.Link))
	}
	return lines
}

func TestUnpackReadsAllMembersOfAGzip(t *testing.T) {
	t.Parallel()
	gz, err := gzip.NewReader(bytes.NewReader(newTGZ(t, tarFile{tar.Header{Name: "a"}, "some text"})))
	must(t, err)
	plain, err := io.ReadAll(gz)
	must(t, err)
	var buf bytes.Buffer
	for half := range slices.Chunk(plain, 600) {
		w := gzip.NewWriter(&buf)
		_, err := w.Write(half)
		must(t, err, w.Close())
	}
	dir, err := unpack(t, buf.Bytes(), droplet.Limits{})
	must(t, err)
	if text := read(t, dir, "a"); text != "some text" {
		t.Errorf("a = %q, want the whole text", text)
	}
}

func TestUnpackLeavesExistingFilesAlone(t *testing.T) {
	t.Parallel()
	dir := newTarget(t)
	write(t, filepath.Join(dir, "app/old"), "old", 0o644)
	must(t, os.Symlink("app", filepath.Join(dir, "link")))
	add := func(name string) error {
		return droplet.Unpack(t.Context(), bytes.NewReader(newTGZ(t, tarFile{tar.Header{Name: name}, "new"})), dir, droplet.Limits{})
	}
	must(t, add("app/new"))
	checkRefused(t, add("app/old"), "app/old", "exists already")
	checkRefused(t, add("link/x"), "link/x", "through the symbolic link")
	if got := read(t, dir, "app/old") + read(t, dir, "app/new"); got != "oldnew" {
		t.Errorf("old and new file hold %q", got)
	}
}

func TestUnpackKeepsModeOfTheTargetDirectory(t *testing.T) {
	t.Parallel()
	dir := newTarget(t)
	must(t, os.Mkdir(dir, 0o755), os.Chmod(dir, 0o751))
	root := tarFile{Header: tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o700}}
	must(t, droplet.Unpack(t.Context(), bytes.NewReader(newTGZ(t, root)), dir, droplet.Limits{}))
	info, err := os.Stat(dir)
	must(t, err)
	if info.Mode().Perm() != 0o751 {
		t.Errorf("mode = %v, want 0751 as before", info.Mode().Perm())
	}
}

func TestUnpackIgnoresImpossibleTimes(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Hour)
	far := tarFile{Header: tar.Header{Format: tar.FormatGNU, Name: "a", ModTime: time.Unix(1<<40, 0)}}
	dir, err := unpack(t, newTGZ(t, far), droplet.Limits{})
	must(t, err)
	info, err := os.Stat(filepath.Join(dir, "a"))
	must(t, err)
	if info.ModTime().Before(before) || info.ModTime().After(time.Now().Add(time.Hour)) {
		t.Errorf("mtime = %v, want about now", info.ModTime())
	}
}

func TestUnpackReportsTheReadersError(t *testing.T) {
	t.Parallel()
	boom := errors.New("connection reset")
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, strings.Repeat("text", 50_000)})
	for _, n := range []int{0, 1, 30, len(tgz) - 4} {
		r := io.MultiReader(bytes.NewReader(tgz[:n]), iotest.ErrReader(boom))
		if err := droplet.Unpack(t.Context(), r, newTarget(t), droplet.Limits{}); !errors.Is(err, boom) {
			t.Errorf("after %d bytes: error = %v, want %v", n, err, boom)
		}
	}
}

// A download may stop for long in the middle of a block that is unpacked.
func TestUnpackStopsReadingWhenCancelled(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 300_000)
	rand.NewChaCha8([32]byte{}).Read(noise)
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, string(noise)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	src := bytes.NewReader(tgz)
	trickle := iotest.OneByteReader(src)
	r := readerFunc(func(p []byte) (int, error) {
		if src.Len() == len(tgz)/2 {
			cancel()
		}
		return trickle.Read(p)
	})
	if err := droplet.Unpack(ctx, r, newTarget(t), droplet.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want %v", err, context.Canceled)
	}
	if more := len(tgz)/2 - src.Len(); more > 1 {
		t.Errorf("%d bytes were read after the end of the context", more)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUnpackStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, strings.Repeat("0", 300_000)}, header(tar.TypeReg, "b", ""))
	for n := range 6 {
		dir := newTarget(t)
		ctx := cancelAfter(t.Context(), n)
		if err := droplet.Unpack(ctx, bytes.NewReader(tgz), dir, droplet.Limits{}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at look %d: error = %v", n, err)
		}
		checkNothingOpen(t, dir)
		if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
			t.Errorf("cancelled at look %d: unpacked to the end", n)
		}
	}
}
