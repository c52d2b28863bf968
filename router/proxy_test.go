package router

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
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
