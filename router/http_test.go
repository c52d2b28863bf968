package router

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// raw sends bytes to r and returns all that comes back until the connection is closed.
func raw(t *testing.T, r *Router, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	written := make(chan struct{})
	go func() {
		defer close(written)
		_, _ = io.WriteString(conn, request)
	}()
	answer, _ := io.ReadAll(conn) // how it ends is not always clean
	<-written
	return string(answer)
}

func startHelloApp(t *testing.T, r *Router) {
	t.Helper()
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Hello World!") })
}

// The cases of gorouter's own tests.
func TestVersionsOfHTTP(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startHelloApp(t, r)
	for name, c := range map[string]struct{ request, want string }{
		"1.0":                   {"GET / HTTP/1.0\r\nHost: hello.localhost\r\n\r\n", "HTTP/1.0 200 OK\r\n"},
		"1.1":                   {"GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
		"1.5":                   {"GET / HTTP/1.5\r\nHost: hello.localhost\r\n\r\n", "HTTP/1.0 400 Bad Request\r\n\r\n"},
		"the preface of HTTP/2": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "HTTP/1.0 400 Bad Request\r\n\r\n"},
	} {
		got := raw(t, r, c.request)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("HTTP/%s: answer = %q, want %q", name, got, c.want)
		}
		if strings.Contains(got, "200 OK") != strings.HasSuffix(got, "Hello World!") {
			t.Errorf("HTTP/%s: answer = %q, want the app's in full or not at all", name, got)
		}
	}
}

// A client of 1.0 knows neither chunks nor, unless it asks for that, a second request on its connection.
func TestClientOfHTTP10IsAnsweredInItsWords(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "part ")
			_ = http.NewResponseController(w).Flush()
		}
	})
	got := raw(t, r, "GET / HTTP/1.0\r\nHost: hello.localhost\r\n\r\n")
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	if body != "part part part " || strings.Contains(head, "chunked") {
		t.Errorf("answer = %q, want the parts until the end of the connection", got)
	}
	got = raw(t, r, "GET / HTTP/1.0\r\nHost: nobody\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: nobody\r\n\r\n")
	if n := strings.Count(got, "404 Not Found"); n != 2 {
		t.Errorf("%d answers on a connection that was to be kept, want 2: %q", n, got)
	}
}

// answering starts a server that sends these bytes to whoever has asked, and hangs up.
func answering(t *testing.T, answer string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestAppsAnswerIsUnderstoodOrABadGateway(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
	}{
		"HTTP/1.0 until the end":   {"HTTP/1.0 200 OK\r\n\r\nHello", 200, "Hello"},
		"HTTP/1.1 until the end":   {"HTTP/1.1 200 OK\r\n\r\nHello", 200, "Hello"},
		"with a length":            {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello and more", 200, "Hello"},
		"in chunks":                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n0\r\n\r\n", 200, "Hello"},
		"nothing to say":           {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
		"not modified":             {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""},
		"a status nobody knows":    {"HTTP/1.1 299 Whatever\r\nContent-Length: 0\r\n\r\n", 299, ""},
		"noise":                    {"\x00\x01\x02 noise\r\n\r\n", 502, ""},
		"another protocol":         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, ""},
		"a header that is none":    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 502, ""},
		"two lengths":              {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nHello!", 502, ""},
		"a negative length":        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nHello", 502, ""},
		"an endless header":        {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 100_000) + "\r\n", 502, ""},
		"an upgrade nobody wanted": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502, ""},
		"nothing":                  {"", 502, ""},
	} {
		m := routeTo(t, "http://"+answering(t, c.answer), "app.localhost")
		r.onRegister(m)
		res, body := do(t, newRequest(t, r, "GET", "app.localhost", "/", nil))
		if res.StatusCode != c.status || c.status != 502 && body != c.body {
			t.Errorf("%s: answer = %s %.100q, want %d %q", name, res.Status, body, c.status, c.body)
		}
		r.onUnregister(m)
	}
}

func TestLoadBalancerIsToldThatTheRouterIsWell(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startHelloApp(t, r)
	for _, host := range []string{"hello.localhost", "nobody.localhost", ""} {
		got := raw(t, r, "GET / HTTP/1.0\r\nHost: "+host+"\r\nUser-Agent: HTTP-Monitor/1.1\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.0 200 OK\r\n") || !strings.HasSuffix(got, "\r\n\r\nok\n") {
			t.Errorf("answer for host %q = %q, want 200 ok", host, got)
		}
	}
	if v := r.varz(); v["requests"] != int64(0) {
		t.Errorf("%v requests were counted, want none: the world has not asked for anything", v["requests"])
	}
}

func TestAllMethodsReachTheApp(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "echo.localhost", func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.Header().Set("X-Method", req.Method)
		fmt.Fprintf(w, "%d %v %s", req.ContentLength, req.TransferEncoding, body)
	})
	for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "REPORT", "BREW"} {
		for body, want := range map[string]string{"": "0 [] ", "some body": "9 [] some body"} {
			res, got := do(t, newRequest(t, r, method, "echo.localhost", "/", strings.NewReader(body)))
			if res.Header.Get("X-Method") != method || got != want {
				t.Errorf("%s with %q: the app got %s %q, want %q", method, body, res.Header.Get("X-Method"), got, want)
			}
		}
		res, got := do(t, newRequest(t, r, method, "echo.localhost", "/", io.MultiReader(strings.NewReader("chunk"))))
		if want := "-1 [chunked] chunk"; res.StatusCode != 200 || got != want {
			t.Errorf("%s in chunks: the app got %q, want %q", method, got, want)
		}
	}
}

func TestTrailersArePassedBothWays(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "app.localhost", func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Sum", "got "+req.Trailer.Get("X-Sum"))
	})
	req := newRequest(t, r, "POST", "app.localhost", "/", io.MultiReader(strings.NewReader("body")))
	req.Trailer = http.Header{"X-Sum": {"42"}}
	res, _ := do(t, req)
	if got := res.Trailer.Get("X-Sum"); got != "got 42" {
		t.Errorf("trailer = %q, want the app's, which has the client's in it", got)
	}
}
