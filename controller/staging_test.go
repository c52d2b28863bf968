package controller

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// begin puts a package for an app and returns the paths to stage it with, and the password in them.
func begin(tb testing.TB, c *running, id string) (download, upload string, auth []string) {
	tb.Helper()
	c.send(tb, "PUT", "/packages/"+url.PathEscape(id), bytes.NewReader(zipOf(tb, "app.rb", id)))
	a := c.send(tb, "POST", "/packages/"+url.PathEscape(id)+"/stagings", nil)
	var got stagingURIs
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 201 {
		tb.Fatalf("begin = %s %q", a.Status, a.body)
	}
	base := strings.Replace(c.URL(), "://", "://stager:stager@", 1)
	var ok, also bool
	download, ok = strings.CutPrefix(got.DownloadURI, base)
	upload, also = strings.CutPrefix(got.UploadURI, base)
	if !ok || !also {
		tb.Fatalf("URIs = %+v, want them to begin with %s", got, base)
	}
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth("stager", "stager")
	return download, upload, []string{"Authorization", req.Header.Get("Authorization")}
}

func TestRealStagingRoundTrip(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	for _, id := range []string{"hello", "..", "a/b c"} {
		download, upload, auth := begin(t, c, id)
		if a := c.send(t, "GET", download, nil, auth...); a.body != string(zipOf(t, "app.rb", id)) {
			t.Errorf("%s: download = %s with %d bytes, want the package", id, a.Status, len(a.body))
		}
		if a := c.upload(t, upload, []byte(id), auth...); a.StatusCode != 200 || a.body != "" {
			t.Errorf("%s: upload = %s %q, want an empty 200", id, a.Status, a.body)
		}
		c.upload(t, upload, []byte("again"), auth...).expect(t, 400, 100, "Bad request")
		if a := c.send(t, "GET", "/staged_droplets/"+url.PathEscape(id)+"/"+hexSHA1([]byte(id)), nil); a.body != id {
			t.Errorf("%s: droplet = %s %q", id, a.Status, a.body)
		}
	}
}

func TestStagingWantsThePassword(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	download, upload, _ := begin(t, c, "hello")
	wrong := http.Request{Header: http.Header{}}
	wrong.SetBasicAuth("stager", "wrong")
	for _, header := range [][]string{nil, {"Authorization", wrong.Header.Get("Authorization")}, {"Authorization", "Basic %"}} {
		for _, a := range []answer{c.send(t, "GET", download, nil, header...), c.upload(t, upload, nil, header...), c.send(t, "GET", "/staging/app/unknown", nil, header...)} {
			if a.StatusCode != 401 || a.body != "HTTP Basic: Access denied.\n" || a.Header.Get("WWW-Authenticate") != `Basic realm="Application"` {
				t.Errorf("with %q: %s %q %v, want 401 in Rails' words", header, a.Status, a.body, a.Header)
			}
		}
	}
}

func TestStagingOfUnknownAppsAndUploads(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	_, upload, auth := begin(t, c, "hello")
	_, others, _ := begin(t, c, "other")
	c.send(t, "POST", "/packages/unknown/stagings", nil).expect(t, 404, 301, "Application not found")
	c.send(t, "GET", "/staging/app/unknown", nil, auth...).expect(t, 404, 301, "Application not found")
	c.upload(t, "/staging/droplet/unknown/x", nil, auth...).expect(t, 404, 301, "Application not found")
	c.upload(t, "/staging/droplet/hello/x", nil, auth...).expect(t, 400, 100, "Bad request")
	c.upload(t, strings.Replace(others, "other", "hello", 1), nil, auth...).expect(t, 400, 100, "Bad request")
	c.send(t, "POST", upload, nil, auth...).expect(t, 400, 100, "Bad request")
	c.upload(t, upload, []byte("droplet"), auth...).expect(t, 400, 100, "Bad request") // used up by the one without a form
}

func TestUploadIDIsGoodForOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	_, upload, auth := begin(t, c, "hello")
	var mu sync.Mutex
	got := map[int]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			a := c.upload(t, upload, []byte("droplet"), auth...)
			mu.Lock()
			defer mu.Unlock()
			got[a.StatusCode]++
		})
	}
	wg.Wait()
	if got[200] != 1 || got[400] != 7 {
		t.Errorf("statuses = %v, want one 200 and seven 400", got)
	}
}

func TestUploadIDsDoNotPileUp(t *testing.T) {
	t.Parallel()
	var u uploads
	first := u.begin("app")
	for range maxPending {
		u.begin("app")
	}
	if len(u.apps) != maxPending || len(u.given) != maxPending || u.use(first, "app") {
		t.Errorf("%d ids are out, %d remembered, want %d and the first forgotten", len(u.apps), len(u.given), maxPending)
	}
}
