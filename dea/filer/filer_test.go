package filer

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// staged is the directory of the instance that all tests look at.
const staged = "hello-0-c8b0"

// patience is how long another goroutine gets to do what takes it milliseconds.
const patience = 30 * time.Second

// viewer is a file viewer with one instance.
type viewer struct {
	*httptest.Server
	t     *testing.T
	apps  string
	dir   string // of the instance
	alive atomic.Bool
}

func newViewer(t *testing.T) *viewer {
	t.Helper()
	v := &viewer{t: t, apps: filepath.Join(t.TempDir(), "apps")}
	v.dir = filepath.Join(v.apps, staged)
	v.alive.Store(true)
	f := New(Config{
		Apps: v.apps, IP: "127.0.0.1", User: "user", Password: "secret", Log: testkit.Logger(t),
		Writes: func(name string) bool { return name == staged && v.alive.Load() },
	})
	v.Server = httptest.NewServer(f)
	t.Cleanup(v.Close)
	for name, text := range map[string]string{
		"startup": "#!/bin/bash\n", "stop": "#!/bin/bash\n", "run.pid": "4711\n", "droplet.yaml": "---\n",
		"app/hello.rb": "puts 'hello'\n", "app/.hidden": "x", "app/public/index.html": "<html>", "app/startup": "mine", "app/has space & more": "yes",
		"logs/stdout.log": "0123456789abcdef", "logs/stderr.log": "", "tmp/x": "x", "tomcat/conf": "x",
	} {
		v.write(name, text)
	}
	return v
}

func (v *viewer) write(name, text string) {
	v.t.Helper()
	path := filepath.Join(v.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// request asks for a path as it is, with the right credentials and headers "Name: value".
func (v *viewer) request(method, path string, headers ...string) *http.Response {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.URL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.SetBasicAuth("user", "secret")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { res.Body.Close() })
	return res
}

// check wants a status and a body.
func (v *viewer) check(res *http.Response, status int, body string) {
	v.t.Helper()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if res.StatusCode != status || string(got) != body {
		v.t.Errorf("%s %s = %d %q, want %d %q", res.Request.Method, res.Request.URL.Path, res.StatusCode, got, status, body)
	}
}

func TestListingHasTheColumnsOf2012(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.write("app/k", strings.Repeat("x", 1234))
	if err := os.Truncate(filepath.Join(v.dir, "app/k"), 3<<20); err != nil {
		t.Fatal(err)
	}
	v.write("app/a-name-that-is-longer-than-thirty-five-columns", "x")
	for path, want := range map[string]string{
		"":       "app/                                         -\nlogs/                                        -\ntomcat/                                      -",
		"/":      "app/                                         -\nlogs/                                        -\ntomcat/                                      -",
		"/logs":  "stderr.log                                  0B\nstdout.log                                 16B",
		"/logs/": "stderr.log                                  0B\nstdout.log                                 16B",
		"/app": "a-name-that-is-longer-than-thirty-five-columns         1B\n" +
			"has space & more                            3B\nhello.rb                                   13B\n" +
			"k                                         3.0M\npublic/                                      -\nstartup                                     4B",
	} {
		res := v.request("GET", "/droplets/"+staged+path)
		v.check(res, http.StatusOK, want)
		if got := res.Header.Get("Content-Type"); got != "text/plain" {
			t.Errorf("Content-Type of the listing = %q, want text/plain", got)
		}
	}
	for _, above := range []string{"/droplets", "/droplets/"} {
		v.check(v.request("GET", above), http.StatusOK, "")
	}
}

func TestSizesAreWrittenLikeRack(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0B", 402: "402B", 1023: "1023B", 1024: "1.0K", 1234: "1.2K", 3 << 20: "3.0M", 1 << 30: "1.0G", 1536 << 30: "1.5T",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestListingCannotBeForged(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.write("app/public/x\nforged", "")
	v.check(v.request("GET", "/droplets/"+staged+"/app/public"), http.StatusOK,
		"index.html                                  6B\nx?forged                                    0B")
}

func TestViewerWantsItsCredentials(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	for _, header := range []string{"", "Basic !", "Bearer x", "Basic dXNlcjp3cm9uZw==" /* user:wrong */} {
		res := v.request("GET", "/droplets/"+staged+"/app", "Authorization: "+header)
		v.check(res, http.StatusUnauthorized, "")
		if got := res.Header.Get("WWW-Authenticate"); got != `Basic realm=""` {
			t.Errorf("WWW-Authenticate = %q", got)
		}
	}
}

func TestViewerRefusesInTheWordsOf2012(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	outside := filepath.Join(filepath.Dir(v.apps), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"app/out": outside, "app/up": "../../../secret", "app/rooted": "/etc", "app/dangling": "nowhere", "app/loop": "loop", "app/again": "../startup",
	} {
		if err := os.Symlink(to, filepath.Join(v.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Dir(v.apps), filepath.Join(v.apps, "linked")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(v.dir, "app/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	const notFound, forbidden = "Entity not found.\n", "Not accessible\n"
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/" + staged + "/nothing":               {404, notFound},
		"/" + staged + "/app/nothing/at/all":    {404, notFound},
		"/" + staged + "/logs/stdout.log/below": {404, notFound},
		"/" + staged + "/app/pipe":              {404, notFound},
		"/" + staged + "/app/dangling":          {404, notFound},
		"/" + staged + "/app/loop":              {404, notFound},
		"/" + staged + "/app/%00":               {404, notFound},
		"/other-0-1/app":                        {404, notFound},
		"/linked/secret":                        {404, notFound},
		"/" + staged + "/startup":               {403, forbidden},
		"/" + staged + "/startup/":              {403, forbidden},
		"/" + staged + "/stop":                  {403, forbidden},
		"/" + staged + "/app/startup":           {403, forbidden},
		"/" + staged + "/app/again":             {403, forbidden},
		"/" + staged + "/app/out":               {403, forbidden},
		"/" + staged + "/app/up":                {403, forbidden},
		"/" + staged + "/app/rooted/passwd":     {403, forbidden},
		"/" + staged + "/../../secret":          {403, forbidden},
		"/" + staged + "/%2e%2e/%2e%2e/secret":  {403, forbidden},
		"/" + staged + "/..%2f..%2fsecret":      {403, forbidden},
		"/" + staged + "/../../nothing":         {403, forbidden}, // 2012 told whether it was there
		"/" + staged + "/app/a..b":              {403, forbidden},
	} {
		res := v.request("GET", "/droplets"+path)
		v.check(res, want.status, want.body)
		if got := res.Header.Get("Content-Type") + " " + res.Header.Get("X-Cascade"); got != "text/plain pass" {
			t.Errorf("%s: Content-Type and X-Cascade = %q", path, got)
		}
	}
	v.check(v.request("GET", "/elsewhere"), http.StatusNotFound, "Not Found: /elsewhere\n")
	v.check(v.request("GET", "/dropletsX"), http.StatusNotFound, "Not Found: /dropletsX\n")
	v.check(v.request("POST", "/droplets/"+staged+"/logs/stdout.log"), http.StatusMethodNotAllowed, "Method Not Allowed\n")
}

func TestLinksInsideTheInstanceAreFollowed(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	for name, to := range map[string]string{"app/log": "../logs/stdout.log", "app/logs": filepath.Join(v.dir, "logs")} {
		if err := os.Symlink(to, filepath.Join(v.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	v.check(v.request("GET", "/droplets/"+staged+"/app/log"), http.StatusOK, "0123456789abcdef")
	v.check(v.request("GET", "/droplets/"+staged+"/app/logs/stdout.log"), http.StatusOK, "0123456789abcdef")
}

func TestFilesCanBeFetchedThatAreNotListed(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	v.check(v.request("GET", "/droplets/"+staged+"/run.pid"), http.StatusOK, "4711\n")
	v.check(v.request("GET", "/droplets/"+staged+"/app/.hidden"), http.StatusOK, "x")
	v.check(v.request("GET", "/droplets/"+staged+"/app/has%20space%20%26%20more"), http.StatusOK, "yes")
}

func TestFileComesWithItsHeaders(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	changed := time.Date(2012, 11, 14, 9, 26, 1, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(v.dir, "logs/stdout.log"), changed, changed); err != nil {
		t.Fatal(err)
	}
	const date = "Wed, 14 Nov 2012 09:26:01 GMT"
	for method, body := range map[string]string{"GET": "0123456789abcdef", "HEAD": ""} {
		res := v.request(method, "/droplets/"+staged+"/logs/stdout.log")
		v.check(res, http.StatusOK, body)
		got := fmt.Sprint(res.Header.Get("Content-Type"), " ", res.ContentLength, " ", res.Header.Get("Last-Modified"))
		if want := "text/plain 16 " + date; got != want {
			t.Errorf("%s: headers = %q, want %q", method, got, want)
		}
	}
	v.check(v.request("GET", "/droplets/"+staged+"/logs/stdout.log", "If-Modified-Since: "+date), http.StatusNotModified, "")
	for name, want := range map[string]string{"app/public/index.html": "text/html", "app/hello.rb": "text/x-script.ruby", "run.pid": "text/plain"} {
		if got := v.request("HEAD", "/droplets/"+staged+"/"+name).Header.Get("Content-Type"); got != want {
			t.Errorf("Content-Type of %s = %q, want %q", name, got, want)
		}
	}
	v.check(v.request("HEAD", "/droplets/"+staged+"/nothing"), http.StatusNotFound, "")
	v.check(v.request("HEAD", "/droplets/"+staged), http.StatusOK, "")
}

func TestRanges(t *testing.T) {
	t.Parallel()
	v := newViewer(t)
	const whole = "0123456789abcdef"
	for header, want := range map[string]struct {
		status int
		body   string
		part   string
	}{
		"bytes=0-3":     {206, "0123", "bytes 0-3/16"},
		"bytes=10-":     {206, "abcdef", "bytes 10-15/16"},
		"bytes=-4":      {206, "cdef", "bytes 12-15/16"},
		"bytes=-400":    {206, whole, "bytes 0-15/16"},
		"bytes=14-99":   {206, "ef", "bytes 14-15/16"},
		"bytes=16-":     {416, "Byte range unsatisfiable\n", "bytes */16"},
		"bytes=99-100":  {416, "Byte range unsatisfiable\n", "bytes */16"},
		"bytes=-0":      {416, "Byte range unsatisfiable\n", "bytes */16"},
		"bytes=0-1,4-5": {200, whole, ""},
		"bytes=5-2":     {200, whole, ""},
		"bytes=x-y":     {200, whole, ""},
		"bytes=-":       {200, whole, ""},
		"bytes=--4":     {200, whole, ""},
		"lines=0-3":     {200, whole, ""},
	} {
		res := v.request("GET", "/droplets/"+staged+"/logs/stdout.log", "Range: "+header)
		v.check(res, want.status, want.body)
		if got := res.Header.Get("Content-Range"); got != want.part {
			t.Errorf("Range %s: Content-Range = %q, want %q", header, got, want.part)
		}
	}
	v.check(v.request("GET", "/droplets/"+staged+"/logs/stderr.log", "Range: bytes=0-"), 416, "Byte range unsatisfiable\n")
}
