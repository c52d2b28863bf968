package stager

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/protocol"
)

const sinatraApp = "require 'sinatra'\n\nget '/' do\n  \"Hello World!\"\nend\n"

// fakeController hands out one app and keeps what is uploaded. With a password it wants Basic auth.
type fakeController struct {
	*httptest.Server
	password string

	mu       sync.Mutex
	apps     map[string][]byte // by id; "" is the app of all others
	droplets map[string][]byte
	heads    []http.Header // of uploads
}

func newController(tb testing.TB, app []byte) *fakeController {
	tb.Helper()
	c := &fakeController{apps: map[string][]byte{"": app}, droplets: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /download_unstaged_app/{id}", c.download)
	mux.HandleFunc("POST /upload_droplet/{id}/{upload_id}", c.upload)
	c.Server = httptest.NewServer(mux)
	tb.Cleanup(c.Close)
	return c
}

func (c *fakeController) refused(w http.ResponseWriter, r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	if c.password == "" || user == "foo" && password == c.password {
		return false
	}
	w.WriteHeader(http.StatusUnauthorized)
	return true
}

func (c *fakeController) download(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r) {
		return
	}
	c.mu.Lock()
	app, ok := c.apps[r.PathValue("id")]
	if !ok {
		app = c.apps[""]
	}
	c.mu.Unlock()
	if app == nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(app)
}

func (c *fakeController) upload(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r) {
		return
	}
	form, err := r.MultipartReader()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	part, err := form.NextPart()
	if err != nil || part.FormName() != "upload[droplet]" {
		http.Error(w, "want upload[droplet]", http.StatusBadRequest)
		return
	}
	content, err := io.ReadAll(part)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.droplets[r.PathValue("id")] = content
	c.heads = append(c.heads, r.Header)
}

// droplet returns what was uploaded for an app, nil when nothing was.
func (c *fakeController) droplet(id string) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.droplets[id]
}

// put gives an app of its own to an id.
func (c *fakeController) put(id string, app []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apps[id] = app
}

// request asks for an app of this controller to be staged.
func (c *fakeController) request(id, framework string) protocol.StagingRequest {
	base := c.URL
	if c.password != "" {
		base = strings.Replace(base, "http://", "http://foo:"+c.password+"@", 1)
	}
	return protocol.StagingRequest{
		AppID:       protocol.ID(id),
		DownloadURI: base + "/download_unstaged_app/" + id,
		UploadURI:   base + "/upload_droplet/" + id + "/upload_id",
		Properties: protocol.StagingProperties{
			Services:      []map[string]any{},
			FrameworkInfo: protocol.FrameworkInfo{Name: framework, Detection: sinatraDetection()},
			RuntimeInfo:   protocol.RuntimeInfo{Name: "ruby19", Version: "1.9.3", Executable: "ruby"},
			Resources:     protocol.Resources{Memory: 256, Disk: 256, FDs: 1024},
		},
	}
}

func sinatraDetection() protocol.Detection {
	return protocol.Detection{
		{Glob: "*.rb", Pattern: `\s*require[\s\(]*['"]sinatra(/base)?['"]`},
		{Glob: "config/environment.rb"},
	}
}

// file is an entry of a zip that newZip makes.
type file struct {
	name, text string
	mode       fs.FileMode
}

func newZip(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func sinatraZip(tb testing.TB) []byte {
	tb.Helper()
	return newZip(tb, file{"app.rb", sinatraApp, 0o644})
}

// entries lists the names in a droplet.
func entries(tb testing.TB, tgz []byte) []string {
	tb.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		tb.Fatalf("the droplet is no gzip: %v", err)
	}
	var names []string
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if err == io.EOF {
			return names
		}
		if err != nil {
			tb.Fatalf("the droplet is no tar: %v", err)
		}
		names = append(names, h.Name)
	}
}
