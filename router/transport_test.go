package router

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// script is an app that takes connections and does on each what it is told to.
func script(tb testing.TB, serve func(conn net.Conn, in *bufio.Reader)) (url string, connections *atomic.Int64) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			go func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn))
			}()
		}
	}()
	return "http://" + l.Addr().String(), connections
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// ask sends a request of its own over tr, and returns what came back.
func ask(ctx context.Context, tr *transport, method, url string, body io.Reader) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return "", err
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// idleConns counts the connections that wait for a request.
func (t *transport) idleConns() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, all := range t.idle {
		n += len(all)
	}
	return n
}

// Servers close idle connections when they like; whatever the method, the next request must not find out.
func TestConnectionThatTheAppHasClosedIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		var tr transport
		closed := make(chan struct{}, 1)
		url, connections := script(t, func(conn net.Conn, in *bufio.Reader) {
			if _, err := http.ReadRequest(in); err == nil {
				_, _ = io.WriteString(conn, okAnswer)
				conn.Close()
				closed <- struct{}{}
			}
		})
		for i := range 3 {
			if got, err := ask(t.Context(), &tr, method, url, nil); got != "ok" {
				t.Fatalf("%s %d: %q, %v", method, i, got, err)
			}
			<-closed
			testkit.Eventually(t, 10*time.Second, "the end of the connection to arrive", func() bool {
				c := tr.take(strings.TrimPrefix(url, "http://"))
				defer tr.put(c)
				return !c.alive()
			})
		}
		if n := connections.Load(); n != 3 {
			t.Errorf("%d connections for 3 requests, want one each", n)
		}
	}
}

// The app may close it at the very moment when the next request is on its way.
func TestRequestThatCrossesTheEndOfItsConnectionIsSentAgain(t *testing.T) {
	t.Parallel()
	var tr transport
	var fatal atomic.Int64
	url, connections := script(t, func(conn net.Conn, in *bufio.Reader) {
		for {
			req, err := http.ReadRequest(in)
			if err != nil || req.URL.Path == "/fatal" && fatal.Add(1) == 1 {
				return
			}
			_, _ = io.WriteString(conn, okAnswer)
		}
	})
	for _, path := range []string{"/", "/fatal"} {
		if got, err := ask(t.Context(), &tr, "GET", url+path, nil); got != "ok" {
			t.Errorf("GET %s = %q, %v, want an answer, if need be over a new connection", path, got, err)
		}
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	fatal.Store(0)
	if _, err := ask(t.Context(), &tr, "POST", url+"/fatal", nil); err == nil {
		t.Error("a POST that the app may have taken was sent again")
	}
}

func TestAnswerThatIsNotReadEndsItsConnection(t *testing.T) {
	t.Parallel()
	var tr transport
	url, connections := script(t, func(conn net.Conn, in *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\npart")
		}
	})
	for range 2 {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	if n := connections.Load(); n != 2 || tr.idleConns() != 0 {
		t.Errorf("%d connections, %d of them idle, want a new one after each answer that was left", n, tr.idleConns())
	}
}

// What an app says that nobody has asked must not be taken for the answer to the next request.
func TestConnectionWithMoreThanTheAnswerIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	var tr transport
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(conn, okAnswer+"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			_, _ = in.ReadByte()
		}
	})
	for range 3 {
		if got, err := ask(t.Context(), &tr, "GET", url, nil); got != "ok" {
			t.Errorf("answer = %q, %v, want ok", got, err)
		}
	}
}

func TestIdleConnectionsAreClosedInTime(t *testing.T) {
	t.Parallel()
	var tr transport
	app := startHello(t)
	for range 3 {
		if _, err := ask(t.Context(), &tr, "GET", app.URL, nil); err != nil {
			t.Fatal(err)
		}
	}
	if tr.idleConns() != 1 {
		t.Fatalf("%d idle connections after 3 requests, want 1", tr.idleConns())
	}
	tr.closeIdle(time.Now().Add(-backendIdle))
	if tr.idleConns() != 1 {
		t.Error("a connection that was just used was closed")
	}
	c := tr.take(app.Listener.Addr().String())
	tr.put(c)
	tr.closeIdle(time.Now())
	if _, err := c.Conn.Write([]byte("x")); tr.idleConns() != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("%d connections are idle, and writing on the one that was says %v", tr.idleConns(), err)
	}
}

func TestNoMoreConnectionsAreKeptThanTheLimit(t *testing.T) {
	t.Parallel()
	var tr transport
	app := startHello(t)
	addr := app.Listener.Addr().String()
	var all []*conn
	for range idlePerBackend + 1 {
		c, err := dial(t.Context(), &tr, addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	for _, c := range all {
		tr.put(c)
	}
	if n := tr.idleConns(); n != idlePerBackend {
		t.Errorf("%d connections are kept, want %d", n, idlePerBackend)
	}
	tr.closeIdle(time.Now())
}

func TestConnectionsOfUploadsAreUsedAgain(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	app := startHello(t)
	app.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n, _ := io.Copy(io.Discard, req.Body)
		fmt.Fprint(w, n)
	})
	r.onRegister(routeTo(t, app.URL, "app.localhost"))
	for i := range 20 {
		body := io.LimitReader(zeros{}, 100_000)
		if i%2 == 0 {
			body = bytes.NewReader(make([]byte, 100_000)) // of known length
		}
		if _, body := do(t, newRequest(t, r, "POST", "app.localhost", "/", body)); body != "100000" {
			t.Fatalf("the app got %s bytes", body)
		}
	}
	// Now and then the answer is over before the goroutine that sends the body has noticed that it has; that costs the connection.
	if n := app.accepted.Load(); n == 20 {
		t.Error("20 uploads, one after the other, took 20 connections")
	}
}

func TestUploadOfKnownLengthArrivesAsItIsSent(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	got := make(chan string)
	startApp(t, r, "app.localhost", func(_ http.ResponseWriter, req *http.Request) {
		in := bufio.NewReader(req.Body)
		for range 3 {
			line, _ := in.ReadString('\n')
			got <- line
		}
	})
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 6\r\n\r\n")
	for _, line := range []string{"1\n", "2\n", "3\n"} {
		_, _ = io.WriteString(conn, line)
		if arrived := <-got; arrived != line {
			t.Errorf("the app got %q, want %q before the next is sent", arrived, line)
		}
	}
}

func TestAnswerOfKnownLengthArrivesAsItIsSent(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	next := make(chan struct{})
	startApp(t, r, "app.localhost", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		for _, part := range []string{"", "1\n", "2\n"} { // the first flush sends the head
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	res, err := http.DefaultTransport.RoundTrip(newRequest(t, r, "GET", "app.localhost", "/", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	in := bufio.NewReader(res.Body)
	for _, want := range []string{"1\n", "2\n"} {
		next <- struct{}{}
		if line, err := in.ReadString('\n'); line != want {
			t.Errorf("line = %q, %v, want %q before the next is sent", line, err, want)
		}
	}
	next <- struct{}{}
}

// An app of HTTP/1.0 does not know the question whether it wants the body, and waits for it.
func TestAppThatDoesNotAnswerExpectGetsTheBodyAllTheSame(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\n%s", body)
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	req := newRequest(t, r, "POST", "app.localhost", "/", strings.NewReader("body"))
	req.Header.Set("Expect", "100-continue")
	if res, body := do(t, req); body != "body" {
		t.Errorf("answer = %s %q, want the body", res.Status, body)
	}
}

func TestEarlyHintsArriveBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\n"+okAnswer)
		}
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	got := raw(t, r, "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
	a, b, c := strings.Index(got, "Link: </a.css>"), strings.Index(got, "Link: </b.css>"), strings.Index(got, "HTTP/1.1 200 OK")
	if a < 0 || b < a || c < b || strings.Count(got, "Link") != 2 || !strings.HasSuffix(got, "ok") {
		t.Errorf("answer = %q, want two hints and then the answer without them", got)
	}
}

// An app that talks without end before it answers must not keep the router listening for ever.
func TestEndlessHintsAreABadGateway(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"); err != nil {
				return
			}
		}
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	got := raw(t, r, "GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n")
	if !strings.Contains(got, "HTTP/1.1 502 Bad Gateway\r\n") || !strings.Contains(got, "more than 262144 bytes") {
		t.Errorf("answer ends with %q, want 502", got[max(0, len(got)-500):])
	}
}

// The upload is still under way when the app has answered, and neither of its two ends moves.
func TestStuckUploadEndsWithItsAnswer(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	gone := make(chan error, 1)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
		buf := make([]byte, 1)
		for { // slower than any upload
			if _, err := conn.Read(buf); err != nil {
				gone <- err
				return
			}
		}
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	res, _ := do(t, newRequest(t, r, "POST", "app.localhost", "/", io.LimitReader(zeros{}, 64<<20)))
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status = %s, want 413", res.Status)
	}
	<-gone // the router has hung up
}

func TestUpgradeThatNobodyWantedLeavesNoConnection(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	ended := make(chan struct{})
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
			_, _ = in.ReadByte()
			close(ended)
		}
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	if res, _ := do(t, newRequest(t, r, "GET", "app.localhost", "/", nil)); res.StatusCode != http.StatusBadGateway {
		t.Errorf("answer = %s, want 502", res.Status)
	}
	<-ended // the router has hung up
}

func TestBytesRightBehindAnUpgradeAreNotLost(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello at once\n")
			_, _ = in.ReadByte()
		}
	})
	r.onRegister(routeTo(t, url, "ws.localhost"))
	_, in := upgrade(t, r, "ws.localhost")
	if line, err := in.ReadString('\n'); line != "hello at once\n" {
		t.Errorf("first line = %q, %v", line, err)
	}
}
