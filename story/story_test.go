package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
		if strings.Contains(s.Why, "TOKEN") || strings.Contains(s.Why, "VCAP_LOCAL_RUNTIME") || strings.Contains(s.Why, "token") {
			t.Errorf("a standalone app has no token, and step %d says: %s", n, s.Why)
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
	if !ok || crash.NeverReady || !strings.Contains(err.Error(), "the database is on fire") || crash.Hint() == "" {
		t.Errorf("error = %v, want what the app said", err)
	}
}

func TestStoryOfAnAppThatNeverOpensItsPortSaysHowLongItWaited(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	o := options(t, "import sys, time\nprint('\\x1b[31mthinking', file=sys.stderr, flush=True)\ntime.sleep(600)")
	o.StartLimit = 2 * time.Second
	err := story.Tell(t.Context(), o)
	crash, ok := errors.AsType[*story.CrashError](err)
	if !ok || !crash.NeverReady || !strings.Contains(err.Error(), "did not open its port") || !strings.Contains(err.Error(), "for 2.0 s") {
		t.Errorf("error = %v, want that the port was not opened for 2 s", err)
	}
	if err != nil && (!strings.Contains(err.Error(), "[31mthinking") || strings.Contains(err.Error(), "\x1b")) {
		t.Errorf("error = %q, want what the app said, with its control characters made visible", err)
	}
}

func TestStoryOfAnAppThatAnswersWithAnErrorEndsInOne(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	const fails = "self.send_response(500)\n        self.end_headers()\n        return\n        self."
	const dies = "sys.stderr.write('goodbye')\n        sys.stderr.flush()\n        os._exit(1)\n        self."
	for name, c := range map[string]struct{ do, title, text string }{
		"it answers 500":         {fails, "The app answers with an error", "web answered with HTTP 500 Internal Server Error"},
		"it dies of the request": {dies, "The router answers, not the app", "goodbye"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			o := options(t, strings.Replace("import sys, "+strings.TrimPrefix(server, "import "), "self.", c.do, 1))
			o.Out = &out
			err := story.Tell(t.Context(), o)
			e, ok := errors.AsType[*story.AnswerError](err)
			if !ok || e.Status < 500 || !strings.Contains(err.Error(), c.text) || e.Hint() == "" {
				t.Errorf("error = %v, want an AnswerError with %q", err, c.text)
			}
			if !strings.Contains(out.String(), c.title) || strings.Contains(out.String(), "That was all") {
				t.Errorf("the story ends with:\n%s", out.String()[max(0, out.Len()-800):])
			}
		})
	}
}

func TestStoryOfAFailedStagingShowsTheRequestAndTheTaskLog(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3")
	var out bytes.Buffer
	o := options(t, server)
	o.App.Framework, o.App.Runtime, o.Out = "sinatra", "ruby19", &out
	err := story.Tell(t.Context(), o)
	if _, ok := errors.AsType[*client.StagingError](err); !ok {
		t.Errorf("error = %v, want a StagingError", err)
	}
	for _, want := range []string{" 3  A request to stage it", " 4  The stager cannot make a droplet", "task log", `"download_uri"`, `"error"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, out.String())
		}
	}
}

func TestNothingOfAStepHappensBeforeEnter(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	o := options(t, server)
	input, enter := io.Pipe()
	defer enter.Close() // or the reading of the last Enter stays
	o.Wait = input
	steps := make(chan string, 64)
	o.Out = writerFunc(func(p []byte) (int, error) {
		steps <- string(p)
		return len(p), nil
	})
	ended := make(chan error, 1)
	go func() { ended <- story.Tell(ctx, o) }()

	next := func(title string) {
		t.Helper()
		if text := <-steps; !strings.Contains(text, title) {
			t.Fatalf("told %s, want %q", text, title)
		}
		if text := <-steps; !strings.Contains(text, "press Enter") {
			t.Fatalf("told %s, want a pause", text)
		}
	}
	press := func() {
		t.Helper()
		if _, err := io.WriteString(enter, "\n"); err != nil {
			t.Fatal(err)
		}
	}
	stored := func() (files int) {
		t.Helper()
		err := filepath.WalkDir(filepath.Join(o.DataDir, "controller"), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				files++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	next("The platform is up")
	press()
	next("An app, zipped")
	before := stored()
	press()
	next("A request to stage it")
	if after := stored(); after != before {
		t.Errorf("the controller had %d files and has %d, before the reader wanted a droplet", before, after)
	}
	press()
	next("The stager makes a droplet")
	if after := stored(); after == before {
		t.Error("the test does not see droplets")
	}
	leave() // at the prompt
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want that it was cancelled", err)
	}
}

func TestStoryTellsThatAnAppEndsWhichShouldStay(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	const farewell = `self.wfile.write(b"once")
        threading.Timer(0.3, lambda: os._exit(1)).start()
        return
        self.wfile`
	o := options(t, strings.Replace("import threading, "+strings.TrimPrefix(server, "import "), "self.wfile", farewell, 1))
	o.Stay = true
	err := story.Tell(t.Context(), o)
	if crash, ok := errors.AsType[*story.CrashError](err); !ok || crash.NeverReady || crash.After <= 0 {
		t.Errorf("error = %v, want that the app ended", err)
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
