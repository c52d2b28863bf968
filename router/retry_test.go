package router

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
)

// twoEnds registers an endpoint where nobody listens and one that says hello, under one name.
func twoEnds(t *testing.T, r *Router) (dead string) {
	t.Helper()
	dead = refusing(t)
	r.onRegister(routeTo(t, "http://"+dead, "hello.localhost", "alias.localhost"))
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, "Hello ")
		_, _ = io.Copy(w, req.Body)
	})
	return dead
}

func TestDeadEndpointCostsNoRequestAndIsForgotten(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} { // nobody has seen the request: even a POST may go elsewhere
		log := newLines()
		r := newRouter(t, bustest.New(t), nil, slog.New(log))
		run(t, r)
		dead := twoEnds(t, r)
		for range 4 {
			res, body := do(t, newRequest(t, r, method, "hello.localhost", "/", strings.NewReader("World!")))
			if res.StatusCode != 200 || body != "Hello World!" {
				t.Errorf("%s = %s %q, want the answer of the endpoint that lives", method, res.Status, body)
			}
		}
		if routes := r.registry.routes(); slices.Contains(routes["hello.localhost"], dead) || len(routes["hello.localhost"]) != 1 || len(routes["alias.localhost"]) != 0 {
			t.Errorf("routes = %v, want %s forgotten under all its names", routes, dead)
		}
		log.await(t, "Unregistering alias.localhost for host "+dead)
		log.await(t, "Unregistering hello.localhost for host "+dead)
		log.await(t, "1 servers available for hello.localhost")
	}
}

func TestLastEndpointIsForgottenTooUntilItIsRegisteredAgain(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	m := routeTo(t, "http://"+refusing(t), "dead.localhost")
	for _, want := range []int{502, 404, 502} {
		if want == 502 {
			r.onRegister(m)
		}
		res, _ := do(t, newRequest(t, r, "GET", "dead.localhost", "/", nil))
		if res.StatusCode != want {
			t.Errorf("answer = %s, want %d", res.Status, want)
		}
	}
}

func TestSessionOfADeadInstanceGoesToAnother(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	m := routeTo(t, "http://"+refusing(t), "java.localhost")
	m.PrivateInstanceID = "gone"
	r.onRegister(m)
	startApp(t, r, "java.localhost", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	req := newRequest(t, r, "GET", "java.localhost", "/", nil)
	req.Header.Set("Cookie", "JSESSIONID=x; __VCAP_ID__=gone")
	if res, body := do(t, req); body != "hello" {
		t.Errorf("answer = %s %q, want that of the other instance", res.Status, body)
	}
}

func TestWebsocketToADeadEndpointGoesToAnother(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	r.onRegister(routeTo(t, "http://"+refusing(t), "ws.localhost"))
	startEcho(t, r, "ws.localhost")
	for range 2 { // at least one of them comes to the dead one first
		conn, in := upgrade(t, r, "ws.localhost")
		_, _ = io.WriteString(conn, "hello\n")
		if got, _ := in.ReadString('\n'); got != "echo hello\n" {
			t.Errorf("got %q, want the echo", got)
		}
	}
}

// hangUps is an app of several instances that close the connection when they have read the request.
type hangUps struct{ requests atomic.Int64 }

func (h *hangUps) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.requests.Add(1)
	panic(http.ErrAbortHandler)
}

// An app that falls over at a request has perhaps done what it asked, and its other instances would fall over too.
func TestRequestThatEndsAnAppIsSentToOneMoreAtMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, body string
		want         int64
	}{{"GET", "", 2}, {"DELETE", "", 2}, {"POST", "", 1}, {"POST", "body", 1}, {"PUT", "body", 1}, {"PATCH", "", 1}} {
		r := startRouter(t, nil)
		var app hangUps
		for range 4 {
			startApp(t, r, "poisoned.localhost", app.ServeHTTP)
		}
		var body io.Reader
		if c.body != "" {
			body = strings.NewReader(c.body)
		}
		res, _ := do(t, newRequest(t, r, c.method, "poisoned.localhost", "/", body))
		if n := app.requests.Load(); res.StatusCode != http.StatusBadGateway || n != c.want {
			t.Errorf("%s %q = %s after %d tries, want 502 after %d", c.method, c.body, res.Status, n, c.want)
		}
		if n := len(r.registry.routes()["poisoned.localhost"]); n != 4 {
			t.Errorf("%d endpoints are left, want all 4: they are there, and answer other requests", n)
		}
	}
}

// Its instances are known by connections that were used before, and nobody listens any more when the request is sent again.
func TestRequestThatKillsAnAppKillsTwoInstancesAtMost(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	var killed atomic.Int64
	for range 4 {
		var app *httptest.Server
		app = startApp(t, r, "poisoned.localhost", func(_ http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/poison" {
				killed.Add(1)
				app.Listener.Close()
				panic(http.ErrAbortHandler)
			}
		})
	}
	for range 4 {
		do(t, newRequest(t, r, "GET", "poisoned.localhost", "/", nil))
	}
	res, _ := do(t, newRequest(t, r, "GET", "poisoned.localhost", "/poison", nil))
	if n := killed.Load(); res.StatusCode != http.StatusBadGateway || n != 2 {
		t.Errorf("answer = %s, and %d of 4 instances are dead, want 502 and 2", res.Status, n)
	}
	for range 4 {
		if res, _ := do(t, newRequest(t, r, "GET", "poisoned.localhost", "/", nil)); res.StatusCode != http.StatusOK {
			t.Errorf("afterwards: %s, want the answer of an instance that lives", res.Status)
		}
	}
}

func TestAnswerAfterAHangUpIsThatOfTheNextInstance(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "hello.localhost", new(hangUps).ServeHTTP)
	app := startApp(t, r, "hello.localhost", func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, req.Header.Get("X-Cf-Instanceid"))
	})
	for range 4 {
		if res, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); res.StatusCode != 200 || "http://"+body != app.URL {
			t.Errorf("answer = %s, and the app was told that it is %q, want %s", res.Status, body, app.URL)
		}
	}
	if v := r.varz(); v["bad_requests"] != int64(0) || v["responses_2xx"] != int64(4) {
		t.Errorf("varz = %v, want 4 good answers", v)
	}
}

func TestOnlyWhoCannotBeThereIsForgotten(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	errno := func(e syscall.Errno) error { return dial(os.NewSyscallError("connect", e)) }
	for name, c := range map[string]struct {
		err             error
		gone, neverSent bool
	}{
		"nobody listens":         {errno(syscall.ECONNREFUSED), true, true},
		"no such machine":        {errno(syscall.EHOSTUNREACH), true, true},
		"no such net":            {errno(syscall.ENETUNREACH), true, true},
		"no such name":           {dial(&net.DNSError{IsNotFound: true}), true, true},
		"the DNS is slow":        {dial(&net.DNSError{IsTimeout: true}), false, true},
		"the app is slow":        {dial(os.ErrDeadlineExceeded), false, true},
		"no file is left here":   {errno(syscall.EMFILE), false, true},
		"no port is left here":   {errno(syscall.EADDRNOTAVAIL), false, true},
		"it hung up":             {io.EOF, false, false},
		"it hung up on a write":  {&net.OpError{Op: "write", Err: syscall.EPIPE}, false, false},
		"it refused a read":      {&net.OpError{Op: "read", Err: syscall.ECONNREFUSED}, false, false},
		"something without name": {errors.New("malformed HTTP response"), false, false},
	} {
		if gone(c.err) != c.gone || neverSent(c.err) != c.neverSent {
			t.Errorf("%s: gone = %v, never sent = %v, want %v and %v", name, gone(c.err), neverSent(c.err), c.gone, c.neverSent)
		}
	}
}

// Its registration crossed the request that found nobody: what was registered since is another.
func TestEndpointThatCameBackMeanwhileStays(t *testing.T) {
	t.Parallel()
	r := newRouter(t, bustest.New(t), nil, slog.New(slog.DiscardHandler))
	m := routeTo(t, "http://127.0.0.1:1", "hello.localhost")
	tried := time.Now()
	r.onRegister(m)
	e := r.registry.pick("hello.localhost", "")
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	r.onFailure(e, "hello.localhost", tried, refused)
	if r.registry.pick("hello.localhost", "") == nil {
		t.Error("it is forgotten, though it was registered after it was tried")
	}
	r.onFailure(e, "hello.localhost", time.Now().Add(time.Second), refused)
	if r.registry.pick("hello.localhost", "") != nil {
		t.Error("it is still there, though it was not registered again")
	}
}

func TestRequestOfAClientThatLeftIsNotSentElsewhere(t *testing.T) {
	t.Parallel()
	log := newLines()
	r := newRouter(t, bustest.New(t), nil, slog.New(log))
	run(t, r)
	var asked atomic.Int64
	arrived, left := make(chan struct{}, 2), make(chan struct{})
	for range 2 {
		startApp(t, r, "slow.localhost", func(http.ResponseWriter, *http.Request) {
			asked.Add(1)
			arrived <- struct{}{}
			<-left
			panic(http.ErrAbortHandler)
		})
	}
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: slow.localhost\r\n\r\n")
	<-arrived
	conn.Close()
	log.await(t, "client went away")
	close(left)
	if n := asked.Load(); n != 1 {
		t.Errorf("%d instances were asked for somebody who had left", n)
	}
}
