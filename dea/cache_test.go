package dea

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/protocol"
)

func TestDropletIsDownloadedOnceForManyStarts(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { served.Add(1); io.WriteString(w, "bits") })
	f := testFetcher(t)
	f.room = 100
	for range 3 {
		if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: sumOf("bits"), ExecutableURI: url}); got != "bits" {
			t.Errorf("got %q", got)
		}
	}
	if n := served.Load(); n != 1 {
		t.Errorf("it was downloaded %d times", n)
	}
	for range 2 { // a name proves nothing
		fetch(t.Context(), f, protocol.StartRequest{SHA1: "SHA1", ExecutableURI: url})
	}
	if n := served.Load(); n != 3 {
		t.Errorf("what has no hash was downloaded %d times, want 2", n-1)
	}
}

func TestDropletsThatWereNotUsedForLongestAreEvicted(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, strings.TrimPrefix(r.URL.Path, "/")) })
	f := testFetcher(t)
	f.room = 10
	if err := os.WriteFile(filepath.Join(f.dir, "mine.tgz"), make([]byte, 100), 0o644); err != nil {
		t.Fatal(err)
	}
	get := func(bits string) {
		t.Helper()
		if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: sumOf(bits), ExecutableURI: url + "/" + bits}); got != bits {
			t.Errorf("got %q, want %q", got, bits)
		}
	}
	get("aaaa")
	get("bbbb")
	for bits, age := range map[string]time.Duration{"aaaa": time.Hour, "bbbb": time.Minute} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(f.dir, sumOf(bits)+".tgz"), at, at); err != nil {
			t.Fatal(err)
		}
	}
	get("aaaa") // used again
	get("cccc")
	want := []string{"mine.tgz", sumOf("aaaa") + ".tgz", sumOf("cccc") + ".tgz"}
	slices.Sort(want)
	if left := entries(t, f.dir); !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

func TestDropletLargerThanTheCacheLeavesTheOthersThere(t *testing.T) {
	t.Parallel()
	f := newCache(t, 10, "aaaa")
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "more than ten") })
	if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: sumOf("more than ten"), ExecutableURI: url}); got != "more than ten" {
		t.Errorf("got %q", got)
	}
	if left, want := entries(t, f.dir), []string{sumOf("aaaa") + ".tgz"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

func TestDropletInUseIsNotEvicted(t *testing.T) {
	t.Parallel()
	f := newCache(t, 6, "aaaa")
	used, err := f.open(t.Context(), protocol.StartRequest{SHA1: sumOf("aaaa")})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "bbbb") })
	fetch(t.Context(), f, protocol.StartRequest{SHA1: sumOf("bbbb"), ExecutableURI: url})
	if left, want := entries(t, f.dir), []string{sumOf("aaaa") + ".tgz"}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
	used.close()
}

func TestSmallerCacheIsEmptiedAtTheNextStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		room int64
		left int
	}{
		"smaller":                           {5, 1},
		"none kept, but some put there":     {0, 2},
		"all have room":                     {8, 2},
		"too small for a single one of all": {3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCache(t, c.room, "aaaa", "bbbb")
			if err := f.clean(); err != nil {
				t.Fatal(err)
			}
			if left := entries(t, f.dir); len(left) != c.left {
				t.Errorf("left are %v, want %d", left, c.left)
			}
		})
	}
}

// newCache is a fetcher whose cache has room for so many bytes and holds these droplets.
func newCache(tb testing.TB, room int64, droplets ...string) *fetcher {
	tb.Helper()
	f := testFetcher(tb)
	f.room = room
	for _, bits := range droplets {
		if err := os.WriteFile(filepath.Join(f.dir, sumOf(bits)+".tgz"), []byte(bits), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return f
}
