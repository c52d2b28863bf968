package router

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

func TestDeadAppIsABadGatewayWithTheReason(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<10))
			conn.Close()
		}
	}()
	gone := refusing(t)

	r := startRouter(t, nil)
	for _, c := range []struct{ addr, want string }{
		{gone, "connect to " + gone + ": refused"},
		{silent.Addr().String(), silent.Addr().String() + " closed the connection without an answer"},
	} {
		r.onRegister(routeTo(t, "http://"+c.addr, "dead.localhost"))
		res, body := do(t, newRequest(t, r, "GET", "dead.localhost", "/", nil))
		if res.StatusCode != http.StatusBadGateway || !strings.Contains(body, c.want) {
			t.Errorf("answer = %s %q, want 502 with %q", res.Status, body, c.want)
		}
		r.onUnregister(routeTo(t, "http://"+c.addr, "dead.localhost"))
	}
	if v := r.varz(); v["bad_requests"] != int64(2) || v["responses_5xx"] != int64(2) {
		t.Errorf("varz = %v, want 2 bad requests and 2 responses_5xx", v)
	}
}

// refusing returns an address where nobody listens, and nobody can start to before the test ends.
func refusing(tb testing.TB) string {
	tb.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		tb.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
}

func TestUnknownNameIsToldWhatItIs(t *testing.T) {
	t.Parallel()
	port := protocol.Int(1)
	r := startRouter(t, nil)
	r.onRegister(protocol.Route{Host: "no-such-host.invalid", Port: &port, URIs: []string{"lost.localhost"}})
	_, body := do(t, newRequest(t, r, "GET", "lost.localhost", "/", nil))
	if want := "connect to no-such-host.invalid:1: "; !strings.Contains(body, want) {
		t.Errorf("answer = %q, want %q in it", body, want)
	}
}

// Two names that lead to each other, or one that leads to the router, must not keep it busy for ever.
func TestRouteToTheRouterItselfEnds(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	r.onRegister(routeTo(t, r.URL(), "loop.localhost"))
	res, body := do(t, newRequest(t, r, "GET", "loop.localhost", "/", nil))
	if res.StatusCode != http.StatusLoopDetected || !strings.Contains(body, "leads back to this router") {
		t.Errorf("answer = %s %q, want 508", res.Status, body)
	}
}

func TestRouterBehindARouterIsNoLoop(t *testing.T) {
	t.Parallel()
	outer, inner := startRouter(t, nil), startRouter(t, nil)
	outer.onRegister(routeTo(t, inner.URL(), "hello.localhost"))
	startApp(t, inner, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Hello World!") })
	if res, body := do(t, newRequest(t, outer, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
		t.Errorf("answer = %s %q, want Hello World!", res.Status, body)
	}
}

func TestClientThatGoesAwayIsNoFaultOfTheApp(t *testing.T) {
	t.Parallel()
	log := newLines()
	r := newRouter(t, bustest.New(t), nil, slog.New(log))
	run(t, r)
	arrived := make(chan struct{})
	startApp(t, r, "slow.localhost", func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		close(arrived)
		<-req.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	req := newRequest(t, r, "POST", "slow.localhost", "/", io.LimitReader(zeros{}, 1<<10)).WithContext(ctx)
	failed := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		failed <- err
	}()
	<-arrived
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	log.await(t, "client went away")
	if w := log.warnings(); len(w) > 0 {
		t.Errorf("logged as a fault: %q", w)
	}
	if v := r.varz(); v["bad_requests"] != int64(0) || v["responses_5xx"] != int64(0) {
		t.Errorf("counted as a fault: %v", v)
	}
}

func TestUploadThatBreaksOffIsNoFaultOfTheApp(t *testing.T) {
	t.Parallel()
	log := newLines()
	r := newRouter(t, bustest.New(t), nil, slog.New(log))
	run(t, r)
	startApp(t, r, "slow.localhost", func(_ http.ResponseWriter, req *http.Request) { _, _ = io.Copy(io.Discard, req.Body) })
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: slow.localhost\r\nContent-Length: 1000\r\n\r\nonly this")
	conn.Close()
	log.await(t, "client went away")
	if w := log.warnings(); len(w) > 0 {
		t.Errorf("logged as a fault: %q", w)
	}
}

func TestAppThatBreaksOffBreaksOffForTheClient(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "cut.localhost", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half of ")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "GET", "cut.localhost", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the client takes %q for the whole answer", body)
	}
}

func TestRequestsWithoutHostOrForTheWorldAreRefused(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for request, want := range map[string]string{
		"GET / HTTP/1.0\r\n\r\n": "400 Bad Request",
		"GET / HTTP/1.1\r\n\r\n": "400 Bad Request",
		"CONNECT world.example:443 HTTP/1.1\r\nHost: world.example\r\n\r\n":            "405 Method Not Allowed",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 128<<10) + "\r\n\r\n": "431 Request Header Fields Too Large",
	} {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.WriteString(conn, request) }()
		status, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(status, want) {
			t.Errorf("%.40q: %q, %v, want %s", request, status, err, want)
		}
		conn.Close()
	}
}
