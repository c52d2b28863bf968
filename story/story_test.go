package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/story"
)

const server = `import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello from python")
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["VCAP_APP_PORT"])), Hello).serve_forever()
`

// options tell of a Python app with the given source.
func options(t *testing.T, source string) story.Options {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "web")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web.py"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	app, err := client.DescribeDir(t.Context(), dir, "web", client.Overrides{Runtime: "python3", Command: "exec python3 web.py"})
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	return story.Options{
		App: app, AppDir: dir, DataDir: data, Out: io.Discard,
		Settings: sandbox.Settings{NewLog: sandbox.LogTarget{Writer: io.Discard, DataDir: data}.New},
	}
}

func TestStoryIsToldFromStartToFinish(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	var out bytes.Buffer
	o := options(t, server)
	o.Out, o.JSON = &out, true
	if err := story.Tell(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	answered := false
	d := json.NewDecoder(&out)
	for n := 1; d.More(); n++ {
		var s struct {
			Step     int
			Title    string
			Why      string
			Exhibits []struct{ Subject, Text string }
		}
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		if s.Step != n || s.Title == "" || s.Why == "" {
			t.Errorf("step %d is told as %+v", n, s)
		}
		for _, e := range s.Exhibits {
			if e.Subject != "" && !strings.HasPrefix(e.Subject, "_INBOX") {
				subjects = append(subjects, e.Subject)
			}
			answered = answered || strings.Contains(e.Text, "hello from python")
		}
	}
	want := "staging dea.discover dea.ID.start dea.heartbeat router.register"
	for i, s := range subjects {
		if strings.HasSuffix(s, ".start") {
			subjects[i] = "dea.ID.start"
		}
	}
	if got := strings.Join(subjects, " "); got != want {
		t.Errorf("messages shown: %s, want %s", got, want)
	}
	if !answered {
		t.Error("the app's answer is not shown")
	}
}

func TestStoryOfAnAppThatCrashesShowsItsLastWords(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	err := story.Tell(t.Context(), options(t, "raise SystemExit('the database is on fire')"))
	crash, ok := errors.AsType[*story.CrashError](err)
	if !ok || !strings.Contains(err.Error(), "the database is on fire") || crash.Hint() == "" {
		t.Errorf("error = %v, want what the app said", err)
	}
}

func TestStoryStopsWhenItsListenerLeaves(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	ctx, leave := context.WithCancel(t.Context())
	o := options(t, server)
	o.Out = writerFunc(func(p []byte) (int, error) {
		if strings.Contains(string(p), "Run it") {
			leave()
		}
		return len(p), nil
	})
	if err := story.Tell(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want that it was cancelled", err)
	}
	left, err := filepath.Glob(filepath.Join(o.DataDir, "dea", "apps", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
