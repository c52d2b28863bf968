package droplet_test

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/minicf/minicf/droplet"
)

// tarRefusal is an archive whose last entry is refused.
type tarRefusal struct {
	files  []tarFile
	lim    droplet.Limits
	reason string
}

func checkTarRefusals(t *testing.T, tests map[string]tarRefusal) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t, newTGZ(t, test.files...), test.lim)
			checkRefused(t, err, test.files[len(test.files)-1].Name, test.reason)
		})
	}
}

func TestUnpackRefusesNamesTypesAndSizes(t *testing.T) {
	t.Parallel()
	reg, dir := byte(tar.TypeReg), byte(tar.TypeDir)
	checkTarRefusals(t, map[string]tarRefusal{
		"traversal":                     {files: []tarFile{header(reg, "../victim", "")}, reason: "leads outside the target directory"},
		"traversal inside a name":       {files: []tarFile{header(reg, "a/../../victim", "")}, reason: "leads outside the target directory"},
		"dot-dot that stays inside":     {files: []tarFile{header(reg, "a/../b", "")}, reason: `".."`},
		"the parent directory":          {files: []tarFile{header(dir, "..", "")}, reason: "leads outside the target directory"},
		"absolute path":                 {files: []tarFile{header(reg, "/etc/evil", "")}, reason: "absolute path"},
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
	})
}

func TestUnpackRefusesLinks(t *testing.T) {
	t.Parallel()
	reg, sym, hard := byte(tar.TypeReg), byte(tar.TypeSymlink), byte(tar.TypeLink)
	checkTarRefusals(t, map[string]tarRefusal{
		"absolute link":             {files: []tarFile{header(sym, "l", "/etc/passwd")}, reason: "absolute path"},
		"link to the parent":        {files: []tarFile{header(sym, "a/l", "../../victim")}, reason: "outside the target directory"},
		"link without a target":     {files: []tarFile{header(sym, "l", "")}, reason: "without a valid target"},
		"hard link outside":         {files: []tarFile{header(hard, "h", "../victim")}, reason: "outside the target directory"},
		"absolute hard link":        {files: []tarFile{header(hard, "h", "/etc/passwd")}, reason: "outside the target directory"},
		"hard link to a later file": {files: []tarFile{header(hard, "h", "a")}, reason: "not an earlier file"},
		"hard link to a link":       {files: []tarFile{header(sym, "a/l", "../b"), header(hard, "h", "a/l")}, reason: "not an earlier file"},
		"hard link as the root":     {files: []tarFile{header(reg, "a", ""), header(hard, ".", "a")}, reason: "stands for the target directory"},
		"link as the root":          {files: []tarFile{header(sym, "./", "a")}, reason: "stands for the target directory"},
	})
}

func TestUnpackNeverOverwrites(t *testing.T) {
	t.Parallel()
	reg, dir, sym, hard := byte(tar.TypeReg), byte(tar.TypeDir), byte(tar.TypeSymlink), byte(tar.TypeLink)
	checkTarRefusals(t, map[string]tarRefusal{
		"write through a link":  {files: []tarFile{header(dir, "a", ""), header(sym, "l", "a"), header(reg, "l/b", "")}, reason: `through the symbolic link "l"`},
		"write through a file":  {files: []tarFile{header(reg, "a", ""), header(reg, "a/b", "")}, reason: `lies below "a"`},
		"file over a link":      {files: []tarFile{header(sym, "l", "a"), header(reg, "l", "")}, reason: "exists already"},
		"directory over a link": {files: []tarFile{header(dir, "a", ""), header(sym, "l", "a"), header(dir, "l", "")}, reason: "exists already"},
		"directory over a file": {files: []tarFile{header(reg, "a", ""), header(dir, "a", "")}, reason: "exists already"},
		"file over a directory": {files: []tarFile{header(dir, "a", ""), header(reg, "a", "")}, reason: "exists already"},
		"file over a file":      {files: []tarFile{header(reg, "a", ""), header(reg, "./a", "")}, reason: "exists already"},
		"link over a file":      {files: []tarFile{header(reg, "a", ""), header(sym, "a", "b")}, reason: "exists already"},
		"hard link over a file": {files: []tarFile{header(reg, "a", ""), header(reg, "b", ""), header(hard, "b", "a")}, reason: "exists already"},
	})
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

func TestUnpackStopsBeforeAFileThatClaimsTooMuch(t *testing.T) {
	t.Parallel()
	const lim = 1 << 20
	bomb := newTGZ(t, tarFile{tar.Header{Name: "a"}, strings.Repeat("0", lim-5)}, tarFile{tar.Header{Name: "b"}, strings.Repeat("0", 8<<20)})
	dir, err := unpack(t, bomb, droplet.Limits{Bytes: lim})
	checkRefused(t, err, "b", "more than 1048576 bytes")
	if _, err := os.Stat(filepath.Join(dir, "b")); err == nil {
		t.Error("the file was made all the same")
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
