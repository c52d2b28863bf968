package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// pidApp answers with its process id.
const pidApp = `import http.server, os
class Pid(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pid %d." % os.getpid())
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["VCAP_APP_PORT"])), Pid).serve_forever()
`

// keep stages pidApp, and has the controller keep so many instances of it running.
func keep(t *testing.T, p *sandboxtest.Platform, id string, instances int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), id)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web.py"), []byte(pidApp), 0o644); err != nil {
		t.Fatal(err)
	}
	app := p.Push(dir, client.Overrides{Runtime: "python3", Command: "exec python3 web.py"})
	w, err := client.Watch(ctx, p.Bus, id)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	r, err := p.Controller.RunApp(ctx, id, app.Record(instances))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Running(ctx, r.Version, instances); err != nil {
		t.Fatal(err)
	}
}

// pidOf asks the app for its process id; 0 when it does not answer.
func pidOf(t *testing.T, router, host string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, router, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	text, _, _ := strings.Cut(strings.TrimPrefix(string(body), "pid "), ".")
	pid, _ := strconv.Atoi(text) // the router's own page is no number
	return pid
}

// An app that the controller knows is back when its process is killed, and the tap shows how that came.
func TestKilledAppIsBack(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash")
	p := sandboxtest.New(t)
	keep(t, p, "kept", 1)
	first := 0
	testkit.Eventually(t, 20*time.Second, "the app to answer", func() bool {
		first = pidOf(t, p.Router, "kept.localhost")
		return first > 1
	})
	story := listen(t, p)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 20*time.Second, "another instance to answer", func() bool {
		pid := pidOf(t, p.Router, "kept.localhost")
		return pid > 1 && pid != first
	})
	testkit.Eventually(t, 20*time.Second, "the health manager to say that it runs", func() bool {
		r, err := p.Controller.Record(t.Context(), "kept")
		return err == nil && r.Running != nil && *r.Running == 1
	})
	story.expect(t, "droplet.exited", "cloudcontrollers.hm.requests.default", "dea.discover", "dea.*.start", "router.register")
}

// story is what a tap has heard.
type story struct {
	mu       sync.Mutex
	subjects []string
}

func listen(t *testing.T, p *sandboxtest.Platform) *story {
	t.Helper()
	var s story
	tap, err := p.Bus.Tap(">", func(m bus.Message) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.subjects = append(s.subjects, m.Subject)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tap.Stop)
	if err := p.Bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &s
}

// expect wants these subjects in this order, whatever else was heard between them.
func (s *story) expect(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	left := want
	for _, subject := range s.subjects {
		if ok, _ := path.Match(left[0], subject); !ok {
			continue
		}
		if left = left[1:]; len(left) == 0 {
			return
		}
	}
	t.Errorf("of the story %v the tap lacks %v: it has %v", want, left, s.subjects)
}
