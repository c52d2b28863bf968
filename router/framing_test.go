package router

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// Where an answer ends decides what the next one is: whatever an app says about that, nobody gets a part of somebody else's.
func TestAnswerEndsWhereItsHeadSaysAndSoDoesTheConnectionWhereThatIsUnclear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, answer, want string
		again, broken        bool // may the connection serve another request; is the body cut off
	}{
		"a length":                      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true, false},
		"the same length twice":         {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "ok", true, false},
		"an empty body":                 {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true, false},
		"chunks":                        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\no\r\n1\r\nk\r\n0\r\n\r\n", "ok", true, false},
		"chunks and trailers":           {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n", "ok", true, false},
		"chunks, and a length too":      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true, false},
		"a length below that of chunks": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", true, false},
		"a folded header":               {"GET", "HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 9\r\nContent-Length: 2\r\n\r\nok", "ok", true, false},
		"bare line feeds":               {"GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", true, false},
		"no content":                    {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "", true, false},
		"no content, with a length":     {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", "", true, false},
		"not modified":                  {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "", true, false},
		"the head alone":                {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "", true, false},
		"the head alone, of chunks":     {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", true, false},
		"interim answers":               {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true, false},
		"HTTP/1.0 that stays":           {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "ok", true, false},

		"HTTP/1.0":                      {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", false, false},
		"HTTP/1.0 until the end":        {"GET", "HTTP/1.0 200 OK\r\n\r\nok", "ok", false, false},
		"HTTP/1.1 until the end":        {"GET", "HTTP/1.1 200 OK\r\n\r\nok", "ok", false, false},
		"a length that is none":         {"GET", "HTTP/1.1 200 OK\r\nContent-Length : 9\r\n\r\nok", "ok", false, false},
		"it announces that it closes":   {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", false, false},
		"more than the length":          {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", "ok", false, false},
		"more than the chunks":          {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nmore", "ok", false, false},
		"no content, and a body":        {"GET", "HTTP/1.1 204 No Content\r\n\r\nevil", "", false, false},
		"not modified, and a body":      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil", "", false, false},
		"the head alone, and a body":    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", "", false, false},
		"less than the length":          {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "ok", false, true},
		"chunks without end":            {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "ok", false, true},
		"a chunk that is cut off":       {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", "ok", false, true},
		"a chunk of no size":            {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n-1\r\n", "ok", false, true},
		"trailers larger than a buffer": {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: " + strings.Repeat("y", 9000) + "\r\n\r\n", "ok", false, true},
	} {
		var tr transport
		url, connections := script(t, func(conn net.Conn, in *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				_, _ = io.WriteString(conn, c.answer)
				if !c.again {
					return
				}
			}
		})
		for range 2 {
			got, err := ask(t.Context(), &tr, c.method, url, nil)
			if got != c.want || (err != nil) != c.broken {
				t.Errorf("%s: answer = %q, %v, want %q, cut off: %v", name, got, err, c.want, c.broken)
			}
		}
		if got, want := connections.Load(), map[bool]int64{true: 1, false: 2}[c.again]; got != want {
			t.Errorf("%s: 2 requests took %d connections, want %d", name, got, want)
		}
		tr.close()
	}
}

// An app may go on listening on a connection of which it, or its answer, has said that it is over.
func TestConnectionThatIsSaidToBeOverIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nno size\r\n",
	} {
		var tr transport
		url, connections := script(t, func(conn net.Conn, in *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				_, _ = io.WriteString(conn, answer)
			}
		})
		for range 2 {
			if got, _ := ask(t.Context(), &tr, "GET", url, nil); got != "ok" {
				t.Errorf("%q: body = %q", answer, got)
			}
		}
		if n := connections.Load(); n != 2 {
			t.Errorf("%q: 2 requests took %d connections, want one each", answer, n)
		}
	}
}

func TestAnswerWhoseEndCannotBeKnownIsNone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"two lengths":              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"a list of lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok",
		"a signed length":          "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
		"a length beyond all":      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok",
		"an encoding nobody knows": "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok",
		"two encodings":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/0.9":                 "ok",
		"a status that is none":    "HTTP/1.1 2xx OK\r\nContent-Length: 2\r\n\r\nok",
	} {
		var tr transport
		url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
			if _, err := http.ReadRequest(in); err == nil {
				_, _ = io.WriteString(conn, answer)
			}
		})
		if got, err := ask(t.Context(), &tr, "GET", url, nil); err == nil {
			t.Errorf("%s: the answer is taken for %q", name, got)
		}
		if n := tr.idleConns(); n != 0 {
			t.Errorf("%s: the connection is kept", name)
		}
	}
}

// What says how long a request is comes from how the router has read it, never from the client's headers.
func TestRequestIsFramedByTheRouterAlone(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	heads := make(chan string, 1)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		var head strings.Builder
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				return
			}
			head.WriteString(line)
		}
		heads <- strings.ToLower(head.String())
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, in)
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\n\r\n":                                                                         "",
		"POST / HTTP/1.1\r\n\r\n":                                                                        "content-length: 0",
		"GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi":                                                  "content-length: 2",
		"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi":                            "content-length: 2",
		"POST / HTTP/1.1\r\nContent-Length: 2\r\nConnection: content-length\r\n\r\nhi":                   "content-length: 2",
		"POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n": "transfer-encoding: chunked",
		"POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n":                  "transfer-encoding: chunked",
	} {
		line, rest, _ := strings.Cut(request, "\r\n")
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, line+"\r\nHost: app.localhost\r\n"+rest)
		var framing []string
		for _, field := range strings.Split(<-heads, "\r\n") {
			if strings.HasPrefix(field, "content-length") || strings.HasPrefix(field, "transfer-encoding") {
				framing = append(framing, field)
			}
		}
		if got := strings.Join(framing, " and "); got != want {
			t.Errorf("%q: the app is told %q, want %q", request, got, want)
		}
		conn.Close()
	}
}

func TestHintsBeforeContinueAreNoRefusal(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
		body, _ := io.ReadAll(req.Body)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})
	r.onRegister(routeTo(t, url, "app.localhost"))
	got := raw(t, r, "POST / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
	if !strings.HasSuffix(got, "\r\n\r\nbody") {
		t.Errorf("answer = %q, want the body that was sent", got)
	}
}

// hangUpAfter reads so much of each request's body and closes the connection.
func hangUpAfter(n int64) func(net.Conn, *bufio.Reader) {
	return func(_ net.Conn, in *bufio.Reader) {
		if req, err := http.ReadRequest(in); err == nil {
			_, _ = io.CopyN(io.Discard, req.Body, n)
		}
	}
}

func TestAppThatHangsUpDuringAnUploadIsABadGateway(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for _, n := range []int64{0, 1, 100_000} {
		url, connections := script(t, hangUpAfter(n))
		m := routeTo(t, url, "app.localhost")
		r.onRegister(m)
		res, _ := do(t, newRequest(t, r, "PUT", "app.localhost", "/", io.LimitReader(zeros{}, 1<<20)))
		if got := connections.Load(); res.StatusCode != http.StatusBadGateway || got != 1 {
			t.Errorf("after %d bytes: %s over %d connections, want 502 over one", n, res.Status, got)
		}
		r.onUnregister(m)
	}
}

func TestUploadThatBreaksOffBreaksOffForTheApp(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for _, head := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
		got := make(chan error, 1)
		app := startApp(t, r, "app.localhost", func(_ http.ResponseWriter, req *http.Request) {
			_, err := io.Copy(io.Discard, req.Body)
			got <- err
		})
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: app.localhost\r\n"+head+"\r\n\r\n5\r\nhello\r\n")
		conn.Close()
		if err := <-got; err == nil {
			t.Errorf("%s: the app takes half an upload for a whole one", head)
		}
		r.onUnregister(routeTo(t, app.URL, "app.localhost"))
	}
}

func TestDownloadThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	ended := make(chan struct{})
	startApp(t, r, "app.localhost", func(w http.ResponseWriter, req *http.Request) {
		defer close(ended)
		for req.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
	_, _ = io.ReadFull(conn, make([]byte, 1<<20))
	conn.Close()
	<-ended
}

func TestEndOfAWebsocketReachesItsOtherEnd(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	ended := make(chan struct{})
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		if line, _ := in.ReadString('\n'); line == "bye\n" {
			return
		}
		close(ended)
	})
	r.onRegister(routeTo(t, url, "ws.localhost"))
	client, _ := upgrade(t, r, "ws.localhost")
	client.Close()
	<-ended

	client, in := upgrade(t, r, "ws.localhost")
	_, _ = io.WriteString(client, "bye\n")
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after the app has closed the websocket: %q, %v", rest, err)
	}
}

// It counts goroutines, so that it is not parallel: those of other tests do not run meanwhile.
func TestNoGoroutineOutlivesItsRequest(t *testing.T) {
	r := startRouter(t, nil)
	silent, _ := script(t, func(_ net.Conn, in *bufio.Reader) { _, _ = in.Peek(1 << 20) })
	early, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			_, _ = io.Copy(io.Discard, in)
		}
	})
	hangUp, _ := script(t, hangUpAfter(10))
	for name, url := range map[string]string{"silent": silent, "early": early, "hang-up": hangUp} {
		r.onRegister(routeTo(t, url, name+".localhost"))
		for _, body := range []io.Reader{nil, strings.NewReader("body"), io.LimitReader(zeros{}, 8<<20), io.MultiReader(strings.NewReader("chunk"))} {
			ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
			req := newRequest(t, r, "POST", name+".localhost", "/", body).WithContext(ctx)
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			leave()
		}
	}
	stacks := make([]byte, 1<<20)
	testkit.Eventually(t, 20*time.Second, "the goroutines of all requests to end", func() bool {
		all := stacks[:runtime.Stack(stacks, true)]
		return !bytes.Contains(all, []byte("router.(*conn)")) && !bytes.Contains(all, []byte("router.(*exchange)"))
	})
}

func TestRequestIsSentOnceMoreAtMostOverAConnectionThatWasUsed(t *testing.T) {
	t.Parallel()
	var tr transport
	var poisoned atomic.Int64
	url, _ := script(t, func(conn net.Conn, in *bufio.Reader) {
		for {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if req.URL.Path == "/poison" {
				poisoned.Add(1)
				return
			}
			_, _ = io.WriteString(conn, okAnswer)
		}
	})
	addr := strings.TrimPrefix(url, "http://")
	for range 5 {
		c, err := dial(t.Context(), &tr, addr)
		if err != nil {
			t.Fatal(err)
		}
		tr.put(c)
	}
	if got, err := ask(t.Context(), &tr, "GET", url+"/poison", nil); err == nil {
		t.Errorf("answer = %q, want none", got)
	}
	if n := poisoned.Load(); n != 2 {
		t.Errorf("the app got the request that it hangs up at %d times, want twice", n)
	}
	tr.close()
}

func TestNothingIsKeptOnceTheRouterHasStopped(t *testing.T) {
	t.Parallel()
	var tr transport
	app := startHello(t)
	c, err := dial(t.Context(), &tr, app.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tr.close()
	tr.put(c) // the end of a request that took longer
	if n := tr.idleConns(); n != 0 || c.alive() {
		t.Errorf("%d connections are kept, the last one is open: %v", n, c.alive())
	}
}
