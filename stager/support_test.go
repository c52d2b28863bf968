package stager

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
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

// fakePlugin stages the framework "fake".
type fakePlugin func(ctx context.Context, w *plugin.Workspace) error

func (fakePlugin) Name() string { return "fake" }

func (f fakePlugin) Stage(ctx context.Context, w *plugin.Workspace) error { return f(ctx, w) }

// with returns the plugins that there are and a fake one.
func with(f fakePlugin) plugin.Set { return append(builtin.Set(), f) }

// testConfig is the default with directories of the test and nothing to listen on.
func testConfig(tb testing.TB) Config {
	tb.Helper()
	dir := tb.TempDir()
	cfg := Default().Resolve(func(p string) string { return filepath.Join(dir, p) })
	cfg.PidFilename = ""
	cfg.Status.Port = bus.NoStatusPort
	return cfg
}

// startStager runs a stager until the test ends or the result is called, which returns what Run did.
func startStager(tb testing.TB, s *Stager) (stop func() error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	tb.Cleanup(func() {
		if err := stop(); err != nil {
			tb.Errorf("the stager ended with: %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		ended <- err
		tb.Fatalf("the stager did not start: %v", err)
	}
	return stop
}

func newStager(tb testing.TB, b *bus.Bus, plugins plugin.Set, cfg Config) *Stager {
	tb.Helper()
	s, err := New(b, plugins, cfg, testkit.Logger(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// recorder keeps the messages of a log.
type recorder struct {
	slog.Handler
	mu       *sync.Mutex
	messages *[]string
}

// record returns a logger and what it has logged so far, at info and above.
func record(tb testing.TB) (*slog.Logger, func() []string) {
	tb.Helper()
	r := recorder{testkit.Logger(tb).Handler(), new(sync.Mutex), new([]string)}
	return slog.New(r), func() []string {
		r.mu.Lock()
		defer r.mu.Unlock()
		return slices.Clone(*r.messages)
	}
}

func (r recorder) Handle(ctx context.Context, rec slog.Record) error {
	if rec.Level >= slog.LevelInfo {
		r.mu.Lock()
		*r.messages = append(*r.messages, rec.Message)
		r.mu.Unlock()
	}
	return r.Handler.Handle(ctx, rec)
}

func (r recorder) WithAttrs(attrs []slog.Attr) slog.Handler {
	r.Handler = r.Handler.WithAttrs(attrs)
	return r
}

func ask(tb testing.TB, b *bus.Bus, r protocol.StagingRequest) protocol.StagingReply {
	tb.Helper()
	rep, err := bus.Do(tb.Context(), b, protocol.Staging, r)
	if err != nil {
		tb.Fatalf("staging request: %v", err)
	}
	return rep
}

// lines returns the texts of a task log without their times, which must be well-formed.
func lines(tb testing.TB, log string) []string {
	tb.Helper()
	var texts []string
	for line := range strings.Lines(log) {
		if len(line) < 23 || line[0] != '[' || line[20:22] != "] " {
			texts = append(texts, line)
			continue
		}
		texts = append(texts, strings.TrimSuffix(line[22:], "\n"))
	}
	return texts
}

// wantLines compares a task log with the lines it should have.
func wantLines(tb testing.TB, log string, want ...string) {
	tb.Helper()
	if got := lines(tb, log); !slices.Equal(got, want) {
		tb.Errorf("task log has the lines\n%s\nwant\n%s", quoted(got), quoted(want))
	}
}

func quoted(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "  %q\n", l)
	}
	return b.String()
}

// workspaces lists what is in the stager's directory for workspaces.
func workspaces(tb testing.TB, cfg Config) []string {
	tb.Helper()
	dir, err := os.ReadDir(cfg.Dirs.Tmp)
	if err != nil && !os.IsNotExist(err) {
		tb.Fatal(err)
	}
	var names []string
	for _, e := range dir {
		names = append(names, e.Name())
	}
	return names
}
