package router

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestUnknownHostIsShownWhatIsRegistered(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	r.onRegister(routeTo(t, "http://127.0.0.1:1", "zebra.localhost", "hello.localhost"))
	res, body := do(t, newRequest(t, r, "GET", "nobody.localhost:8080", "/", nil))
	want := "VCAP ROUTER: 404 - DESTINATION NOT FOUND\nNo app is registered for nobody.localhost:8080. Registered:\n  hello.localhost\n  zebra.localhost\n"
	if res.StatusCode != 404 || body != want || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("answer = %s %v %q, want %q", res.Status, res.Header, body, want)
	}
	req := newRequest(t, r, "GET", "nobody.localhost:8080", "/", nil)
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	res, body = do(t, req)
	if want := `<a href="http://hello.localhost:8080/">hello.localhost</a>`; !strings.Contains(body, want) || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("page for browsers lacks %s:\n%s", want, body)
	}
}

func TestEmptyRouterSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	r := startRouter(t, nil)
	if _, body := do(t, newRequest(t, r, "GET", "hello.localhost", "/", nil)); !strings.Contains(body, "minicf deploy") {
		t.Errorf("answer = %q, want what to do next", body)
	}
}

func TestUnknownHostMayBeSentElsewhere(t *testing.T) {
	t.Parallel()
	r := startRouter(t, func(c *Config) { c.Redirect404 = "http://127.0.0.1:9292/" })
	res, _ := do(t, newRequest(t, r, "GET", "nobody.localhost", "/", nil))
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "http://127.0.0.1:9292/" {
		t.Errorf("answer = %s to %s, want a redirect", res.Status, res.Header.Get("Location"))
	}
}

// Names come from the bus, where anybody may write anything.
func TestPageEscapesNamesAndStaysAPage(t *testing.T) {
	t.Parallel()
	uris := []string{`"><script>alert(1)</script>`, "javascript:alert(1)"}
	for i := range 100_000 {
		uris = append(uris, fmt.Sprintf("app-%d.localhost", i))
	}
	req := httptest.NewRequest("GET", "/", nil)
	req.Host = `nobody"><script>`
	req.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	notFoundPage(req.Host, uris).write(w, req)
	page := w.Body.String()
	if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript:`) {
		t.Errorf("page holds live markup:\n%.2000s", page)
	}
	if len(page) > 20_000 || !strings.Contains(page, "and 99902 more") {
		t.Errorf("page for 100,002 names has %d bytes", len(page))
	}
}
