package router

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
)

// runUntil runs a Router, whose log is at path, until stop, after which all lines have been written.
func runUntil(t *testing.T, path string) (r *Router, stop func()) {
	t.Helper()
	r = newRouter(t, bustest.New(t), func(c *Config) { c.AccessLog = path }, testkit.Logger(t))
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.Run(ctx, func() { close(ready) }) }()
	<-ready
	return r, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the router stopped with %v", err)
		}
	}
}

// linesOf returns the lines of a file.
func linesOf(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func TestEachRequestIsALineOfTheAccessLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "access.log")
	r, stop := runUntil(t, path)
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "Hello World!")
	})
	req := newRequest(t, r, "POST", "hello.localhost:8080", "/a%20b?c=d", strings.NewReader("body"))
	req.Header.Set("Referer", "http://example.com/")
	req.Header.Set("User-Agent", "test")
	do(t, req)
	req = newRequest(t, r, "GET", "nobody.localhost", "/", nil)
	req.Header.Set("User-Agent", "")
	do(t, req)
	req = newRequest(t, r, "GET", "balancer", "/", nil)
	req.Header.Set("User-Agent", balancer)
	do(t, req)
	stop()

	const when, from, took = `\[\d\d/\d\d/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`, `127\.0\.0\.1:\d+`, `response_time:\d+\.\d{9}`
	want := []string{
		`^hello\.localhost:8080 - ` + when + ` "POST /a%20b\?c=d HTTP/1\.1" 418 12 "http://example\.com/" "test" ` + from + ` ` + took + ` app_id:app$`,
		`^nobody\.localhost - ` + when + ` "GET / HTTP/1\.1" 404 [1-9]\d* "-" "-" ` + from + ` ` + took + ` app_id:$`,
		`^balancer - ` + when + ` "GET / HTTP/1\.1" 200 3 "-" "HTTP-Monitor/1\.1" ` + from + ` ` + took + ` app_id:$`,
	}
	lines := linesOf(t, path)
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
	}
	for i, line := range lines {
		if !regexp.MustCompile(want[i]).MatchString(line) {
			t.Errorf("line is\n%s\nwant\n%s", line, want[i])
		}
	}
}

// A client must be able neither to end its line and begin one of its own, nor to make the terminal of whoever reads it dance.
func TestAccessLogCannotBeForged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	r, stop := runUntil(t, path)
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /\"é\xff HTTP/1.1\r\nHost: a\r\nUser-Agent: x\" 200 \\ \xff\r\nReferer: \"\r\n\r\n"+
		"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xc2\x9b2J\t\x80\r\nConnection: close\r\n\r\n")
	_, _ = io.Copy(io.Discard, conn)
	stop()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range bytes.TrimSuffix(bytes.ReplaceAll(text, []byte("\n"), []byte(" ")), []byte(" ")) {
		if c < ' ' || c > '~' {
			t.Fatalf("the log has the byte %#x in it:\n%q", c, text)
		}
	}
	lines := linesOf(t, path)
	if len(lines) != 2 {
		t.Errorf("%d lines of 2 requests", len(lines))
	}
	for _, line := range lines {
		if n := strings.Count(line, `"`); n != 6 {
			t.Errorf("%d quotes in the line %s", n, line)
		}
	}
}

func TestLinesOfTheRequestsAtTheEndAreWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	r, stop := runUntil(t, path)
	in := make(chan struct{})
	startApp(t, r, "slow.localhost", func(_ http.ResponseWriter, req *http.Request) {
		close(in)
		<-req.Context().Done() // the router hangs up
	})
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "GET", "slow.localhost", "/", nil))
		if err == nil {
			res.Body.Close()
		}
	}()
	<-in
	stop()
	<-asked
	if lines := linesOf(t, path); len(lines) != 1 || !strings.Contains(lines[0], `"GET / HTTP/1.1" 499 0 `) {
		t.Errorf("the log of a request that the stop has cut off is %q", lines)
	}
}

func TestLargeAccessLogIsPutAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(path, []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, accessSize); err != nil { // a hole takes no room
		t.Fatal(err)
	}
	r, stop := runUntil(t, path)
	do(t, newRequest(t, r, "GET", "first", "/", nil))
	testkit.Eventually(t, 10*time.Second, "the old log to be put aside", func() bool {
		_, err := os.Stat(path + ".1")
		return err == nil
	})
	do(t, newRequest(t, r, "GET", "second", "/", nil))
	stop()
	if lines := linesOf(t, path); len(lines) != 1 || !strings.HasPrefix(lines[0], "second - ") {
		t.Errorf("the new log is %q", lines)
	}
	if info, err := os.Stat(path + ".1"); err != nil || info.Size() < accessSize {
		t.Errorf("the old log is %v, %v", info, err)
	}
}

func TestAccessLogThatCannotBeOpenedStopsTheRouter(t *testing.T) {
	t.Parallel()
	r := newRouter(t, bustest.New(t), func(c *Config) { c.AccessLog = t.TempDir() }, testkit.Logger(t))
	err := r.Run(t.Context(), func() { t.Error("ready without its access log") })
	if err == nil || !strings.Contains(err.Error(), "access log") || !strings.Contains(err.Error(), r.cfg.AccessLog) {
		t.Errorf("error = %v, want one that names the access log", err)
	}
}

func TestRouterGoesOnWithoutItsAccessLog(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIP: needs /dev/full, which this system does not have")
	}
	log := newLines()
	r := newRouter(t, bustest.New(t), func(c *Config) { c.AccessLog = "/dev/full" }, slog.New(log))
	run(t, r)
	for range 3 {
		if res, _ := do(t, newRequest(t, r, "GET", "nobody", "/", nil)); res.StatusCode != 404 {
			t.Errorf("answer = %s, want 404", res.Status)
		}
	}
	log.await(t, "access log cannot be written")
}

func TestNoAccessLogIsNone(t *testing.T) {
	t.Parallel()
	r := startRouter(t, func(c *Config) { c.AccessLog = "" })
	if res, _ := do(t, newRequest(t, r, "GET", "nobody", "/", nil)); res.StatusCode != 404 || r.access != nil {
		t.Errorf("answer = %s, access log = %v", res.Status, r.access)
	}
}

func TestLinesThatTheDiskDoesNotTakeAreLostAndCounted(t *testing.T) {
	t.Parallel()
	a := newAccessLog("", slog.New(slog.DiscardHandler))
	for range 3 {
		a.add(func(b []byte) []byte { return append(b, make([]byte, accessPending)...) })
	}
	if lines, lost := a.take(nil); len(lines) != 2*accessPending || lost != 1 {
		t.Errorf("%d bytes wait and %d lines are lost, want two lines of %d bytes and one lost", len(lines), lost, accessPending)
	}
}
