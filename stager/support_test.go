package stager

import (
	"context"
	"fmt"
	"log/slog"
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
