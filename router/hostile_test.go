package router

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
)

// guarded is an app that minds how requests come to it: each must be one that the router has seen and passed on.
type guarded struct {
	requests atomic.Int64
	wrong    atomic.Pointer[string]
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	g.requests.Add(1)
	if req.Header.Get("X-Vcap-Request-Id") == "" || len(req.Header["X-Vcap-Router-Trail"]) == 0 || !strings.HasSuffix(req.Header.Get("X-Forwarded-For"), "127.0.0.1") {
		what := fmt.Sprintf("%s %s %v", req.Method, req.RequestURI, req.Header)
		g.wrong.CompareAndSwap(nil, &what)
	}
	_, _ = io.Copy(io.Discard, req.Body)
	_, _ = io.WriteString(w, "Hello World!")
}

// check fails the test when a request came to the app that the router does not know of.
func (g *guarded) check(tb testing.TB, r *Router) {
	tb.Helper()
	if what := g.wrong.Load(); what != nil {
		tb.Errorf("a request came to the app past the router: %s", *what)
	}
	if got, known := g.requests.Load(), r.stats.apps.requests.Load(); got > known {
		tb.Errorf("%d requests came to the app, of which the router knows %d", got, known)
	}
}

func startGuarded(tb testing.TB, r *Router) *guarded {
	tb.Helper()
	g := &guarded{}
	startApp(tb, r, "hello.localhost", g.ServeHTTP)
	return g
}

func TestHostHeaders(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	app := startGuarded(t, r)
	for lines, want := range map[string]string{
		"Host: hello.localhost":            "200",
		"Host: HELLO.localhost":            "200",
		"Host: hello.localhost.":           "200",
		"Host: hello.localhost:99":         "200",
		"Host:   hello.localhost  ":        "200",
		"Host: hello.localhost:port":       "404",
		"Host: hello.localhost:123456":     "404",
		"Host: hello.localhost..":          "404",
		"Host: hello.localhost,b":          "404",
		"Host: *":                          "404",
		"Host: ..":                         "404",
		"Host: [::1":                       "404",
		"Host: %2e%2e":                     "404",
		"Host: '(select 1)'":               "400",
		"Host: <script>":                   "400",
		"Host: a b":                        "400",
		"Host: a/b":                        "400",
		"Host: a@hello.localhost":          "400",
		"Host: hello.localhost\x00":        "400",
		"Host: h\xc3\xa9llo.localhost":     "400",
		"Host: ":                           "400",
		"X: y":                             "400",
		"Host: hello.localhost\r\nHost: b": "400",
		"Host : hello.localhost":           "400",
		"Host: " + strings.Repeat("a.", 20_000) + "localhost": "404",
		"Host: " + strings.Repeat("a", 80_000):                "431",
	} {
		got := raw(t, r, "GET / HTTP/1.1\r\n"+lines+"\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+want+" ") {
			t.Errorf("%.60q: answer = %.100q, want %s", lines, got, want)
		}
		if strings.Contains(got, "<script>") {
			t.Errorf("%q: the answer has it in it as it is: %q", lines, got)
		}
	}
	app.check(t, r)
}

func TestURLOfAProxyRequestWinsOverTheHost(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startGuarded(t, r)
	for request, want := range map[string]string{
		"GET http://hello.localhost/ HTTP/1.1\r\nHost: nobody":              "200",
		"GET http://nobody/ HTTP/1.1\r\nHost: hello.localhost":              "404",
		"GET http://user:pw@hello.localhost:1/ HTTP/1.1\r\nHost: nobody":    "200",
		"GET hello.localhost HTTP/1.1\r\nHost: hello.localhost":             "400",
		"OPTIONS * HTTP/1.1\r\nHost: hello.localhost":                       "200",
		"GET //nobody/x HTTP/1.1\r\nHost: hello.localhost":                  "200",
		"GET /../../etc/passwd HTTP/1.1\r\nHost: hello.localhost":           "200",
		"GET /%00%0d%0aX:%20y HTTP/1.1\r\nHost: hello.localhost":            "200",
		"GET /\r\nHost: hello.localhost":                                    "400",
		"GET / HTTP/1.1 HTTP/1.1\r\nHost: hello.localhost":                  "400",
		"G<ET / HTTP/1.1\r\nHost: hello.localhost":                          "400",
		"GET /" + strings.Repeat("a", 70_000) + " HTTP/1.1\r\nHost: nobody": "431",
	} {
		if got := raw(t, r, request+"\r\nConnection: close\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 "+want+" ") {
			t.Errorf("%.60q: answer = %.100q, want %s", request, got, want)
		}
	}
}

// Whatever the two ends of a connection may understand differently, the app must get what the router has understood.
func TestNoRequestIsSmuggledInAnother(t *testing.T) {
	t.Parallel()
	const inner = "GET /smuggled HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n"
	for name, c := range map[string]struct{ head, body, want string }{
		"length and chunks":        {"Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\n", "200"},
		"chunks and length":        {"Transfer-Encoding: chunked\r\nContent-Length: 60", "0\r\n\r\n", "200"},
		"two lengths":              {"Content-Length: 0\r\nContent-Length: 40", "", "400"},
		"the same length twice":    {"Content-Length: 0\r\nContent-Length: 0", "", "200"},
		"a list of lengths":        {"Content-Length: 0, 40", "", "400"},
		"a signed length":          {"Content-Length: +0", "", "400"},
		"a hexadecimal length":     {"Content-Length: 0x10", "", "400"},
		"a length beyond all":      {"Content-Length: 99999999999999999999", "", "400"},
		"a blank before the colon": {"Content-Length : 40", "", "400"},
		"a blank before the name":  {" Content-Length: 40", "", "400"},
		"an encoding nobody knows": {"Transfer-Encoding: xchunked", "0\r\n\r\n", "501"},
		"an encoding in quotes":    {`Transfer-Encoding: "chunked"`, "0\r\n\r\n", "501"},
		"two encodings":            {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "0\r\n\r\n", "501"},
		"encodings in a list":      {"Transfer-Encoding: gzip, chunked", "0\r\n\r\n", "501"},
		"an encoding in capitals":  {"Transfer-Encoding: CHUNKED", "0\r\n\r\n", "200"},
		"a folded encoding":        {"Transfer-Encoding:\r\n chunked", "0\r\n\r\n", "200"},
		"a length that is hidden":  {"Connection: Content-Length\r\nContent-Length: 2", "hi", "200"},
		"a bare line feed":         {"X: y\nTransfer-Encoding: chunked", "0\r\n\r\n", "200"},
		"a bare carriage return":   {"X: y\rTransfer-Encoding: chunked", "", "400"},
		"an endless chunk":         {"Transfer-Encoding: chunked", "fffffffffffffffff\r\n\r\n", "400"},
		"a negative chunk":         {"Transfer-Encoding: chunked", "-1\r\n\r\n", "400"},
		"a chunk that is longer":   {"Transfer-Encoding: chunked", "1\r\nab\r\n0\r\n\r\n", "400"},
		"a long chunk extension":   {"Transfer-Encoding: chunked", "1;" + strings.Repeat("x", 100_000) + "\r\na\r\n0\r\n\r\n", "400"},
	} {
		r := startRouter(t, nil)
		app := startGuarded(t, r)
		got := raw(t, r, "POST / HTTP/1.1\r\nHost: hello.localhost\r\n"+c.head+"\r\n\r\n"+c.body+inner)
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.want+" ") {
			t.Errorf("%s: answer = %.100q, want %s", name, got, c.want)
		}
		answers := int64(strings.Count(got, "HTTP/1.1 200 OK\r\n"))
		if n := app.requests.Load(); n > answers && c.want == "200" || n > 1 && c.want != "200" {
			t.Errorf("%s: %d requests came to the app, %d answers to the client", name, n, answers)
		}
		app.check(t, r)
	}
}

func TestFloodOfHeadersIsPassedOnOrRefused(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	app := startGuarded(t, r)
	for number, want := range map[int]string{1000: "200", 5000: "200", 100_000: "431"} {
		flood := strings.Repeat("X-Y: z\r\n", number)
		got := raw(t, r, "GET / HTTP/1.1\r\nHost: hello.localhost\r\n"+flood+"Connection: close\r\n\r\n")
		if !strings.HasPrefix(got, "HTTP/1.1 "+want+" ") {
			t.Errorf("%d headers: answer = %.100q, want %s", number, got, want)
		}
	}
	app.check(t, r)
}

func TestSlowClientsHoldUpNobodyElse(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	ended := make(chan struct{}, 100)
	startApp(t, r, "large.localhost", func(w http.ResponseWriter, _ *http.Request) {
		defer func() { ended <- struct{}{} }()
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	startHelloApp(t, r)
	var slow []net.Conn
	for _, words := range []string{
		"", "GET / HT", "GET / HTTP/1.1\r\nHost: hello.localhost\r\nX: ", // never finish what they ask
		"POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 1000\r\n\r\nonly this",
		"POST / HTTP/1.1\r\nHost: hello.localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"GET / HTTP/1.1\r\nHost: large.localhost\r\n\r\n", // never reads the answer
	} {
		for range 10 {
			conn, err := net.Dial("tcp", r.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, words)
			slow = append(slow, conn)
		}
	}
	for range 20 {
		if res, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
			t.Fatalf("answer = %s %q, want Hello World!", res.Status, body)
		}
	}
	for _, conn := range slow {
		conn.Close()
	}
	for range 10 {
		<-ended // the app is told that nobody reads
	}
}

func TestGarbageLeavesTheRouterAnswering(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	r := newRouter(t, b, nil, slog.New(slog.DiscardHandler))
	run(t, r)
	app := startGuarded(t, r)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		payload := garbage(random)
		for _, subject := range []string{"router.register", "router.unregister", "router.start", "router.greet", "router.active_apps", "vcap.component.discover"} {
			if err := b.PublishRaw(subject, "", payload); err != nil {
				t.Fatalf("payload %d: %v", i, err)
			}
		}
	}
	settle(t, r, b)
	if res, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
		t.Errorf("after the garbage: %s %q, want Hello World!", res.Status, body)
	}
	app.check(t, r)
}

// garbage is noise, or a registration with a value of it changed.
func garbage(r *rand.Rand) []byte {
	if r.IntN(3) == 0 {
		noise := make([]byte, r.IntN(200))
		for i := range noise {
			noise[i] = byte(r.UintN(256))
		}
		return noise
	}
	values := []any{
		nil, true, -1, 0, 1.5, 65536, 1e300, "", "127.0.0.1", "a b", "\x00", "é",
		[]any{},
		[]any{1, nil, "x"},
		map[string]any{"a": nil},
		strings.Repeat("x", 5000), "127.0.0.1:22", "http://127.0.0.1",
		[]string{"other.localhost", ""},
	}
	m := map[string]any{"host": "127.0.0.1", "port": 1, "uris": []string{"garbage.localhost"}, "app": "x", "tags": map[string]any{}}
	keys := []string{"host", "port", "uris", "app", "tags", "private_instance_id", "dea"}
	for range 1 + r.IntN(3) {
		m[keys[r.IntN(len(keys))]] = values[r.IntN(len(values))]
	}
	out, _ := json.Marshal(m)
	return out[:len(out)-r.IntN(2)]
}

func TestHugeAndDeeplyNestedMessagesAreDropped(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	b := bustest.Join(t, s)
	mine := bustest.Join(t, s)
	r := newRouter(t, mine, nil, slog.New(slog.DiscardHandler))
	run(t, r)
	app := startGuarded(t, r)
	const most = 1 << 20 // what nats-server lets through
	for _, payload := range []string{
		strings.Repeat("[", most),
		`{"host":` + strings.Repeat(`{"a":`, most/6) + "1",
		`{"host":"127.0.0.1","port":1,"uris":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
		`{"host":"` + strings.Repeat("x", most-100),
		`"` + strings.Repeat(`\u0000`, most/6-1) + `"`,
	} {
		for _, subject := range []string{"router.register", "router.unregister", "router.greet"} {
			if err := b.PublishRaw(subject, "", []byte(payload)); err != nil {
				t.Fatal(err)
			}
		}
	}
	settle(t, r, b)
	if n := mine.Dropped(); n != 10 {
		t.Errorf("%d messages were dropped, want the 10 that are no registrations", n)
	}
	if _, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
		t.Errorf("afterwards the app says %q", body)
	}
	app.check(t, r)
}

func FuzzRegistration(f *testing.F) {
	b := bustest.New(f)
	r := newRouter(f, b, nil, slog.New(slog.DiscardHandler))
	run(f, r)
	app := startGuarded(f, r)
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"host":"127.0.0.1","port":1,"uris":["a"],"app":1,"tags":{"a":null,"b":"c"},"private_instance_id":"x"}`,
		`{"host":"::1","port":1.0,"uris":["*",".","a:b",null]}`, `{"host":"hello.localhost","port":"1","uris":"a"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, subject := range []string{"router.register", "router.unregister"} {
			if err := b.PublishRaw(subject, "", payload); err != nil {
				t.Skip(err) // larger than a message can be
			}
		}
		settle(t, r, b)
		if _, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
			t.Errorf("after %q the app says %q", payload, body)
		}
		app.check(t, r)
	})
}

func FuzzRequest(f *testing.F) {
	r := newRouter(f, bustest.New(f), nil, slog.New(slog.DiscardHandler))
	run(f, r)
	app := startGuarded(f, r)
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n",
		"POST / HTTP/1.0\r\nHost: hello.localhost\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: hello.localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: hello.localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, request []byte) {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() { _, _ = conn.Write(request) }()
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // it may wait for more, and need not answer at all
		_, _ = io.Copy(io.Discard, conn)
		if _, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); body != "Hello World!" {
			t.Errorf("after %q the app says %q", request, body)
		}
		app.check(t, r)
	})
}
