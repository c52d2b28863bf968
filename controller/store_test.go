package controller

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
)

func openStore(tb testing.TB, dir string) *store {
	tb.Helper()
	s := newStore(dir, slog.New(slog.DiscardHandler))
	if err := s.open(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// put stores content for an id.
func put(tb testing.TB, s *store, id, content string) {
	tb.Helper()
	in, err := s.receive(copyFrom(strings.NewReader(content)))
	if err != nil {
		tb.Fatal(err)
	}
	defer in.discard()
	if _, _, err := s.keep(id, in); err != nil {
		tb.Fatal(err)
	}
}

// read returns what an id has, "nothing" when that is nothing.
func read(tb testing.TB, s *store, id string) string {
	tb.Helper()
	f, what, err := s.get(id)
	if errors.Is(err, errNotStored) {
		return "nothing"
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil || hexSHA1(text) != what.SHA1 || int64(len(text)) != what.Size {
		tb.Fatalf("%s: %d bytes, %v, do not fit %+v", id, len(text), err, what)
	}
	return string(text)
}

func TestNewestBitsReplaceTheOldWhichAreCollected(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	put(t, s, "a", "old")
	put(t, s, "b", "old")
	put(t, s, "a", "new")
	if a, b := read(t, s, "a"), read(t, s, "b"); a != "new" || b != "old" {
		t.Errorf("a = %q, b = %q, want new and old", a, b)
	}
	put(t, s, "b", "new")
	put(t, s, "b", "new")
	if left := list(t, s.bits("")); !slices.Equal(left, []string{hexSHA1([]byte("new"))}) {
		t.Errorf("bits = %v, want only those of new", left)
	}
	if read(t, s, "c") != "nothing" || s.count() != 2 {
		t.Errorf("count = %d, want 2", s.count())
	}
}

func TestReaderOfReplacedBitsReadsToTheEnd(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	put(t, s, "a", "old")
	f, _, err := s.get("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put(t, s, "a", "new")
	if text, err := io.ReadAll(f); err != nil || string(text) != "old" {
		t.Errorf("read %q, %v, want old", text, err)
	}
}

func TestRestartKeepsWhatIsWholeAndSweepsWhatIsNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	put(t, s, "kept", "bits")
	put(t, s, "lost", "these will be removed")
	orphan, foreign := s.bits(hexSHA1([]byte("orphan"))), s.bits("README")
	for _, f := range []string{orphan, foreign, s.bits(unfinished + "123")} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.bits(hexSHA1([]byte("these will be removed")))); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"half.new": "../bits/" + hexSHA1([]byte("bits")), "astray": "/etc/passwd", "dir": ".."} {
		if err := os.Symlink(target, s.ids(link)); err != nil {
			t.Fatal(err)
		}
	}
	s = openStore(t, dir)
	if read(t, s, "kept") != "bits" || read(t, s, "lost") != "nothing" || read(t, s, "astray") != "nothing" {
		t.Errorf("kept = %q, lost = %q, astray = %q", read(t, s, "kept"), read(t, s, "lost"), read(t, s, "astray"))
	}
	want := []string{"bits/README", "bits/" + hexSHA1([]byte("bits")), "ids/kept"}
	if got := list(t, dir); !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("files = %v, want %v", got, want)
	}
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

func TestOnlyTheOwnerMayLookIntoTheStore(t *testing.T) {
	t.Parallel()
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	put(t, s, "a", "secret")
	for _, path := range []string{s.dir, s.bits(""), s.ids(""), s.bits(hexSHA1([]byte("secret")))} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
}

// strangeIDs are what people, or others, may call an app.
func strangeIDs() []string {
	return []string{
		"a", "A", "á", ".", "..", "../../etc/passwd", "a/b", `a\b`, "a%2Fb", "%2e%2e", "a b", "a\x00b", "a\nb", "-", "x.new", "🚀",
		strings.Repeat("x", 200), strings.Repeat("x", 201), strings.Repeat("x", 300), strings.Repeat("/", 300),
		"%%" + hexSHA1([]byte(strings.Repeat("x", 300))), // as the file name of another
	}
}

func TestStrangeIDsAreEachTheirOwn(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	s := openStore(t, filepath.Join(parent, "store"))
	for _, id := range append(strangeIDs(), "") {
		put(t, s, id, "bits of "+id)
	}
	s = openStore(t, s.dir)
	for _, id := range append(strangeIDs(), "") {
		if got := read(t, s, id); got != "bits of "+id {
			t.Errorf("%.20q has %.40q", id, got)
		}
	}
	if outside, err := os.ReadDir(parent); err != nil || len(outside) != 1 {
		t.Errorf("beside the store there is %v, %v", outside, err)
	}
}

func TestStrangeIDsTravelOverHTTP(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	for _, id := range strangeIDs() {
		if a := c.upload(t, "/upload_droplet/"+url.PathEscape(id)+"/x", []byte("bits of "+id)); a.StatusCode != 200 {
			t.Errorf("%.20q: upload = %s %s", id, a.Status, a.body)
		}
	}
	for _, id := range strangeIDs() {
		if a := c.send(t, "GET", "/staged_droplets/"+url.PathEscape(id)+"/SHA1", nil); a.body != "bits of "+id {
			t.Errorf("%.20q: droplet = %s %.40q", id, a.Status, a.body)
		}
	}
}

func FuzzLinkNamesAreSafeAndDistinct(f *testing.F) {
	ids := strangeIDs()
	for i := range ids {
		f.Add(ids[i], ids[(i+1)%len(ids)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		name := linkName(a)
		if !filepath.IsLocal(name) || filepath.Base(name) != name || len(name) > maxLinkName || strings.HasSuffix(name, newLink) {
			t.Errorf("%q is stored as %q", a, name)
		}
		if a != b && strings.EqualFold(name, linkName(b)) {
			t.Errorf("%q and %q are both stored as %q", a, b, name)
		}
	})
}

func TestLastOfManyUploadsWinsWhole(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	contents := make([][]byte, 10)
	var wg sync.WaitGroup
	for i := range contents {
		contents[i] = bytes.Repeat([]byte{byte('0' + i)}, 100_000)
		wg.Go(func() {
			if a := c.upload(t, "/upload_droplet/app/x", contents[i]); a.StatusCode != 200 {
				t.Errorf("upload %d = %s %s", i, a.Status, a.body)
			}
			got := c.send(t, "GET", "/staged_droplets/app/SHA1", nil)
			if !slices.ContainsFunc(contents, func(b []byte) bool { return string(b) == got.body }) {
				t.Errorf("after upload %d the droplet is none of those uploaded: %d bytes", i, len(got.body))
			}
		})
	}
	wg.Wait()
	c.upload(t, "/upload_droplet/app/x", contents[3])
	if got := c.send(t, "GET", "/staged_droplets/app/SHA1", nil).body; got != string(contents[3]) {
		t.Error("the last upload did not win")
	}
	if left := c.files(t, "droplets/bits"); len(left) != 1 {
		t.Errorf("bits = %v, want those of the last upload alone", left)
	}
}

// Not parallel: it measures what the process allocates.
func TestUploadIsNeverWholeInMemory(t *testing.T) {
	const size = 64 << 20
	c := start(t, bustest.New(t), t.TempDir(), func(cfg *Config) { cfg.MaxUpload = config.Size(size) })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body := io.MultiReader(
		strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"upload[droplet]\"; filename=\"droplet.tgz\"\r\n\r\n"),
		io.LimitReader(zeros{}, size), strings.NewReader("\r\n--x--\r\n"))
	a := c.send(t, "POST", "/upload_droplet/big/x", body, "Content-Type", "multipart/form-data; boundary=x")
	if a.StatusCode != 200 {
		t.Fatalf("upload = %s %s", a.Status, a.body)
	}
	res, err := http.Get(c.URL() + "/staged_droplets/big/SHA1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil {
		t.Fatalf("download = %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > size/8 {
		t.Errorf("64 MiB up and down allocated %d MiB", grown>>20)
	}
}

func BenchmarkDropletRoundTrip(b *testing.B) {
	c := start(b, bustest.New(b), b.TempDir(), nil)
	i := 0
	for b.Loop() {
		i++
		droplet := append(make([]byte, 1<<10), fmt.Sprint(i)...) // another one each time, as staging makes
		if a := c.upload(b, "/upload_droplet/app/x", droplet); a.StatusCode != 200 {
			b.Fatal(a.Status)
		}
		if a := c.send(b, "GET", "/staged_droplets/app/SHA1", nil); len(a.body) != len(droplet) {
			b.Fatal(a.Status)
		}
	}
}
