package router

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

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

// seen starts an app and returns what headers it is sent through r.
func seen(t *testing.T, r *Router, m protocol.Route, change func(*http.Request)) http.Header {
	t.Helper()
	var got http.Header
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { got = req.Header }))
	defer app.Close()
	at := routeTo(t, app.URL, "seen.localhost")
	m.Host, m.Port, m.URIs = at.Host, at.Port, at.URIs
	r.onRegister(m)
	defer r.onUnregister(m)
	req := newRequest(t, r, "GET", "seen.localhost:8080", "/", nil)
	change(req)
	do(t, req)
	return got
}

func TestForwardingIsAddedToWhatWasForwardedHere(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for name, c := range map[string]struct {
		sent http.Header
		want map[string]string
	}{
		"nothing": {http.Header{}, map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "seen.localhost:8080"}},
		"a chain in two headers": {http.Header{"X-Forwarded-For": {"10.0.0.1, 10.0.0.2", "10.0.0.3"}}, map[string]string{
			"X-Forwarded-For": "10.0.0.1, 10.0.0.2, 10.0.0.3, 127.0.0.1",
		}},
		"TLS ended before": {http.Header{"X-Forwarded-Proto": {"https"}}, map[string]string{"X-Forwarded-Proto": "https"}},
		"made-up values": {http.Header{"X-Forwarded-Proto": {"javascript"}, "X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}, map[string]string{
			"X-Forwarded-Proto": "http", "X-Forwarded-Host": "seen.localhost:8080", "Forwarded": "",
		}},
		"headers named as those of the connection": {http.Header{"Connection": {"X-Forwarded-For, X-Vcap-Request-Id, X-Cf-Instanceid, X-Custom"}, "X-Custom": {"dropped"}}, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Cf-Instanceid": "the-instance", "X-Custom": "",
		}},
	} {
		got := seen(t, r, protocol.Route{PrivateInstanceID: "the-instance"}, func(req *http.Request) { req.Header = c.sent })
		for header, want := range c.want {
			if v := strings.Join(got.Values(header), "|"); v != want {
				t.Errorf("%s: the app got %s = %q, want %q", name, header, v, want)
			}
		}
		if got.Get("X-Vcap-Request-Id") == "" {
			t.Errorf("%s: the app got no X-Vcap-Request-Id", name)
		}
	}
}

func TestAppLearnsWhichOfItsInstancesIsMeant(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	spoof := func(req *http.Request) {
		req.Header.Set("X-Cf-Applicationid", "spoofed")
		req.Header.Set("X-Cf-Instanceid", "spoofed")
	}
	got := seen(t, r, protocol.Route{App: "42", PrivateInstanceID: "abc"}, spoof)
	if got.Get("X-Cf-Applicationid") != "42" || got.Get("X-Cf-Instanceid") != "abc" {
		t.Errorf("the app got %v, want the app 42 and its instance abc", got)
	}
	got = seen(t, r, protocol.Route{}, spoof)
	if _, told := got["X-Cf-Applicationid"]; told || !strings.HasPrefix(got.Get("X-Cf-Instanceid"), "127.0.0.1:") {
		t.Errorf("what has no ids got %v, want its address for an instance", got)
	}
}

func TestEachRequestHasAnIDThatBothEndsLearn(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	var got string
	startApp(t, r, "hello.localhost", func(w http.ResponseWriter, req *http.Request) {
		got = req.Header.Get("X-Vcap-Request-Id")
		w.Header().Set("X-Vcap-Request-Id", got) // some frameworks do
		if req.URL.Path == "/hints" {
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
		}
	})
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	ids := map[string]bool{}
	for _, path := range []string{"/", "/", "/hints"} {
		req := newRequest(t, r, "GET", "hello.localhost", path, nil)
		req.Header.Set("X-Vcap-Request-Id", "the client's idea of it")
		res, _ := do(t, req)
		if back := res.Header.Values("X-Vcap-Request-Id"); len(back) != 1 || back[0] != got || !uuid.MatchString(got) {
			t.Errorf("%s: the app got the id %q, the client %q, want one UUID", path, got, back)
		}
		ids[got] = true
	}
	if len(ids) != 3 {
		t.Errorf("the ids of 3 requests are %v", ids)
	}
}

func TestRouterSaysThatAnErrorIsItsOwn(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	r.onRegister(routeTo(t, "http://"+refusing(t), "dead.localhost"))
	startApp(t, r, "missing.localhost", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	for host, want := range map[string]string{"nobody.localhost": "unknown_route", "dead.localhost": "endpoint_failure", "missing.localhost": ""} {
		res, _ := do(t, newRequest(t, r, "GET", host, "/", nil))
		if got := res.Header.Get("X-Cf-RouterError"); got != want {
			t.Errorf("%s: X-Cf-RouterError = %q, want %q", host, got, want)
		}
	}
}

func TestAnswerWithoutATypeStaysWithoutOne(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for _, want := range []string{"", "text/x"} {
		app := startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			if want != "" {
				w.Header().Set("Content-Type", want)
			}
			_, _ = io.WriteString(w, "<html>")
		})
		res, _ := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil))
		if got, said := res.Header["Content-Type"]; said != (want != "") || said && got[0] != want {
			t.Errorf("type = %q, want the app's, %q", got, want)
		}
		r.onUnregister(routeTo(t, app.URL, "hello.localhost"))
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
	sticky := "__VCAP_ID__=instance-" + home
	for _, lines := range [][]string{
		{"a=b; " + sticky + "; JSESSIONID=abc"},
		{sticky},
		{"a=b", "x__VCAP_ID__=instance-0; " + sticky},
	} {
		for range 8 {
			req := newRequest(t, r, "GET", "java.localhost", "/", nil)
			req.Header["Cookie"] = lines
			if _, got := do(t, req); got != home {
				t.Fatalf("instance %s answered a session of instance %s, with the cookies %q", got, home, lines)
			}
		}
	}
	if res, _ := do(t, newRequest(t, r, "GET", "java.localhost", "/", nil)); len(res.Header.Values("Set-Cookie")) > 0 {
		t.Error("a response without a session got a sticky cookie")
	}
}

func TestSessionThatIsOverIsServedByAny(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	startApp(t, r, "java.localhost", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Set-Cookie", "jsessionid=new") })
	for _, cookie := range []string{"__VCAP_ID__=gone", "__VCAP_ID__=", "__VCAP_ID__", "__VCAP_ID__=\"; ;;=;"} {
		req := newRequest(t, r, "GET", "java.localhost", "/", nil)
		req.Header.Set("Cookie", cookie)
		// The app has no private id here, so that there is nothing to stick to.
		if res, _ := do(t, req); res.StatusCode != 200 || len(res.Header.Values("Set-Cookie")) != 1 {
			t.Errorf("with the cookie %q: %s with the cookies %q", cookie, res.Status, res.Header.Values("Set-Cookie"))
		}
	}
}

func TestEveryInstanceGetsItsShareOfRequests(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	for i := range 3 {
		startApp(t, r, "hello.localhost", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strconv.Itoa(i)) })
	}
	got := map[string]int{}
	for range 30 {
		_, body := do(t, newRequest(t, r, "GET", "Hello.Localhost", "/", nil))
		got[body]++
	}
	if got["0"] != 10 || got["1"] != 10 || got["2"] != 10 {
		t.Errorf("30 requests went to %v, want 10 to each of 3 instances", got)
	}
}
