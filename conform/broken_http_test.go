package conform_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/minicf/minicf/conform/wire"
)

// startProxy returns the URL of a server that passes requests on and changes the answers.
func startProxy(t *testing.T, target string, change func(*http.Response)) string {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host}) },
		ModifyResponse: func(r *http.Response) error { change(r); return nil },
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL
}

// body replaces the body of an answer.
func body(r *http.Response, change func(string) string) {
	old, _ := io.ReadAll(r.Body)
	text := change(string(old))
	r.Body = io.NopCloser(strings.NewReader(text))
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Length", fmt.Sprint(len(text)))
}

func TestFaultyFileViewerIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, faultyViewer(t))
}

func faultyViewer(t *testing.T) broken {
	viewer := func(o wire.Object) wire.Object {
		u, err := url.Parse(o.Text("file_uri"))
		if err != nil {
			return o
		}
		return o.With(wire.Object{"file_uri": startProxy(t, u.String(), spoilFiles) + "/droplets/"})
	}
	return broken{match: "^(files/|limits/memory-told)", faults: []fault{edit(
		"answer dea.find.droplet", viewer, "files/address", "files/unauthorized", "files/root", "files/listing", "files/file", "files/unlisted-file", "files/missing",
		"files/startup", "files/dots", "files/link-outside", "files/link-inside", "files/range", "files/bad-range", "files/head", "files/other-apps", "files/of-a-crash", "limits/memory-told",
	)}}
}

// spoilFiles gets everything wrong.
func spoilFiles(r *http.Response) {
	switch r.StatusCode {
	case http.StatusOK:
		body(r, func(s string) string { return strings.ReplaceAll(s, "Memory limit", "A limit") + "\n" })
		r.Header.Set("Content-Length", "1000")
	case http.StatusPartialContent:
		r.Header.Set("Content-Range", "bytes 0-3/4")
	case http.StatusRequestedRangeNotSatisfiable, http.StatusUnauthorized:
		r.StatusCode = http.StatusOK
	default:
		body(r, strings.ToUpper)
	}
}

func TestFaultyComponentServerIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, faultyServer(t))
}

func faultyServer(t *testing.T) broken {
	return broken{match: "^component/", faults: []fault{edit("answer vcap.component.discover", func(o wire.Object) wire.Object {
		return o.With(wire.Object{"host": strings.TrimPrefix(startProxy(t, "http://"+o.Text("host"), spoilStatus), "http://")})
	}, "component/healthz", "component/varz", "component/unauthorized", "component/wrong-password", "component/malformed-header")}}
}

func spoilStatus(r *http.Response) {
	switch {
	case r.StatusCode == http.StatusUnauthorized:
		r.Header.Set("WWW-Authenticate", `Basic realm="x"`)
		r.StatusCode = http.StatusForbidden
	case r.StatusCode == http.StatusBadRequest:
		r.StatusCode = http.StatusOK
	case strings.HasSuffix(r.Request.URL.Path, "varz"):
		body(r, func(s string) string { return strings.ReplaceAll(s, `"mem"`, `"memory"`) })
	default:
		body(r, func(string) string { return "ok" })
	}
}

// A DEA that makes something else of a droplet.
func TestSpoiledDropletsAreNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, spoiledDroplets(t))
}

func spoiledDroplets(t *testing.T) broken {
	return broken{match: "^(launch/|ready/state|start/runs|files/link-inside|stop/script|stop/hanging|env/port)", faults: []fault{edit("dea.start", func(o wire.Object) wire.Object {
		u := startProxy(t, o.Text("executableUri"), func(r *http.Response) { body(r, spoilDroplet) })
		old, err := url.Parse(o.Text("executableUri"))
		if err != nil {
			return o
		}
		return o.With(wire.Object{"executableUri": u + old.Path, "sha1": "another-" + path.Base(path.Dir(old.Path))})
	}, "launch/port-argument", "launch/home", "launch/runtime-token", "launch/startup-mode", "launch/startup-untouched", "launch/files", "launch/no-startup", "ready/state-file",
		"stop/script", "stop/hanging-script")}}
}

// spoilDroplet changes modes, contents and scripts.
func spoilDroplet(tgz string) string {
	z, err := gzip.NewReader(strings.NewReader(tgz))
	if err != nil {
		return tgz
	}
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	w := tar.NewWriter(zw)
	hasStartup := false
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		text, _ := io.ReadAll(r)
		switch path.Clean(h.Name) {
		case "startup":
			hasStartup = true
			s := strings.ReplaceAll(string(text), "%VCAP_LOCAL_RUNTIME%", "ruby")
			text = []byte(strings.Replace(s, "#!/bin/sh\n", "#!/bin/sh\nHOME=/; set -- \"$@\" -x; cd logs; cd ..\n", 1))
			h.Mode = 0o777
		case "droplet.yaml":
			h.Name = "droplet.yml"
		case "stop":
			text = []byte("#!/bin/sh\nkill -9 $1\n")
		case "app/run.sh":
			h.Mode = 0o644
		}
		h.Size = int64(len(text))
		_ = w.WriteHeader(h)
		_, _ = w.Write(text)
	}
	if !hasStartup {
		text := "#!/bin/sh\nexec sleep 20\n"
		_ = w.WriteHeader(&tar.Header{Name: "startup", Mode: 0o755, Size: int64(len(text))})
		_, _ = io.WriteString(w, text)
	}
	_ = w.Close()
	_ = zw.Close()
	return out.String()
}
