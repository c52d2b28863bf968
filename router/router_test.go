package router

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// newRouter returns a Router that does not run.
func newRouter(tb testing.TB, b *bus.Bus, change func(*Config), log *slog.Logger) *Router {
	tb.Helper()
	cfg := Default()
	cfg.Port, cfg.PID, cfg.Status.Port = 0, "", bus.NoStatusPort
	cfg.AccessLog = filepath.Join(tb.TempDir(), "access.log")
	if change != nil {
		change(&cfg)
	}
	r, err := New(b, cfg, log)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// startRouter runs a Router on a bus and a port of its own until the test ends.
func startRouter(tb testing.TB, change func(*Config)) *Router {
	tb.Helper()
	r := newRouter(tb, bustest.New(tb), change, testkit.Logger(tb))
	run(tb, r)
	return r
}

// run runs r until the test ends, and returns when it is ready.
func run(tb testing.TB, r *Router) {
	tb.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.Run(ctx, func() { close(ready) }) }()
	tb.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Errorf("the router stopped with %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		tb.Fatalf("the router did not start: %v", err)
	}
}

// routeTo is the message that registers a test's backend.
func routeTo(tb testing.TB, backend string, uris ...string) protocol.Route {
	tb.Helper()
	addr, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(backend, "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	port := protocol.Int(addr.Port)
	return protocol.Route{App: "app", Host: addr.IP.String(), Port: &port, URIs: uris}
}

// startApp serves h behind r under a name.
func startApp(tb testing.TB, r *Router, uri string, h http.HandlerFunc) *httptest.Server {
	tb.Helper()
	app := httptest.NewServer(h)
	tb.Cleanup(app.Close)
	r.onRegister(routeTo(tb, app.URL, uri))
	return app
}

// newRequest is a request to an app through r.
func newRequest(tb testing.TB, r *Router, method, host, path string, body io.Reader) *http.Request {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, r.URL()+path, body)
	if err != nil {
		tb.Fatal(err)
	}
	req.Host = host
	return req
}

// do sends a request and returns the response with its whole body.
func do(tb testing.TB, req *http.Request) (*http.Response, string) {
	tb.Helper()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res, string(body)
}

// lines is a log handler that hands over each message as it is logged, and keeps what is a warning or worse.
type lines struct {
	out chan string

	mu    *sync.Mutex
	worse *[]string
}

func newLines() *lines {
	return &lines{out: make(chan string, 1000), mu: new(sync.Mutex), worse: new([]string)}
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lines) WithGroup(string) slog.Handler            { return l }

func (l *lines) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		l.mu.Lock()
		*l.worse = append(*l.worse, r.Message)
		l.mu.Unlock()
	}
	l.out <- r.Message
	return nil
}

// warnings returns what was logged as a warning or worse.
func (l *lines) warnings() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.worse
}

// await reads the log up to a line, and returns those before it.
func (l *lines) await(tb testing.TB, want string) []string {
	tb.Helper()
	var before []string
	for {
		select {
		case got := <-l.out:
			if got == want {
				return before
			}
			before = append(before, got)
		case <-tb.Context().Done():
			tb.Fatalf("log ended without %q:\n%s", want, strings.Join(before, "\n"))
		}
	}
}
