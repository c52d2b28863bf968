package stager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func dropletFile(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "droplet.tgz")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUploadIsTheFormThatCurlSent(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("droplet\x00\r\n"), 100_000)
	var head http.Header
	var length int64
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head, length = r.Header, r.ContentLength
		body, _ = io.ReadAll(r.Body)
		if len(r.TransferEncoding) > 0 {
			t.Errorf("transfer encoding = %v, want none", r.TransferEncoding)
		}
	}))
	defer server.Close()
	if err := upload(t.Context(), newTransport(1), server.URL, dropletFile(t, content)); err != nil {
		t.Fatal(err)
	}
	boundary, ok := strings.CutPrefix(head.Get("Content-Type"), "multipart/form-data; boundary=")
	if !ok {
		t.Fatalf("content type = %s", head.Get("Content-Type"))
	}
	want := "--" + boundary + "\r\n" +
		`Content-Disposition: form-data; name="upload[droplet]"; filename="droplet.tgz"` + "\r\n" +
		"Content-Type: application/octet-stream\r\n\r\n" + string(content) + "\r\n--" + boundary + "--\r\n"
	if string(body) != want {
		t.Errorf("body begins with\n%.300q\nwant\n%.300q", body, want)
	}
	if length != int64(len(want)) {
		t.Errorf("content length = %d, want %d", length, len(want))
	}
	if head.Get("Accept") != "*/*" || head.Get("Authorization") != "" || head.Get("Expect") != "" {
		t.Errorf("headers = %v", head)
	}
}

func TestBadStatusFailsTheUpload(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		200: "<nil>",
		204: "<nil>",
		302: "302 Found: redirects are not followed",
		400: "400 Bad Request",
		401: "401 Unauthorized",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(code)
		}))
		err := upload(t.Context(), newTransport(1), as("foo:sekret")(server.URL), dropletFile(t, []byte("x")))
		server.Close()
		if fmt.Sprint(err) != want {
			t.Errorf("status %d: error = %v, want %s", code, err, want)
		}
	}
}

func TestRefusalBeforeTheBodyIsReadIsStillSeen(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }))
	defer server.Close()
	err := upload(t.Context(), newTransport(1), server.URL, dropletFile(t, make([]byte, 32<<20)))
	if want := "413 Request Entity Too Large"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	peers := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peers[r.RemoteAddr] = true
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "thank you")
	}))
	defer server.Close()
	transport := newTransport(1)
	for range 5 {
		if err := upload(t.Context(), transport, server.URL, dropletFile(t, []byte("x"))); err != nil {
			t.Fatal(err)
		}
		if err := download(t.Context(), transport, server.URL, filepath.Join(t.TempDir(), "x"), 100); err != nil {
			t.Fatal(err)
		}
	}
	if len(peers) != 1 {
		t.Errorf("%d connections for 10 transfers, want 1", len(peers))
	}
}

func TestStalledUploadIsEnded(t *testing.T) {
	t.Parallel()
	file := dropletFile(t, bytes.Repeat([]byte("x"), 100))
	for name, server := range map[string]func(r *http.Request){
		"reads nothing":           func(*http.Request) {},
		"reads and never answers": func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := upload(t.Context(), roundTrip(func(r *http.Request) (*http.Response, error) {
				server(r)
				<-r.Context().Done()
				return nil, r.Context().Err()
			}), "http://h/droplet", file)
			if want := "not a byte moved for 30s"; err == nil || err.Error() != want || time.Since(began) != 30*time.Second {
				t.Errorf("%s: error = %v after %s, want %q after 30s", name, err, time.Since(began), want)
			}
		})
	}
}

func TestSlowUploadIsNotStalled(t *testing.T) {
	t.Parallel()
	file := dropletFile(t, bytes.Repeat([]byte("x"), 100))
	synctest.Test(t, func(t *testing.T) {
		err := upload(t.Context(), roundTrip(func(r *http.Request) (*http.Response, error) {
			for buf := make([]byte, 50); ; {
				if _, err := r.Body.Read(buf); errors.Is(err, io.EOF) {
					return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
				} else if err != nil {
					return nil, err
				}
				select {
				case <-time.After(29 * time.Second):
				case <-r.Context().Done():
					return nil, context.Cause(r.Context())
				}
			}
		}), "http://h/droplet", file)
		if err != nil {
			t.Errorf("error = %v, want none", err)
		}
	})
}
