package router

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
)

// Both benchmarks have the same process around them, a bus and a running router included, the same clients and the same
// backend. They differ in what is in between: the router, or a server that does no more than a ReverseProxy does.

func BenchmarkRouterHello(b *testing.B) {
	r, app := startBench(b)
	request(b, r.Addr().String())
	b.ReportMetric(float64(app.accepted.Load()), "app-conns") // each that is not used again ends in TIME_WAIT
}

func BenchmarkBareReverseProxy(b *testing.B) {
	r, app := startBench(b)
	bare := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme, pr.Out.URL.Host = "http", strings.TrimPrefix(app.URL, "http://")
			pr.Out.Host = pr.In.Host
			pr.SetXForwarded()
		},
		Transport: r.proxy.transport, BufferPool: &r.proxy.buffers, FlushInterval: -1,
	})
	defer bare.Close()
	request(b, bare.Listener.Addr().String())
	b.ReportMetric(float64(app.accepted.Load()), "app-conns")
}

func startBench(b *testing.B) (*Router, *hello) {
	b.Helper()
	r := newRouter(b, bustest.New(b), nil, slog.New(slog.DiscardHandler))
	run(b, r)
	app := startHello(b)
	r.onRegister(routeTo(b, app.URL, "hello.localhost"))
	return r, app
}

// request sends b.N requests over a few connections that are kept, and reports how many there were in a second.
func request(b *testing.B, addr string) {
	b.Helper()
	clients := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	defer clients.CloseIdleConnections()
	b.SetParallelism(8)
	b.ReportAllocs()
	before := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), "GET", "http://"+addr+"/", nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Host = "hello.localhost:8080"
			res, err := clients.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			if n, _ := io.Copy(io.Discard, res.Body); n != 12 || res.StatusCode != 200 {
				b.Errorf("answer = %s with %d bytes", res.Status, n)
			}
			res.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	// Of clients, server and backend together; it says the same as req/s, but also on a machine that others use.
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/req")
}

// cpuTime is what this process has used so far.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hello is an app that says hello and counts who connects.
type hello struct {
	*httptest.Server
	accepted atomic.Int64
}

func startHello(tb testing.TB) *hello {
	tb.Helper()
	h := &hello{Server: httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "Hello World!")
	}))}
	h.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			h.accepted.Add(1)
		}
	}
	h.Start()
	tb.Cleanup(h.Close)
	return h
}

func TestConnectionsToAppsAreUsedAgain(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	backend := startHello(t)
	r.onRegister(routeTo(t, backend.URL, "hello.localhost"))
	const clients, each = 8, 50
	done := make(chan error, clients)
	for range clients {
		go func() {
			for range each {
				res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "GET", "hello.localhost", "/", nil))
				if err != nil {
					done <- err
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			done <- nil
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if n := backend.accepted.Load(); n > 2*clients {
		t.Errorf("%d requests of %d clients took %d connections to the app, want no more than there were at once", clients*each, clients, n)
	}
}
