package controller

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/config/configtest"
	"github.com/minicf/minicf/controller/uaa"
	"github.com/minicf/minicf/protocol"
)

// running is a controller that runs, on a port, directories and a bus of its own.
type running struct {
	*Controller
	dir  string
	log  *recorder
	stop func()
}

// start runs a controller until the test ends. Its directories are below dir.
func start(tb testing.TB, b *bus.Bus, dir string, change func(*Config)) *running {
	tb.Helper()
	cfg := Default().Resolve(func(p string) string {
		if p == "" {
			return ""
		}
		return filepath.Join(dir, p)
	})
	cfg.Port, cfg.Status.Port = 0, bus.NoStatusPort
	if change != nil {
		change(&cfg)
	}
	log := &recorder{}
	c, err := New(b, cfg, uaa.Default(), slog.New(log))
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- c.Run(ctx, func() { close(ready) }) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("the controller stopped with %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		tb.Fatalf("the controller did not start: %v", err)
	}
	tb.Cleanup(stop)
	return &running{c, dir, log, stop}
}

func startDefault(tb testing.TB) *running {
	tb.Helper()
	return start(tb, bustest.New(tb), tb.TempDir(), nil)
}

// recorder is a log handler that keeps messages.
type recorder struct {
	mu sync.Mutex

	lines []string
}

func (l *recorder) Enabled(context.Context, slog.Level) bool { return true }
func (l *recorder) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *recorder) WithGroup(string) slog.Handler            { return l }

func (l *recorder) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Level.String()+" "+r.Message)
	return nil
}

// has reports whether a line with that beginning was logged.
func (l *recorder) has(beginning string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.HasPrefix(line, beginning) {
			return true
		}
	}
	return false
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// send does one request. The header is pairs of name and value.
func (c *running) send(tb testing.TB, method, path string, body io.Reader, header ...string) answer {
	tb.Helper()
	return send(tb, method, c.URL()+path, body, header...)
}

func send(tb testing.TB, method, url string, body io.Reader, header ...string) answer {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, url, body)
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{res, string(text)}
}

// expect fails the test when an answer is not the JSON failure that was expected.
func (a answer) expect(tb testing.TB, status, code int, description string) {
	tb.Helper()
	var f failure
	if err := json.Unmarshal([]byte(a.body), &f); err != nil || a.Header.Get("Content-Type") != "application/json" {
		tb.Fatalf("%s: %s %q is no JSON failure", a.Request.URL.Path, a.Status, a.body)
	}
	if a.StatusCode != status || f.Code != code || !strings.Contains(f.Description, description) {
		tb.Errorf("%s %s: %s code %d %q, want %d code %d %q", a.Request.Method, a.Request.URL.Path, a.Status, f.Code, f.Description, status, code, description)
	}
}

// form is a multipart form with one file, as curl sends it.
func form(tb testing.TB, field string, content []byte) (body *bytes.Buffer, contentType string) {
	tb.Helper()
	body = new(bytes.Buffer)
	m := multipart.NewWriter(body)
	part, err := m.CreateFormFile(field, "droplet.tgz")
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = part.Write(content)
	if err := m.Close(); err != nil {
		tb.Fatal(err)
	}
	return body, m.FormDataContentType()
}

// upload posts a droplet.
func (c *running) upload(tb testing.TB, path string, content []byte, header ...string) answer {
	tb.Helper()
	body, contentType := form(tb, "upload[droplet]", content)
	return c.send(tb, "POST", path, body, append(header, "Content-Type", contentType)...)
}

// files lists what is in the store of droplets or packages, without directories.
func (c *running) files(tb testing.TB, store string) []string {
	tb.Helper()
	return list(tb, filepath.Join(c.dir, "controller", store))
}

func list(tb testing.TB, dir string) []string {
	tb.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestShippedFileIsTheDefault(t *testing.T) {
	t.Parallel()
	configtest.CheckShipped(t, "controller", Default())
}

func TestWrongValuesAreNamed(t *testing.T) {
	t.Parallel()
	for key, spoil := range map[string]func(*Config){
		"host":                  func(c *Config) { c.Host = "" },
		"port":                  func(c *Config) { c.Port = -1 },
		"max_upload":            func(c *Config) { c.MaxUpload = 0 },
		"directories":           func(c *Config) { c.Directories.Packages = c.Directories.Droplets },
		"logging.level":         func(c *Config) { c.Logging.Level = "loud" },
		"staging.auth.user":     func(c *Config) { c.Staging.Auth.User = "" },
		"staging.auth.password": func(c *Config) { c.Staging.Auth.Password = "p@ss/word" },
		"status.port":           func(c *Config) { c.Status.Port = 65536 },
	} {
		cfg := Default()
		spoil(&cfg)
		if _, err := New(bus.New(bus.Options{}), cfg, uaa.Default(), slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("with a wrong %s: error = %v, want one that names the key", key, err)
		}
	}
}

func TestControllerIntroducesItselfAndCallsTheDEAs(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	other := bustest.Join(t, s)
	announced, located := make(chan protocol.Component, 1), make(chan struct{}, 1)
	if _, err := bus.Subscribe(other, protocol.ComponentAnnounce, func(c protocol.Component) { announced <- c }); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.Subscribe(other, protocol.DEALocate, func(protocol.Ignored) { located <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	if err := other.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	start(t, bustest.Join(t, s), t.TempDir(), nil)
	if c := <-announced; c.Type != "CloudController" {
		t.Errorf("announced itself as %q", c.Type)
	}
	<-located
}

func TestWhatIsInTheWayStopsTheStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first := startDefault(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Config){
		"port is taken":           func(c *Config) { c.Port = l.Addr().(*net.TCPAddr).Port },
		"Process already running": func(c *Config) { c.PID = filepath.Join(first.dir, "controller", "controller.pid") },
		"open the store":          func(c *Config) { c.Directories.Packages = filepath.Join(file, "packages") },
		"sample_app":              func(c *Config) { c.SampleApp = file },
	} {
		dir := t.TempDir()
		cfg := Default().Resolve(func(p string) string { return filepath.Join(dir, p) })
		cfg.Port, cfg.SampleApp = 0, ""
		spoil(&cfg)
		c, err := New(bus.New(bus.Options{}), cfg, uaa.Default(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Run(t.Context(), func() { t.Errorf("%s: ready all the same", want) }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q in it", err, want)
		}
	}
}

func TestGarbageLeavesTheControllerAnswering(t *testing.T) {
	t.Parallel()
	b := bustest.New(t)
	c := start(t, b, t.TempDir(), nil)
	for i := range 10_000 {
		if err := b.PublishRaw("vcap.component.discover", "", bytes.Repeat([]byte{byte(i), '{'}, i%50)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bus.Do(t.Context(), b, protocol.ComponentDiscover, protocol.Ignored{}); err != nil {
		t.Errorf("discover after the garbage: %v", err)
	}
	if a := c.send(t, "GET", "/", nil); a.StatusCode != 200 {
		t.Errorf("GET / after the garbage: %s", a.Status)
	}
}

func TestVarzCounts(t *testing.T) {
	t.Parallel()
	c := startDefault(t)
	c.upload(t, "/upload_droplet/a/x", []byte("1"))
	c.send(t, "GET", "/nothing", nil)
	v := c.varz()
	for key, want := range map[string]any{"requests": int64(2), "uploads": int64(1), "refused": int64(1), "packages": 0, "droplets": 1} {
		if v[key] != want {
			t.Errorf("varz %s = %v, want %v", key, v[key], want)
		}
	}
}

// The smallest limit that a test of limits needs.
func smallUploads(c *Config) { c.MaxUpload = config.Size(1 << 10) }
