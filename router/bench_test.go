package router

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"slices"
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
	_, app := startBench(b)
	request(b, startBare(b, app).Listener.Addr().String())
	b.ReportMetric(float64(app.accepted.Load()), "app-conns")
}

// startBare starts what the router is measured against.
func startBare(b *testing.B, app *hello) *httptest.Server {
	b.Helper()
	bare := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme, pr.Out.URL.Host = "http", strings.TrimPrefix(app.URL, "http://")
			pr.Out.Host = pr.In.Host
			pr.SetXForwarded()
		},
		Transport: &http.Transport{
			DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, MaxIdleConnsPerHost: idlePerBackend, IdleConnTimeout: backendIdle,
			DisableCompression: true,
		},
		BufferPool: &buffers{}, FlushInterval: -1,
	})
	b.Cleanup(bare.Close)
	return bare
}

// BenchmarkRouterBesideBare is the figure to trust on a machine that others use: it sends the same requests to the app directly, through
// a bare ReverseProxy and through the router, in turns, with as little of a client as possible, and compares.
//
//	go test -run '^$' -bench RouterBesideBare -benchtime 30x ./router
func BenchmarkRouterBesideBare(b *testing.B) {
	r, app := startBench(b)
	ways := []*way{
		{name: "direct", addr: app.Listener.Addr().String()},
		{name: "bare", addr: startBare(b, app).Listener.Addr().String()},
		{name: "router", addr: r.Addr().String()},
	}
	for _, w := range ways {
		w.round(b, 200) // opens the connections
		*w = way{name: w.name, addr: w.addr}
	}
	for i := 0; b.Loop(); i++ {
		for j := range ways {
			ways[(i+j)%len(ways)].round(b, 2000)
		}
	}
	for _, w := range ways {
		b.ReportMetric(w.rate(), w.name+"-req/s")
		b.ReportMetric(float64(w.cpu.Microseconds())/float64(len(w.latencies)), w.name+"-cpu-µs")
		b.ReportMetric(float64(w.p99().Microseconds()), w.name+"-p99-µs")
	}
	direct, bare, router := ways[0], ways[1], ways[2]
	b.ReportMetric(100*router.rate()/bare.rate(), "%-of-bare")
	b.ReportMetric(float64(router.p99())/float64(direct.p99()), "p99-to-direct")
	b.ReportMetric(0, "ns/op") // of all three: says nothing
}

// way is one of the ways to an app.
type way struct {
	name, addr string
	took, cpu  time.Duration
	latencies  []time.Duration
}

func (w *way) rate() float64 { return float64(len(w.latencies)) / w.took.Seconds() }

func (w *way) p99() time.Duration {
	slices.Sort(w.latencies)
	return w.latencies[len(w.latencies)*99/100]
}

// round sends requests over 16 connections, one after the other on each.
func (w *way) round(b *testing.B, requests int) {
	b.Helper()
	const connections = 16
	each := make(chan []time.Duration, connections)
	began, used := time.Now(), cpuTime(b)
	for range connections {
		go func() {
			took, err := askAgainAndAgain(w.addr, requests/connections)
			if err != nil {
				b.Error(err)
			}
			each <- took
		}()
	}
	for range connections {
		w.latencies = append(w.latencies, <-each...)
	}
	w.took += time.Since(began)
	w.cpu += cpuTime(b) - used
}

// askAgainAndAgain sends requests over one connection and returns how long each took.
func askAgainAndAgain(addr string, requests int) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	took := make([]time.Duration, 0, requests)
	for range requests {
		began := time.Now()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: hello.localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"); err != nil {
			return nil, err
		}
		for line := []byte(nil); len(line) != 2; { // up to the empty one
			if line, err = in.ReadSlice('\n'); err != nil {
				return nil, err
			}
		}
		if body, err := in.Peek(len("Hello World!")); string(body) != "Hello World!" {
			return nil, fmt.Errorf("answered %q, %w", body, err)
		}
		_, _ = in.Discard(len("Hello World!")) // was there just now
		took = append(took, time.Since(began))
	}
	return took, nil
}

func startBench(b *testing.B) (*Router, *hello) {
	b.Helper()
	r := newRouter(b, bustest.New(b), func(c *Config) { c.EnableNonprodApps = true }, slog.New(slog.DiscardHandler))
	run(b, r)
	app := startHello(b)
	m := routeTo(b, app.URL, "hello.localhost")
	framework, runtime := "sinatra", "ruby19"
	m.Tags, m.PrivateInstanceID = map[string]*string{"framework": &framework, "runtime": &runtime}, strings.Repeat("0123456789abcdef", 4)
	r.onRegister(m)
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
