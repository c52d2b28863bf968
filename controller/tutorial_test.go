package controller

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/controller/uaa"
)

func hexSHA1(b []byte) string {
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

// zipOf is a zip with one file.
func zipOf(tb testing.TB, name, content string) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = io.WriteString(w, content)
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// unzip returns the files of a zip, each as "name mode content".
func unzip(tb testing.TB, content string) []string {
	tb.Helper()
	z, err := zip.NewReader(strings.NewReader(content), int64(len(content)))
	if err != nil {
		tb.Fatal(err)
	}
	var all []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %v %s", f.Name, f.Mode(), text))
	}
	return all
}

func TestUnknownAppIsTheTutorialsSample(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	a := c.send(t, "GET", "/download_unstaged_app/my-sinatra-app", nil)
	want := []string{"app.rb -rw-r--r-- require 'sinatra'\n\nget '/' do\n  \"Hello World!\"\nend\n"}
	if got := unzip(t, a.body); !slices.Equal(got, want) || a.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("sample = %q as %s, want %q", got, a.Header.Get("Content-Type"), want)
	}
	if !c.log.has("INFO UNSTAGED APP BEING REQUESTED") {
		t.Errorf("logged %q", c.log.lines)
	}
	if left := c.files(t, "packages"); len(left) > 0 {
		t.Errorf("the sample left %v", left)
	}
}

func TestSampleMayBeADirectoryThatChanges(t *testing.T) {
	t.Parallel()
	app := t.TempDir()
	c := start(t, bustest.New(t), t.TempDir(), func(cfg *Config) { cfg.SampleApp = app })
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(filepath.Join(app, "web.rb"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		a := c.send(t, "GET", "/download_unstaged_app/x", nil)
		if got, want := unzip(t, a.body), []string{"web.rb -rw------- " + text}; !slices.Equal(got, want) {
			t.Errorf("sample = %q, want %q", got, want)
		}
	}
	if err := os.RemoveAll(app); err != nil {
		t.Fatal(err)
	}
	c.send(t, "GET", "/download_unstaged_app/x", nil).expect(t, 500, 111, "System Exception")
}

func TestPackageIsServedAsItWasPut(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	app := zipOf(t, "web.rb", "puts 1")
	a := c.send(t, "PUT", "/packages/hello", bytes.NewReader(app))
	want := fmt.Sprintf(`{"id":"hello","sha1":"%s","size":%d}`+"\n", hexSHA1(app), len(app))
	if a.StatusCode != 201 || a.body != want {
		t.Errorf("put = %s %q, want 201 %q", a.Status, a.body, want)
	}
	if a := c.send(t, "PUT", "/packages/hello", bytes.NewReader(app)); a.StatusCode != 200 {
		t.Errorf("put again = %s, want 200", a.Status)
	}
	a = c.send(t, "GET", "/download_unstaged_app/hello", nil)
	if a.body != string(app) || a.Header.Get("ETag") != `"`+hexSHA1(app)+`"` {
		t.Errorf("served %d bytes with ETag %s, want the %d that were put", len(a.body), a.Header.Get("ETag"), len(app))
	}
}

func TestOnlyZipsArePackages(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	whole := zipOf(t, "web.rb", strings.Repeat("puts 1\n", 100))
	for name, body := range map[string][]byte{
		"nothing": {}, "text": []byte("require 'sinatra'"), "a cut zip": whole[:len(whole)-1], "the end of a zip": whole[40:], "a tgz": []byte("\x1f\x8b\x08\x00rest"),
	} {
		t.Run(name, func(t *testing.T) {
			c.send(t, "PUT", "/packages/hello", bytes.NewReader(body)).expect(t, 400, 100, "the package is no zip")
		})
	}
	if left := c.files(t, "packages"); len(left) > 0 {
		t.Errorf("refused packages left %v", left)
	}
	for name, body := range map[string][]byte{"a zip": whole, "an empty zip": emptyZip(t), "a zip behind a script": append([]byte("#!/bin/sh\n"), whole...)} {
		if a := c.send(t, "PUT", "/packages/"+strings.ReplaceAll(name, " ", "-"), bytes.NewReader(body)); a.StatusCode != 201 {
			t.Errorf("%s: %s %s, want 201", name, a.Status, a.body)
		}
	}
}

func emptyZip(tb testing.TB) []byte {
	tb.Helper()
	var out bytes.Buffer
	if err := zip.NewWriter(&out).Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestDropletComesBackByItsHash(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	droplet := bytes.Repeat([]byte("droplet "), 1000)
	sum := hexSHA1(droplet)
	if a := c.upload(t, "/upload_droplet/my-sinatra-app/upload_id", droplet); a.StatusCode != 200 || a.body != "" {
		t.Fatalf("upload = %s %q, want an empty 200", a.Status, a.body)
	}
	stored := filepath.Join(c.dir, "controller", "droplets", "bits", sum)
	for _, line := range []string{"INFO RECEIVING DROPLET", "INFO RECEIVED DROPLET: stager uploaded staged droplet " + c.dir, "INFO droplet stored at " + stored} {
		if !c.log.has(line) {
			t.Errorf("log has no %q:\n%s", line, strings.Join(c.log.lines, "\n"))
		}
	}
	for _, hash := range []string{sum, strings.ToUpper(sum)} {
		if a := c.send(t, "GET", "/staged_droplets/my-sinatra-app/"+hash, nil); a.body != string(droplet) {
			t.Errorf("by %s: %s with %d bytes, want the droplet", hash, a.Status, len(a.body))
		}
	}
	if !c.log.has("INFO droplet found at "+stored) || c.log.has("WARN") {
		t.Errorf("logged %q", c.log.lines)
	}
	c.send(t, "GET", "/staged_droplets/my-sinatra-app/"+strings.Repeat("0", 40), nil).expect(t, 404, 301, "Application not found")
	c.send(t, "GET", "/staged_droplets/unknown/"+sum, nil).expect(t, 404, 301, "Application not found")
	if a := c.send(t, "GET", "/staged_droplets/my-sinatra-app/SHA1", nil); a.body != string(droplet) || !c.log.has("WARN droplet asked for") {
		t.Errorf("by the tutorial's SHA1: %s with %d bytes, want the droplet and a warning", a.Status, len(a.body))
	}
}

func TestDropletIsServedInRangesAndByETag(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	c.upload(t, "/upload_droplet/app/x", []byte("0123456789"))
	uri := "/staged_droplets/app/SHA1"
	if a := c.send(t, "HEAD", uri, nil); a.StatusCode != 200 || a.ContentLength != 10 || a.Header.Get("ETag") != `"`+hexSHA1([]byte("0123456789"))+`"` {
		t.Errorf("HEAD = %s %v", a.Status, a.Header)
	}
	if a := c.send(t, "GET", uri, nil, "Range", "bytes=2-4"); a.StatusCode != 206 || a.body != "234" {
		t.Errorf("range = %s %q, want 206 234", a.Status, a.body)
	}
	if a := c.send(t, "GET", uri, nil, "If-None-Match", `"`+hexSHA1([]byte("0123456789"))+`"`); a.StatusCode != 304 || a.body != "" {
		t.Errorf("with its ETag = %s %q, want 304", a.Status, a.body)
	}
}

func TestBrokenUploadsAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	good, contentType := form(t, "upload[droplet]", []byte("droplet"))
	wrong, wrongType := form(t, "droplet", []byte("droplet"))
	for name, u := range map[string]struct {
		body              []byte
		contentType, want string
	}{
		"no form":           {[]byte("droplet"), "application/octet-stream", "want a multipart form with the file field upload[droplet]"},
		"no boundary":       {good.Bytes(), "multipart/form-data", "want a multipart form"},
		"another field":     {wrong.Bytes(), wrongType, "the form has no file field upload[droplet]"},
		"nothing":           {nil, contentType, "the upload broke off"},
		"a cut form":        {good.Bytes()[:good.Len()-20], contentType, "the upload broke off"},
		"a cut head":        {good.Bytes()[:80], contentType, "the upload broke off"},
		"another boundary":  {good.Bytes(), contentType + "x", "the upload broke off"},
		"an endless header": {[]byte(strings.Replace(good.String(), "Content-Type", strings.Repeat("x", 20<<20), 1)), contentType, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			c.send(t, "POST", "/upload_droplet/app/x", bytes.NewReader(u.body), "Content-Type", u.contentType).expect(t, 400, 100, u.want)
		})
	}
	if left := c.files(t, "droplets"); len(left) > 0 {
		t.Errorf("refused uploads left %v", left)
	}
}

func TestClientThatHangsUpLeavesNothing(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "PUT /packages/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nPK\x03\x04")
	conn.Close()
	c.stop() // waits for all handlers
	if left := c.files(t, "packages"); len(left) > 0 {
		t.Errorf("the upload left %v", left)
	}
}

func TestStalledUploadIsGivenUp(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Directories.Packages = t.TempDir()
	c, err := New(bustest.New(t), cfg, uaa.Default(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c.limits.Stall = 1 // ns
	if err := c.packages.Open(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.routes())
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "PUT /packages/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
	all, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 408 ") || !strings.Contains(string(all), "Nothing of the upload arrived for 1ns") {
		t.Errorf("answer = %q, %v, want 408 with the reason", all, err)
	}
}

func TestUploadThatIsTooLargeIsToldTheLimit(t *testing.T) {
	t.Parallel()
	c := start(t, bustest.New(t), t.TempDir(), smallUploads)
	const text = "The upload is larger than 1KiB, which is max_upload in controller.yml"
	exact, over := bytes.Repeat([]byte("x"), 1<<10), bytes.Repeat([]byte("x"), 1<<10+1)
	if a := c.upload(t, "/upload_droplet/app/x", exact); a.StatusCode != 200 {
		t.Errorf("a droplet of the limit: %s %s", a.Status, a.body)
	}
	c.upload(t, "/upload_droplet/app/x", over).expect(t, 413, 100, text)
	c.send(t, "PUT", "/packages/app", bytes.NewReader(over)).expect(t, 413, 100, text)
	c.send(t, "PUT", "/packages/app", io.LimitReader(zeros{}, 4<<20)).expect(t, 413, 100, text) // nobody says how much comes
	huge, contentType := form(t, "upload[droplet]", make([]byte, 4<<20))
	c.send(t, "POST", "/upload_droplet/app/x", huge, "Content-Type", contentType).expect(t, 413, 100, text)
	if a := c.send(t, "GET", "/staged_droplets/app/SHA1", nil); a.body != string(exact) {
		t.Error("a refused upload changed the droplet")
	}
	if left := c.files(t, "packages"); len(left) > 0 {
		t.Errorf("refused uploads left %v", left)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestWhatIsNotThereIsSaidInJSON(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	c.send(t, "GET", "/nothing", nil).expect(t, 404, 404, "GET / says what there is")
	a := c.send(t, "DELETE", "/packages/a%2Fb", nil)
	a.expect(t, 405, 405, "Not with DELETE, only with PUT")
	if got := a.Header.Get("Allow"); got != "PUT" {
		t.Errorf("Allow = %q, want PUT", got)
	}
	a = c.send(t, "GET", "/", nil)
	for _, route := range []string{"/download_unstaged_app/", "/upload_droplet/", "/staged_droplets/", "/packages/", "/staging/app/", "/staging/droplet/"} {
		if !strings.Contains(a.body, route) {
			t.Errorf("the index does not name %s:\n%s", route, a.body)
		}
	}
}

// A page of another site can make a browser post a form to 127.0.0.1, and a DEA would run what was in it.
func TestPagesOfOtherSitesCannotUpload(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	c.upload(t, "/upload_droplet/app/x", []byte("evil"), "Origin", "http://evil.example").expect(t, 403, 200, "another site")
	c.upload(t, "/upload_droplet/app/x", []byte("evil"), "Sec-Fetch-Site", "cross-site").expect(t, 403, 200, "another site")
	if left := c.files(t, "droplets"); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}
