package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// viewer answers like the file viewer of 2012, and tells what it was asked for.
func viewer(t *testing.T) protocol.FoundInstance {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		switch r.URL.Path {
		case "/droplets/hello-0-c8b0/missing":
			w.WriteHeader(http.StatusNotFound)
			return
		case "/droplets/hello-0-c8b0/../up":
			w.WriteHeader(http.StatusForbidden)
			return
		case "/droplets/hello-0-c8b0/broken":
			w.WriteHeader(http.StatusInternalServerError)
			return
		case "/droplets/hello-0-c8b0/":
		default:
			w.Header().Set("Last-Modified", "Wed, 14 Nov 2012 09:26:01 GMT")
		}
		fmt.Fprint(w, user, " ", password, " ", r.URL.Path, " ", r.URL.RawQuery)
	}))
	t.Cleanup(server.Close)
	staged := "hello-0-c8b0"
	return protocol.FoundInstance{DEA: "d0", FileURI: server.URL + "/droplets/", Staged: &staged, Credentials: []string{"me", "secret"}}
}

func TestFilesOfAnInstanceAreAskedForByItsAddress(t *testing.T) {
	t.Parallel()
	in := viewer(t)
	for _, c := range []struct {
		path      string
		follow    bool
		want      string
		directory bool
	}{
		{"", false, "me secret /droplets/hello-0-c8b0/ ", true},
		{"logs/stderr.log", false, "me secret /droplets/hello-0-c8b0/logs/stderr.log ", false},
		{"logs/stderr.log", true, "me secret /droplets/hello-0-c8b0/logs/stderr.log tail&tail_offset=0", false},
		{"app/a b?c#d%2f", false, "me secret /droplets/hello-0-c8b0/app/a b?c#d%2f ", false},
	} {
		f, err := client.OpenFile(t.Context(), in, c.path, c.follow)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		f.Close()
		if err != nil || string(text) != c.want || f.Directory != c.directory {
			t.Errorf("%q: asked for %q, %v, directory %t, want %q, %t", c.path, text, err, f.Directory, c.want, c.directory)
		}
	}
}

func TestFilesThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	in := viewer(t)
	for path, want := range map[string]error{"missing": client.ErrNoFile, "../up": client.ErrHiddenFile} {
		if _, err := client.OpenFile(t.Context(), in, path, false); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	unstaged := in
	unstaged.Staged = nil
	if _, err := client.OpenFile(t.Context(), unstaged, "", false); !errors.Is(err, client.ErrNotStaged) {
		t.Errorf("without a directory: %v, want ErrNotStaged", err)
	}
	for uri, want := range map[string]string{
		in.FileURI:                      "ask the file viewer of DEA d0: the answer is 500 Internal Server Error",
		"http://127.0.0.1/droplets/":    "ask the file viewer of DEA d0: it has none",
		"http://127.0.0.1:/droplets/":   "ask the file viewer of DEA d0: it has none",
		"://":                           "ask the file viewer of DEA d0: it has none",
		"http://127.0.0.1:1/droplets/":  "ask the file viewer of DEA d0: dial tcp 127.0.0.1:1: connect: connection refused",
		"gopher://127.0.0.1:1/droplets": `ask the file viewer of DEA d0: unsupported protocol scheme "gopher"`,
	} {
		broken := in
		broken.FileURI = uri
		_, err := client.OpenFile(t.Context(), broken, "broken", false)
		if _, ok := errors.AsType[*client.ViewerError](err); !ok || err.Error() != want {
			t.Errorf("viewer at %s: %v, want %s", uri, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.OpenFile(ctx, in, "", false); !errors.Is(err, context.Canceled) {
		t.Errorf("when told to stop: %v, want that", err)
	}
}
