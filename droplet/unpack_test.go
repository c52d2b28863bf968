package droplet_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
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

func TestUnpackRefusesEntries(t *testing.T) {
	t.Parallel()
	reg, dir, sym, hard := byte(tar.TypeReg), byte(tar.TypeDir), byte(tar.TypeSymlink), byte(tar.TypeLink)
	outside := "outside the target directory"
	tests := map[string]struct {
		files         []tarFile // the last one is refused
		lim           droplet.Limits
		entry, reason string
	}{
		"traversal":                     {files: []tarFile{header(reg, "../victim", "")}, reason: "leads " + outside},
		"traversal inside a name":       {files: []tarFile{header(reg, "a/../../victim", "")}, reason: "leads " + outside},
		"dot-dot that stays inside":     {files: []tarFile{header(reg, "a/../b", "")}, reason: `".."`},
		"the parent directory":          {files: []tarFile{header(dir, "..", "")}, reason: "leads " + outside},
		"absolute path":                 {files: []tarFile{header(reg, "/etc/evil", "")}, reason: "absolute path"},
		"absolute link":                 {files: []tarFile{header(sym, "l", "/etc/passwd")}, reason: "absolute path"},
		"link to the parent":            {files: []tarFile{header(sym, "a/l", "../../victim")}, reason: outside},
		"link without a target":         {files: []tarFile{header(sym, "l", "")}, reason: "without a valid target"},
		"write through a link":          {files: []tarFile{header(dir, "a", ""), header(sym, "l", "a"), header(reg, "l/b", "")}, reason: `through the symbolic link "l"`},
		"write through a file":          {files: []tarFile{header(reg, "a", ""), header(reg, "a/b", "")}, reason: `lies below "a"`},
		"file over a link":              {files: []tarFile{header(sym, "l", "a"), header(reg, "l", "")}, reason: "exists already"},
		"directory over a link":         {files: []tarFile{header(dir, "a", ""), header(sym, "l", "a"), header(dir, "l", "")}, reason: "exists already"},
		"directory over a file":         {files: []tarFile{header(reg, "a", ""), header(dir, "a", "")}, reason: "exists already"},
		"file over a directory":         {files: []tarFile{header(dir, "a", ""), header(reg, "a", "")}, reason: "exists already"},
		"file over a file":              {files: []tarFile{header(reg, "a", ""), header(reg, "./a", "")}, reason: "exists already"},
		"link over a file":              {files: []tarFile{header(reg, "a", ""), header(sym, "a", "b")}, reason: "exists already"},
		"hard link over a file":         {files: []tarFile{header(reg, "a", ""), header(reg, "b", ""), header(hard, "b", "a")}, reason: "exists already"},
		"hard link outside":             {files: []tarFile{header(hard, "h", "../victim")}, reason: outside},
		"absolute hard link":            {files: []tarFile{header(hard, "h", "/etc/passwd")}, reason: outside},
		"hard link to a later file":     {files: []tarFile{header(hard, "h", "a")}, reason: "not an earlier file"},
		"hard link to a link":           {files: []tarFile{header(sym, "a/l", "../b"), header(hard, "h", "a/l")}, reason: "not an earlier file"},
		"hard link as the root":         {files: []tarFile{header(reg, "a", ""), header(hard, ".", "a")}, reason: "stands for the target directory"},
		"link as the root":              {files: []tarFile{header(sym, "./", "a")}, reason: "stands for the target directory"},
		"character device":              {files: []tarFile{header(tar.TypeChar, "dev/null", "")}, reason: "device"},
		"block device":                  {files: []tarFile{header(tar.TypeBlock, "dev/sda", "")}, reason: "device"},
		"fifo":                          {files: []tarFile{header(tar.TypeFifo, "pipe", "")}, reason: "fifo"},
		"unknown type":                  {files: []tarFile{header('V', "label", "")}, reason: "unknown type 'V'"},
		"name longer than a file's":     {files: []tarFile{header(reg, strings.Repeat("n", 300), "")}, reason: "not valid on this system"},
		"name longer than a path":       {files: []tarFile{header(reg, strings.Repeat("name/", 900)+"x", "")}, reason: "longer than 4096 bytes"},
		"too deep":                      {files: []tarFile{header(reg, strings.Repeat("d/", 200)+"f", "")}, reason: "128 directories deep"},
		"too many entries":              {lim: droplet.Limits{Entries: 1}, files: []tarFile{header(reg, "a", ""), header(reg, "b", "")}, reason: "more than 1 entries"},
		"too many unlisted directories": {lim: droplet.Limits{Entries: 3}, files: []tarFile{header(reg, "a/b/c/d", "")}, reason: "more than 3 entries"},
		"too many repeated directories": {lim: droplet.Limits{Entries: 2}, files: []tarFile{header(dir, "a", ""), header(dir, "a", ""), header(dir, "a", "")}, reason: "more than 2 entries"},
		"more bytes than allowed":       {lim: droplet.Limits{Bytes: 9}, files: []tarFile{{tar.Header{Name: "a"}, "12345"}, {tar.Header{Name: "b"}, "67890"}}, reason: "more than 9 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t, newTGZ(t, test.files...), test.lim)
			checkRefused(t, err, test.files[len(test.files)-1].Name, test.reason)
		})
	}
}

// "a/b/up/.." reads like a/b, but up leads to the root, and ".." from there.
func TestUnpackRefusesLinkThatClimbsOutThroughAnotherLink(t *testing.T) {
	t.Parallel()
	up, evil := header(tar.TypeSymlink, "a/b/up", "../.."), header(tar.TypeSymlink, "evil", "a/b/up/../victim")
	for name, files := range map[string][]tarFile{"link first": {up, evil}, "link last": {evil, up}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t, newTGZ(t, files...), droplet.Limits{})
			checkRefused(t, err, "evil", "does not stay inside")
		})
	}
}

func TestUnpackStopsWritingAtTheLimit(t *testing.T) {
	t.Parallel()
	const lim = 1 << 20
	bomb := newTGZ(t, tarFile{tar.Header{Name: "a"}, strings.Repeat("0", lim-5)}, tarFile{tar.Header{Name: "b"}, strings.Repeat("0", 8<<20)})
	dir, err := unpack(t, bomb, droplet.Limits{Bytes: lim})
	checkRefused(t, err, "b", "more than 1048576 bytes")
	if info, err := os.Stat(filepath.Join(dir, "b")); err == nil && info.Size() > 5 {
		t.Errorf("%d bytes were written, 5 were left", info.Size())
	}
}

// Long names and pax records are content that no file shows.
func TestUnpackStopsAtAnEndlessHeader(t *testing.T) {
	t.Parallel()
	var files []tarFile
	for range 40 {
		files = append(files, tarFile{Header: tar.Header{
			Typeflag:   tar.TypeXGlobalHeader,
			PAXRecords: map[string]string{"comment": strings.Repeat("x", 900_000)},
		}})
	}
	_, err := unpack(t, newTGZ(t, files...), droplet.Limits{Entries: 1000, Bytes: 1})
	if err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
		t.Errorf("error = %v, want the archive refused as too large", err)
	}
}

func TestUnpackNeedsACompleteArchive(t *testing.T) {
	t.Parallel()
	tgz := newTGZ(t, tarFile{tar.Header{Name: "a"}, "some text"}, tarFile{tar.Header{Name: "b/c"}, "more"})
	for n := range tgz {
		_, err := unpack(t, tgz[:n], droplet.Limits{})
		if err == nil {
			t.Fatalf("the first %d of %d bytes were taken for a whole archive", n, len(tgz))
		}
		if n > 2 && !strings.Contains(err.Error(), "truncated") {
			t.Errorf("first %d bytes: error = %v, want it called truncated", n, err)
		}
	}
}

func TestUnpackRefusesWhatIsNoDroplet(t *testing.T) {
	t.Parallel()
	good := newTGZ(t, tarFile{tar.Header{Name: "a"}, "some text"})
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1 // in the checksum
	gz := func(text string) []byte {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		_, err := w.Write([]byte(text))
		must(t, err, w.Close())
		return buf.Bytes()
	}
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"nothing":                  {nil, "not a gzip'ed tar archive"},
		"a 404 page":               {[]byte("<html>Not Found</html>"), "not a gzip'ed tar archive"},
		"a gzip of nothing":        {gz(""), "not a tar archive"},
		"a gzip of text":           {gz(strings.Repeat("Hello World! ", 99)), "not a tar archive"},
		"a wrong checksum":         {flipped, "damaged"},
		"a character too much":     {slices.Concat(good, []byte("\n")), "trailing garbage"},
		"a text behind it":         {slices.Concat(good, []byte("and a long text behind")), "trailing garbage"},
		"text behind the end mark": {slices.Concat(good, gz("text")), "trailing garbage"},
		"endless padding":          {slices.Concat(good, gz(strings.Repeat("\x00", 2<<20))), "trailing garbage"},
		"half of another archive":  {slices.Concat(good, good[:8]), "truncated"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t, test.content, droplet.Limits{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
		})
	}
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
