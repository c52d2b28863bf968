package dea

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

func testFetcher(tb testing.TB) *fetcher {
	cfg := Default()
	cfg.Unpack.MaxSize = 1 << 20
	cfg.DropletCache.MaxSize = 0
	f := newFetcher(cfg, tb.TempDir(), testkit.Logger(tb))
	tb.Cleanup(f.wait)
	return f
}

// fetch returns a droplet's content, or an error's text.
func fetch(ctx context.Context, f *fetcher, r protocol.StartRequest) string {
	bits, err := f.open(ctx, r)
	if err != nil {
		return "error: " + err.Error()
	}
	defer bits.close()
	text, err := io.ReadAll(bits)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(text)
}

func sumOf(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func serve(tb testing.TB, h http.HandlerFunc) string {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(s.Close)
	return s.URL
}

func TestDropletIsDownloadedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "bits") })
	for _, name := range []string{sumOf("bits"), strings.ToUpper(sumOf("bits")), "SHA1", "", "../../x", strings.Repeat("long", 100)} {
		f := testFetcher(t)
		if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: name, ExecutableURI: url}); got != "bits" {
			t.Errorf("%.20q: got %q", name, got)
		}
		if left := entries(t, f.dir); len(left) != 0 {
			t.Errorf("%.20q: left are %v", name, left)
		}
	}
}

func TestBrokenDownloadsAreErrorsThatSayWhy(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/short":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "bits")
		case "/large":
			io.WriteString(w, strings.Repeat("x", 1<<20+1))
		case "/moved":
			http.Redirect(w, r, "/bits", http.StatusFound)
		case "/bits":
			io.WriteString(w, "bits")
		default:
			http.NotFound(w, r)
		}
	})
	for path, want := range map[string]string{
		url + "/missing":     "404 Not Found",
		url + "/moved":       "302 Found",
		url + "/short":       "unexpected EOF",
		url + "/large":       "longer than 1048576 bytes",
		url + "/bits":        "SHA1 is " + sumOf("bits"),
		"/staged/relative":   "unsupported protocol scheme",
		"http://127.0.0.1:1": "refused",
		"ftp://u:hunter2@x":  "unsupported protocol scheme",
		"http://u:hunter2@[": "missing ']'",
		"":                   "unsupported protocol scheme",
	} {
		f := testFetcher(t)
		r := protocol.StartRequest{SHA1: strings.Repeat("ab", 20), ExecutableURI: path}
		got := fetch(t.Context(), f, r)
		if !strings.HasPrefix(got, "error: ") || !strings.Contains(got, want) || strings.Contains(got, "hunter2") {
			t.Errorf("%s: got %q, want an error about %q", path, got, want)
		}
		if left := entries(t, f.dir); len(left) != 0 {
			t.Errorf("%s: left are %v", path, left)
		}
	}
}

func TestStartsAtOnceShareOneDownload(t *testing.T) {
	t.Parallel()
	var served atomic.Int32
	goOn := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		<-goOn
		io.WriteString(w, "bits")
	})
	f := testFetcher(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: "SHA1", ExecutableURI: url}); got != "bits" {
				t.Errorf("got %q", got)
			}
		})
	}
	testkit.Eventually(t, 10*time.Second, "all to wait for the download", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, fl := range f.flights {
			return fl.users == 4
		}
		return false
	})
	close(goOn)
	wg.Wait()
	if served.Load() != 1 {
		t.Errorf("the droplet was downloaded %d times, want once", served.Load())
	}
}

func TestSameNameAtOtherAddressIsAnotherDroplet(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })
	f := testFetcher(t)
	f.keep = true
	var open []*bits
	for _, path := range []string{"/one", "/two"} {
		b, err := f.open(t.Context(), protocol.StartRequest{SHA1: "SHA1", ExecutableURI: url + path})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, b)
	}
	for i, want := range []string{"/one", "/two"} {
		if got, err := io.ReadAll(open[i]); string(got) != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		open[i].close()
	}
	if left := entries(t, f.dir); len(left) != 2 {
		t.Errorf("with disable_dir_cleanup left are %v, want both", left)
	}
}

// A name proves nothing: the tutorial deploys again and again under the literal SHA1.
func TestKeptDropletIsOnlyUsedAgainWhenItsHashIsKnown(t *testing.T) {
	t.Parallel()
	content := "first"
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, content) })
	f := testFetcher(t)
	f.keep = true
	named := protocol.StartRequest{SHA1: "SHA1", ExecutableURI: url}
	hashed := protocol.StartRequest{SHA1: sumOf("first"), ExecutableURI: url}
	for _, r := range []protocol.StartRequest{named, hashed} {
		if got := fetch(t.Context(), f, r); got != "first" {
			t.Errorf("got %q", got)
		}
	}
	content = "second"
	if got := fetch(t.Context(), f, named); got != "second" {
		t.Errorf("under a name got %q, want what is there now", got)
	}
	if got := fetch(t.Context(), f, hashed); got != "first" {
		t.Errorf("under a hash got %q, want the kept one", got)
	}
	if err := os.WriteFile(filepath.Join(f.dir, sumOf("first")+".tgz"), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	content = "first"
	if got := fetch(t.Context(), f, hashed); got != "first" {
		t.Errorf("after damage got %q, want it fetched again", got)
	}
}

// The first tutorial packs its app straight into staged/ and names an address that nobody serves.
func TestDropletThatSomebodyPutThereIsUsed(t *testing.T) {
	t.Parallel()
	f := testFetcher(t)
	path := filepath.Join(f.dir, "SHA-sinatra.tgz")
	if err := os.WriteFile(path, []byte("bits"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := protocol.StartRequest{SHA1: "SHA-sinatra", ExecutableURI: "/staged_droplets/x", ExecutableFile: "???"}
	if got := fetch(t.Context(), f, r); got != "bits" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v, want it gone as in 2012", err)
	}
}

func TestSharedFileIsTriedFirst(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "by HTTP") })
	dir := t.TempDir()
	file := filepath.Join(dir, "droplet")
	if err := os.WriteFile(file, []byte("shared"), 0o644); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sum, file string
		force     bool
		want      string
	}{
		"there":                    {"name", file, false, "shared"},
		"there, with the hash":     {sumOf("shared"), file, false, "shared"},
		"there, but not the hash":  {sumOf("by HTTP"), file, false, "by HTTP"},
		"HTTP is forced":           {"name", file, true, "by HTTP"},
		"missing":                  {"name", filepath.Join(dir, "nope"), false, "by HTTP"},
		"a directory":              {"name", dir, false, "by HTTP"},
		"a fifo":                   {"name", fifo, false, "by HTTP"},
		"relative, the originals'": {"name", "ignore-unless-shared-filesystem", false, "by HTTP"},
	} {
		f := testFetcher(t)
		f.share = !c.force
		if got := fetch(t.Context(), f, protocol.StartRequest{SHA1: c.sum, ExecutableFile: c.file, ExecutableURI: url}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the shared file is gone: %v", err)
	}
}

func TestDownloadGoesOnWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cancelled := make(chan struct{}, 9)
		goOn := make(chan struct{})
		f := testFetcher(t)
		f.client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			select {
			case <-goOn:
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("bits"))}, nil
			case <-r.Context().Done():
				cancelled <- struct{}{}
				return nil, r.Context().Err()
			}
		})}
		r := protocol.StartRequest{SHA1: "SHA1", ExecutableURI: "http://cc/x"}
		first, leave := context.WithCancel(t.Context())
		got := make(chan string, 3)
		go func() { got <- fetch(first, f, r) }()
		synctest.Wait()
		go func() { got <- fetch(t.Context(), f, r) }()
		synctest.Wait()
		leave()
		if s := <-got; s != "error: context canceled" {
			t.Errorf("who left got %q", s)
		}
		if len(cancelled) != 0 {
			t.Error("the download ended although somebody waits")
		}
		close(goOn)
		if s := <-got; s != "bits" {
			t.Errorf("who stayed got %q", s)
		}
	})
}

func TestDownloadThatEverybodyLeftCanBeBegunAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := testFetcher(t)
		rounds := 0
		f.client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if rounds++; rounds == 1 {
				<-r.Context().Done()
				time.Sleep(time.Second) // a server that takes its time to hang up
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("bits"))}, nil
		})}
		r := protocol.StartRequest{SHA1: "SHA1", ExecutableURI: "http://cc/x"}
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan string, 1)
		go func() { left <- fetch(ctx, f, r) }()
		synctest.Wait()
		leave()
		<-left
		begin := time.Now()
		if got := fetch(t.Context(), f, r); got != "bits" || rounds != 2 {
			t.Errorf("got %q in round %d, want the droplet in the second", got, rounds)
		}
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("it waited %v for the first download to end, want the second that it takes", waited)
		}
	})
}

func TestServerThatStallsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := testFetcher(t)
		f.client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(&dripping{r.Context(), 5})}, nil
		})}
		begin := time.Now()
		got := fetch(t.Context(), f, protocol.StartRequest{SHA1: "SHA1", ExecutableURI: "http://cc/x"})
		if waited := time.Since(begin); waited != 5*20*time.Second+stallLimit || !strings.Contains(got, "nothing came for 30s") {
			t.Errorf("after %v got %q", waited, got)
		}
	})
}

// dripping gives a byte every 20 s, n times, and then nothing more.
type dripping struct {
	ctx context.Context
	n   int
}

func (d *dripping) Read(b []byte) (int, error) {
	if d.n--; d.n >= 0 {
		time.Sleep(20 * time.Second)
		return copy(b, "x"), nil
	}
	<-d.ctx.Done()
	return 0, fmt.Errorf("body: %w", d.ctx.Err())
}

func TestLeftoversOfDownloadsAreCleaned(t *testing.T) {
	t.Parallel()
	f := testFetcher(t)
	for _, name := range []string{"a.tgz.pending", "SHA-sinatra.tgz"} {
		if err := os.WriteFile(filepath.Join(f.dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.clean(); err != nil {
		t.Fatal(err)
	}
	if left := entries(t, f.dir); len(left) != 1 || left[0] != "SHA-sinatra.tgz" {
		t.Errorf("left are %v, want what somebody put there", left)
	}
}
