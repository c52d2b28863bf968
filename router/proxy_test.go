package router

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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

func TestRequestReachesTheAppAsTheClientSentIt(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	var got *http.Request
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, req *http.Request) {
		got = req
		w.Header().Set("X-App", "yes")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "Hello World!")
	})
	req := newRequest(t, r, "PATCH", "HELLO.localhost:8080", "/a%2Fb/../c?x=1;y=%zz&z", nil)
	req.Header.Set("X-Forwarded-For", "10.1.2.3")
	req.Header.Set("X-Custom", "kept")
	res, body := do(t, req)
	if res.StatusCode != http.StatusTeapot || body != "Hello World!" || res.Header.Get("X-App") != "yes" {
		t.Errorf("response = %s %q %v", res.Status, body, res.Header)
	}
	if got.Host != "HELLO.localhost:8080" {
		t.Errorf("Host = %q, want the client's", got.Host)
	}
	if want := "/a%2Fb/../c?x=1;y=%zz&z"; got.RequestURI != want || got.Method != "PATCH" {
		t.Errorf("request = %s %s, want PATCH %s", got.Method, got.RequestURI, want)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "10.1.2.3, 127.0.0.1", "X-Forwarded-Host": "HELLO.localhost:8080", "X-Forwarded-Proto": "http", "X-Custom": "kept",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
}

func TestHeadHasHeadersAndNoBody(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "12")
	})
	res, body := do(t, newRequest(t, r, "HEAD", "hello.localhost", "/", nil))
	if res.StatusCode != 200 || res.ContentLength != 12 || body != "" {
		t.Errorf("HEAD = %s, length %d, body %q", res.Status, res.ContentLength, body)
	}
}

func TestServerSentEventsArriveOneByOne(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	next := make(chan struct{})
	startApp(t, r, "events.localhost", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "GET", "events.localhost", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewReader(res.Body)
	for i := range 3 {
		line, err := events.ReadString('\n')
		if want := fmt.Sprintf("data: %d\n", i); err != nil || line != want {
			t.Fatalf("event = %q, %v, want %q before the next one is sent", line, err, want)
		}
		_, _ = events.ReadString('\n')
		next <- struct{}{}
	}
}

// The app answers each chunk before the client sends the next.
func TestChunksAreStreamedBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "echo.localhost", func(w http.ResponseWriter, req *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		_ = rc.Flush()
		in := bufio.NewReader(req.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, strings.ToUpper(line))
			_ = rc.Flush()
		}
	})
	body, send := io.Pipe()
	res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "POST", "echo.localhost", "/", body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewReader(res.Body)
	for i := range 5 {
		fmt.Fprintf(send, "line %d\n", i)
		if got, err := answers.ReadString('\n'); err != nil || got != fmt.Sprintf("LINE %d\n", i) {
			t.Fatalf("answer %d = %q, %v", i, got, err)
		}
	}
	send.Close()
	if rest, err := io.ReadAll(answers); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}

func TestEarlyAnswerToALargeUploadArrives(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "small.localhost", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	for range 5 {
		req := newRequest(t, r, "POST", "small.localhost", "/", io.LimitReader(zeros{}, 8<<20))
		if res, _ := do(t, req); res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status = %s, want 413", res.Status)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestExpectContinueIsTheAppsDecision(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "app.localhost", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/refuse" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		body, _ := io.ReadAll(req.Body)
		_, _ = w.Write(body)
	})
	dial := func(path string) (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", path)
		return conn, bufio.NewReader(conn)
	}

	conn, in := dial("/accept")
	if line, _ := in.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("before the body: %q, want 100 Continue", line)
	}
	_, _ = in.ReadString('\n')
	_, _ = io.WriteString(conn, "body")
	res, err := http.ReadResponse(in, nil)
	for err == nil && res.StatusCode == http.StatusContinue { // both the router's and the app's may arrive
		res, err = http.ReadResponse(in, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(body) != "body" {
		t.Errorf("answer = %s %q, want the body sent after 100 Continue", res.Status, body)
	}

	_, in = dial("/refuse")
	if line, _ := in.ReadString('\n'); line != "HTTP/1.1 403 Forbidden\r\n" {
		t.Errorf("before the body: %q, want 403 without 100 Continue", line)
	}
}

func TestWebsocketIsPassedThrough(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "ws.localhost", func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Upgrade") != "websocket" || req.Header.Get("Sec-Websocket-Key") != "key" {
			t.Errorf("the app got %v", req.Header)
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_ = rw.Flush()
		for { // frames are nobody's business but the two ends': lines do as well
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(rw, "echo "+line)
			_ = rw.Flush()
		}
	})
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: ws.localhost:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: key\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("upgrade = %v, %v", res, err)
	}
	for i := range 3 {
		fmt.Fprintf(conn, "%d\n", i)
		if got, _ := in.ReadString('\n'); got != fmt.Sprintf("echo %d\n", i) {
			t.Fatalf("got %q, want the echo of %d", got, i)
		}
	}
}

func TestOpenWebsocketDoesNotHoldUpTheStop(t *testing.T) {
	t.Parallel()
	r := newRouter(t, bustest.New(t), nil, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- r.Run(ctx, func() { close(ready) }) }()
	<-ready
	opened := make(chan struct{})
	startApp(t, r, "ws.localhost", func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_ = rw.Flush()
		close(opened)
		_, _ = rw.ReadByte() // until the router hangs up
	})
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ws.localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	<-opened
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the router stopped with %v", err)
	}
}

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

func TestTraceTellsWhoAnsweredToThoseWithTheKey(t *testing.T) {
	t.Parallel()
	r := startRouter(t, func(c *Config) { c.TraceKey = "22" })
	app := startApp(t, r, "hello.localhost", func(http.ResponseWriter, *http.Request) {})
	for key, want := range map[string]string{"22": strings.TrimPrefix(app.URL, "http://"), "23": "", "": ""} {
		req := newRequest(t, r, "GET", "hello.localhost", "/", nil)
		req.Header.Set("X-Vcap-Trace", key)
		res, _ := do(t, req)
		if got := res.Header.Get("X-Vcap-Backend"); got != want {
			t.Errorf("with key %q: backend = %q, want %q", key, got, want)
		}
		if got := res.Header.Get("X-Vcap-Router"); (got != "") != (want != "") {
			t.Errorf("with key %q: router = %q", key, got)
		}
	}
}

func TestSessionStaysWithItsInstance(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for i := range 4 {
		app := startApp(t, r, "ignored", func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/login" {
				w.Header().Set("Set-Cookie", "JSESSIONID=abc; Path=/")
			}
			_, _ = io.WriteString(w, strconv.Itoa(i))
		})
		m := routeTo(t, app.URL, "java.localhost")
		m.PrivateInstanceID = "instance-" + strconv.Itoa(i)
		r.onRegister(m)
	}
	res, home := do(t, newRequest(t, r, "GET", "java.localhost", "/login", nil))
	cookies := res.Header.Values("Set-Cookie")
	if want := "__VCAP_ID__=instance-" + home + "; Path=/"; len(cookies) != 2 || cookies[1] != want {
		t.Fatalf("cookies = %q, want the app's and %q", cookies, want)
	}
	for range 20 {
		req := newRequest(t, r, "GET", "java.localhost", "/", nil)
		req.Header.Set("Cookie", "a=b; __VCAP_ID__=instance-"+home+"; JSESSIONID=abc")
		if _, got := do(t, req); got != home {
			t.Fatalf("instance %s answered a session of instance %s", got, home)
		}
	}
	if res, _ := do(t, newRequest(t, r, "GET", "java.localhost", "/", nil)); len(res.Header.Values("Set-Cookie")) > 0 {
		t.Error("a response without a session got a sticky cookie")
	}
}
