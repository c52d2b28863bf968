package stager

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// bubble is a stager in a bubble of synctest: the controller is a function, and nothing listens.
type bubble struct {
	*Stager
	bus *bus.Bus
	cfg Config
	app []byte
}

func newBubble(t *testing.T, f fakePlugin, change func(*Config)) *bubble {
	t.Helper()
	b := &bubble{bus: bustest.New(t), cfg: testConfig(t), app: sinatraZip(t)}
	b.cfg.MaxStagingDuration = config.Duration(10 * time.Second)
	if change != nil {
		change(&b.cfg)
	}
	b.Stager = newStager(t, b.bus, with(f), b.cfg)
	b.client = roundTrip(b.serve)
	return b
}

// serve answers downloads with the app, takes uploads, and says nothing at /silent.
func (b *bubble) serve(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/silent" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(b.app)), Body: io.NopCloser(strings.NewReader(string(b.app)))}, nil
}

func (b *bubble) request() protocol.StagingRequest {
	r := (&fakeController{Server: &httptest.Server{}}).request("app", "fake")
	r.DownloadURI, r.UploadURI = "http://controller/app", "http://controller/droplet"
	return r
}

// begin sends a request; the reply comes on the channel.
func (b *bubble) begin(t *testing.T, r protocol.StagingRequest) <-chan protocol.StagingReply {
	t.Helper()
	reply := make(chan protocol.StagingReply, 1)
	go func() {
		defer close(reply)
		rep, err := bus.Do(t.Context(), b.bus, protocol.Staging, r)
		if err != nil {
			t.Errorf("staging request: %v", err)
			return
		}
		reply <- rep
	}()
	synctest.Wait()
	return reply
}

const timeoutText = "Staging timed out after 10 seconds."

func TestPluginThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(ctx context.Context, w *plugin.Workspace) error {
			w.Log.Info("this will take a while")
			<-ctx.Done()
			return ctx.Err()
		}, nil)
		startStager(t, b.Stager)
		began := time.Now()
		rep := ask(t, b.bus, b.request())
		if want := "Staging task failed:\n " + timeoutText; rep.Error != want {
			t.Errorf("error = %q, want %q", rep.Error, want)
		}
		got := lines(t, rep.TaskLog)
		if len(got) != 7 || got[3] != "Staging application" || got[5] != "this will take a while" || got[6] != timeoutText {
			t.Errorf("task log has the lines\n%s", quoted(got))
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the reply came after %s, want 10s", took)
		}
		if left := workspaces(t, b.cfg); len(left) > 0 {
			t.Errorf("%q are left in the directory for workspaces", left)
		}
	})
}

func TestPluginThatIgnoresTheLimitBlocksNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stuck, release := make(chan string), make(chan struct{})
		first := true
		b := newBubble(t, func(_ context.Context, w *plugin.Workspace) error {
			if !first {
				return w.WriteStop("x")
			}
			first = false
			stuck <- w.Dest
			<-release
			return os.MkdirAll(filepath.Join(w.Dest, "late"), 0o700)
		}, func(c *Config) { c.MaxActiveTasks = 1 })
		startStager(t, b.Stager)
		reply := b.begin(t, b.request())
		dest := <-stuck
		if rep := <-reply; rep.Error != "Staging task failed:\n "+timeoutText {
			t.Errorf("error = %q", rep.Error)
		}
		if rep := ask(t, b.bus, b.request()); rep.Error != "" {
			t.Errorf("the next task failed: %s", rep.Error)
		}
		if strays := b.varz()["stray_plugins"]; strays != int64(1) {
			t.Errorf("stray_plugins = %v, want 1", strays)
		}
		close(release)
		synctest.Wait()
		if _, err := os.Stat(filepath.Dir(dest)); !os.IsNotExist(err) {
			t.Errorf("what the plugin wrote after its end is still there: %v", err)
		}
		if strays := b.varz()["stray_plugins"]; strays != int64(0) {
			t.Errorf("stray_plugins = %v after the plugin ended, want 0", strays)
		}
	})
}

func TestLimitHoldsForTransfersToo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(*protocol.StagingRequest)
		last  string
	}{
		"download": {func(r *protocol.StagingRequest) { r.DownloadURI = "http://controller/silent" }, "Downloading application"},
		"upload":   {func(r *protocol.StagingRequest) { r.UploadURI = "http://controller/silent" }, "Uploading droplet"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBubble(t, func(context.Context, *plugin.Workspace) error { return nil }, nil)
			startStager(t, b.Stager)
			began, r := time.Now(), b.request()
			test.spoil(&r)
			rep := ask(t, b.bus, r)
			got := lines(t, rep.TaskLog)
			if rep.Error != "Staging task failed:\n "+timeoutText || got[len(got)-2] != test.last || got[len(got)-1] != timeoutText {
				t.Errorf("%s: error = %q and task log has the lines\n%s", name, rep.Error, quoted(got))
			}
			if took := time.Since(began); took != 10*time.Second {
				t.Errorf("%s: the reply came after %s, want 10s", name, took)
			}
		})
	}
}

func TestWaitingDoesNotCountForTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(context.Context, *plugin.Workspace) error {
			time.Sleep(8 * time.Second)
			return nil
		}, func(c *Config) { c.MaxActiveTasks = 1 })
		startStager(t, b.Stager)
		first, second := b.begin(t, b.request()), b.begin(t, b.request())
		if a, b := <-first, <-second; a.Error != "" || b.Error != "" {
			t.Errorf("errors = %q and %q, want none", a.Error, b.Error)
		}
	})
}

func TestTimeoutKillsWhatThePluginStarted(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	cfg.MaxStagingDuration = config.Duration(2 * time.Second)
	pids := filepath.Join(t.TempDir(), "pids")
	startStager(t, newStager(t, b, with(func(ctx context.Context, w *plugin.Workspace) error {
		script := `sleep 1000 & echo $$ $! > "$0.new"; mv "$0.new" "$0"; wait`
		_, err := w.Run(ctx, plugin.Command{Argv: []string{"/bin/sh", "-c", script, pids}, Dir: w.Dest, Env: os.Environ()})
		return err
	}), cfg))
	c := newController(t, sinatraZip(t))
	rep := ask(t, b, c.request("app", "fake"))
	if want := "Staging task failed:\n Staging timed out after 2 seconds."; rep.Error != want {
		t.Errorf("error = %q, want %q", rep.Error, want)
	}
	wantGone(t, pids)
}

func TestPluginThatPanicsFailsItsTaskAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do   func()
		want string
	}{
		"panic":  {func() { var none []int; none[3] = 1 }, "Staging plugin failed: panic: runtime error: index out of range [3] with length 0"},
		"goexit": {runtime.Goexit, "Staging plugin failed: the plugin ended without a result"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, cfg := bustest.New(t), testConfig(t)
			startStager(t, newStager(t, b, with(func(context.Context, *plugin.Workspace) error {
				test.do()
				return nil
			}), cfg))
			c := newController(t, sinatraZip(t))
			rep := ask(t, b, c.request("app", "fake"))
			if want := "Staging task failed:\n " + test.want; rep.Error != want {
				t.Errorf("error = %q, want %q", rep.Error, want)
			}
			wantLines(t, rep.TaskLog, "Setting up temporary directories", "Downloading application", "Unpacking application", "Staging application", test.want)
			if rep := ask(t, b, c.request("app", "sinatra")); rep.Error != "" {
				t.Errorf("the next task failed: %s", rep.Error)
			}
			if left := workspaces(t, cfg); len(left) > 0 {
				t.Errorf("%q are left in the directory for workspaces", left)
			}
		})
	}
}

func TestPluginFailureTellsWhatToDo(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, with(func(_ context.Context, w *plugin.Workspace) error {
		w.Log.Info("so far so good")
		return &plugin.StagingError{Message: "no main file", Tip: "write one"}
	}), cfg))
	c := newController(t, sinatraZip(t))
	rep := ask(t, b, c.request("app", "fake"))
	const text = "Staging plugin failed: no main file (write one)"
	if rep.Error != "Staging task failed:\n "+text {
		t.Errorf("error = %q", rep.Error)
	}
	got := lines(t, rep.TaskLog)
	if len(got) != 7 || got[5] != "so far so good" || got[6] != text {
		t.Errorf("task log has the lines\n%s", quoted(got))
	}
	// dotNet is a framework that only clients knew; a path is no framework (Q6).
	for _, framework := range []string{"dotNet", "", "../sinatra", "sinatra/plugin.rb", "; touch /tmp/x"} {
		rep := ask(t, b, c.request("app", framework))
		if !strings.HasPrefix(rep.Error, "Staging task failed:\n Staging plugin failed: there is no staging plugin for the framework ") {
			t.Errorf("framework %q: error = %q", framework, rep.Error)
		}
	}
}
