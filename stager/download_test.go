package stager

import (
	"context"
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

// fetch downloads from a server that answers with h, and returns what was saved.
func fetch(t *testing.T, h http.HandlerFunc, uri func(string) string) (string, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	to := filepath.Join(t.TempDir(), "app.zip")
	transport := newTransport(1)
	defer transport.CloseIdleConnections()
	err := download(t.Context(), transport, uri(server.URL), to, 1<<20)
	content, _ := os.ReadFile(to)
	return string(content), err
}

func at(path string) func(string) string { return func(base string) string { return base + path } }

// as puts userinfo into a URI.
func as(userinfo string) func(string) string {
	return func(base string) string { return strings.Replace(base, "://", "://"+userinfo+"@", 1) + "/app" }
}

func TestDownloadSavesTheBody(t *testing.T) {
	t.Parallel()
	content, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s accept=%s encoding=%s", r.Method, r.RequestURI, r.Header.Get("Accept"), r.Header.Get("Accept-Encoding"))
	}, at("/staging/app/1?x=%20y"))
	if want := "GET /staging/app/1?x=%20y accept=*/* encoding="; err != nil || content != want {
		t.Errorf("saved %q and error %v, want %q", content, err, want)
	}
}

func TestUserinfoBecomesBasicAuthLiterally(t *testing.T) {
	t.Parallel()
	for userinfo, want := range map[string]string{
		"foo:sekret":     "foo:sekret",
		"foo:100%25":     "foo:100%25", // curl was not told to decode either
		"foo:p@ss":       "foo:p@ss",
		"foo:a:b":        "foo:a:b",
		"foo":            "foo:",
		"foo:":           "foo:",
		":only-password": ":only-password",
		"100%:%zz":       "100%:%zz",
	} {
		content, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			user, password, ok := r.BasicAuth()
			fmt.Fprintf(w, "%s:%s %t", user, password, ok)
		}, as(userinfo))
		if err != nil || content != want+" true" {
			t.Errorf("%s: the server saw %q and the error is %v, want %q", userinfo, content, err, want)
		}
	}
}

func TestRequestWithoutUserinfoHasNoAuth(t *testing.T) {
	t.Parallel()
	content, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
		_, _, ok := r.BasicAuth()
		fmt.Fprint(w, ok)
	}, at("/app?mail=me@example.com"))
	if err != nil || content != "false" {
		t.Errorf("auth = %s, error %v, want none", content, err)
	}
}

func TestBadStatusFailsTheDownload(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		401: "401 Unauthorized",
		404: "404 Not Found",
		500: "500 Internal Server Error",
		599: "status 599",
		301: "301 Moved Permanently: redirects are not followed",
		302: "302 Found: redirects are not followed",
		304: "304 Not Modified: redirects are not followed",
	} {
		_, err := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/app" {
				t.Errorf("the redirect to %s was followed", r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		}, at("/app"))
		if err == nil || err.Error() != want {
			t.Errorf("status %d: error = %v, want %q", code, err, want)
		}
	}
}

func TestUnusableURIIsExplained(t *testing.T) {
	t.Parallel()
	transport := newTransport(1)
	for uri, want := range map[string]string{
		"":                             `the URI has the scheme "", want http or https`,
		"ftp://host/app":               `the URI has the scheme "ftp", want http or https`,
		"file:///etc/passwd":           `the URI has the scheme "file", want http or https`,
		"/download/1":                  `the URI has the scheme "", want http or https`,
		"http://":                      "the URI names no host",
		"http://foo:sekret@/app":       "the URI names no host",
		"http://foo:sekret@host:x/app": "the URI is malformed: ",
		"http://foo:sekret@ho st/app":  "the URI is malformed: ",
		"http://foo:sekret@h/%zz":      "the URI is malformed: ",
		"http://foo:sekret@h/\x00":     "the URI is malformed: ",
	} {
		err := download(t.Context(), transport, uri, filepath.Join(t.TempDir(), "x"), 1)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error = %v, want %q", uri, err, want)
		} else if strings.Contains(err.Error(), "sekret") {
			t.Errorf("%q: error %v shows the password", uri, err)
		}
	}
}

func TestNobodyListening(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(nil)
	server.Close()
	err := download(t.Context(), newTransport(1), server.URL, filepath.Join(t.TempDir(), "x"), 1)
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error = %v, want connection refused", err)
	}
}

func TestTooLargeAppIsRefused(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20+1)
	want := "the app's zip is larger than 1MiB, the limit of this stager"
	for name, announced := range map[string]bool{"announced": true, "in chunks": false} {
		_, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) {
			if announced {
				w.Header().Set("Content-Length", fmt.Sprint(len(big)))
			}
			_, _ = io.WriteString(w, big)
		}, at("/app"))
		if err == nil || err.Error() != want {
			t.Errorf("%s: error = %v, want %q", name, err, want)
		}
	}
	content, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, big[1:]) }, at("/app"))
	if err != nil || len(content) != 1<<20 {
		t.Errorf("an app of just the limit: %d bytes saved, error %v", len(content), err)
	}
}

func TestDownloadThatBreaksOff(t *testing.T) {
	t.Parallel()
	_, err := fetch(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "only this")
	}, at("/app"))
	if want := "the connection ended early, after 9 bytes"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %q", err, want)
	}
}

func TestEnvironmentProxyIsNotUsed(t *testing.T) {
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if newTransport(1).Proxy != nil {
		t.Error("the transport asks for a proxy")
	}
}

// roundTrip is a server without sockets, for bubbles of synctest.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// slowBody gives a byte every pause, until its request's context ends.
type slowBody struct {
	ended <-chan struct{}
	pause time.Duration
	left  int
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(b.pause):
		b.left--
		p[0] = 'x'
		return 1, nil
	case <-b.ended:
		return 0, context.Canceled
	}
}

func (b *slowBody) Close() error { return nil }

func TestStalledDownloadIsEnded(t *testing.T) {
	t.Parallel()
	for pause, want := range map[time.Duration]string{
		29 * time.Second: "",
		31 * time.Second: "not a byte moved for 30s",
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			err := download(t.Context(), roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusOK, ContentLength: 10, Body: &slowBody{r.Context().Done(), pause, 10}}, nil
			}), "http://h/app", filepath.Join(t.TempDir(), "x"), 100)
			if got := fmt.Sprint(err); want != "" && got != want || want == "" && err != nil {
				t.Errorf("a byte each %s: error = %v, want %q", pause, err, want)
			}
			if took := time.Since(began); want != "" && took != 30*time.Second {
				t.Errorf("noticed after %s, want 30s", took)
			}
		})
	}
}

func TestServerThatNeverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		err := download(t.Context(), roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), "http://h/app", filepath.Join(t.TempDir(), "x"), 100)
		if want := "not a byte moved for 30s"; err == nil || err.Error() != want {
			t.Errorf("error = %v, want %q", err, want)
		}
	})
}
