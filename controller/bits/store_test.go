package bits

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openStore(tb testing.TB, dir string) *Store {
	tb.Helper()
	s := New(dir, slog.New(slog.DiscardHandler))
	if err := s.Open(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// put stores content for an id.
func put(tb testing.TB, s *Store, id, content string) {
	tb.Helper()
	in, err := s.Receive(CopyFrom(strings.NewReader(content)))
	if err != nil {
		tb.Fatal(err)
	}
	defer in.Discard()
	if _, _, err := s.Keep(id, in); err != nil {
		tb.Fatal(err)
	}
}

// read returns what an id has, "nothing" when that is nothing.
func read(tb testing.TB, s *Store, id string) string {
	tb.Helper()
	f, what, err := s.Get(id)
	if errors.Is(err, ErrNotStored) {
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
	if left := list(t, s.Path("")); !slices.Equal(left, []string{hexSHA1([]byte("new"))}) {
		t.Errorf("bits = %v, want only those of new", left)
	}
	if read(t, s, "c") != "nothing" || s.Count() != 2 {
		t.Errorf("count = %d, want 2", s.Count())
	}
}

func TestReaderOfReplacedBitsReadsToTheEnd(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	put(t, s, "a", "old")
	f, _, err := s.Get("a")
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
	orphan, foreign := s.Path(hexSHA1([]byte("orphan"))), s.Path("README")
	for _, f := range []string{orphan, foreign, s.Path(unfinished + "123")} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.Path(hexSHA1([]byte("these will be removed")))); err != nil {
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
	for _, path := range []string{s.dir, s.Path(""), s.ids(""), s.Path(hexSHA1([]byte("secret")))} {
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

// Not parallel: it measures what the process allocates.

func hexSHA1(content []byte) string {
	sum := sha1.Sum(content)
	return hex.EncodeToString(sum[:])
}

// list are the files below a directory.
func list(tb testing.TB, dir string) []string {
	tb.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestSharedBitsStayAsLongAsAnyIDHasThem(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	put(t, s, "cf-one", "one")
	put(t, s, "cf-two", "two")
	if _, err := s.Share("cf-none", "cf-two"); !errors.Is(err, ErrNotStored) {
		t.Errorf("sharing what is not there = %v, want ErrNotStored", err)
	}
	for range 2 { // the second time changes nothing
		if _, err := s.Share("cf-one", "cf-two"); err != nil {
			t.Fatal(err)
		}
	}
	if left := list(t, s.Path("")); len(left) != 1 {
		t.Errorf("bits = %v, want no more than those that both have", left)
	}
	s.Drop("cf-one")
	if got := read(t, s, "cf-two"); got != "one" {
		t.Errorf("cf-two has %q, want what cf-one had", got)
	}
	if names := s.Names("cf-"); !slices.Equal(names, []string{"cf-two"}) {
		t.Errorf("names = %v, want cf-two", names)
	}
}
