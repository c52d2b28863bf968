package webserver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/webserver"
)

// start serves h on a free port. stop ends it and returns what Serve did.
func start(t *testing.T, s webserver.Server) (url string, stop func() error) {
	t.Helper()
	l, err := webserver.Listen("test", "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(cancel)
	return webserver.URL(l), func() error { cancel(); return <-ended }
}

func TestRunningRequestFinishesWithinTheGrace(t *testing.T) {
	t.Parallel()
	in, out := make(chan struct{}), make(chan struct{})
	url, stop := start(t, webserver.Server{Grace: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(in)
		<-out
		_, _ = io.WriteString(w, "done")
	})})
	answer := make(chan string, 1)
	go func() { answer <- get(url) }()
	<-in
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	close(out)
	if got := <-answer; got != "done" {
		t.Errorf("answer = %q, want the request to be finished", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("an ordinary stop returned %v", err)
	}
}

func TestStuckRequestIsCancelledAndWaitedFor(t *testing.T) {
	t.Parallel()
	in, cleaned := make(chan struct{}), false
	url, stop := start(t, webserver.Server{Grace: time.Millisecond, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(in)
		<-r.Context().Done()
		cleaned = true
	})})
	go get(url)
	<-in
	if err := stop(); err != nil {
		t.Errorf("stop returned %v", err)
	}
	if !cleaned {
		t.Error("Serve returned while a handler was still running")
	}
}

// A hijacked connection, which is what a websocket is, is none of Shutdown's business.
func TestHijackedConnectionEndsWithTheServer(t *testing.T) {
	t.Parallel()
	in, cleaned := make(chan struct{}), false
	url, stop := start(t, webserver.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		close(in)
		<-r.Context().Done()
		cleaned = true
	})})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-in
	if err := stop(); err != nil {
		t.Errorf("stop returned %v", err)
	}
	if !cleaned {
		t.Error("Serve returned while a websocket was still open")
	}
	if _, err := bufio.NewReader(conn).ReadByte(); err == nil {
		t.Error("the connection is still open")
	}
}

func TestTakenPortNamesItAndWhatToDo(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = webserver.Listen("router", "127.0.0.1", l.Addr().(*net.TCPAddr).Port)
	taken, ok := errors.AsType[*webserver.TakenError](err)
	if !ok || !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("error = %v, want a TakenError that is EADDRINUSE", err)
	}
	if !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(taken.Hint(), "router.yml") {
		t.Errorf("error %q with hint %q: want the address and router.yml in them", err, taken.Hint())
	}
}

func TestBrokenListenerIsAFailure(t *testing.T) {
	t.Parallel()
	l, err := webserver.Listen("test", "127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := (webserver.Server{Handler: http.NotFoundHandler()}).Serve(t.Context(), l); err == nil {
		t.Error("serving on a closed listener returned no error")
	}
}

// everywhere is a listener on all interfaces that does not really exist.
type everywhere struct{ net.Listener }

func (everywhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8080} }

func TestUnspecifiedHostIsReachedOnLoopback(t *testing.T) {
	t.Parallel()
	if url, want := webserver.URL(everywhere{}), "http://127.0.0.1:8080"; url != want {
		t.Errorf("URL = %s, want %s", url, want)
	}
}

func get(url string) string {
	res, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
