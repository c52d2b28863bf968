package router

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
)

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
	startEcho(t, r, "ws.localhost")
	conn, in := upgrade(t, r, "ws.localhost:8080")
	for i := range 3 {
		fmt.Fprintf(conn, "%d\n", i)
		if got, _ := in.ReadString('\n'); got != fmt.Sprintf("echo %d\n", i) {
			t.Fatalf("got %q, want the echo of %d", got, i)
		}
	}
	if v := r.varz(); v["responses_xxx"] != int64(1) {
		t.Errorf("varz = %v, want the upgrade among responses_xxx", v)
	}
}

// startEcho serves a websocket whose frames are lines.
func startEcho(t *testing.T, r *Router, uri string) {
	t.Helper()
	startApp(t, r, uri, func(w http.ResponseWriter, req *http.Request) {
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
}

// upgrade opens a websocket through r.
func upgrade(t *testing.T, r *Router, host string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, _ = io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: "+host+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: key\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("upgrade = %v, %v", res, err)
	}
	return conn, in
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
