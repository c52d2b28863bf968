package conform_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/sandbox"
)

func TestMain(m *testing.M) {
	if code, is := conformtest.Puppet(); is {
		os.Exit(code)
	}
	waitTogether()
	os.Exit(m.Run())
}

// waitTogether lets more tests run at once than there are cores, unless somebody said how many: nearly all of their time they wait for a beat
// of the DEA, or for something that must not come.
func waitTogether() {
	flag.Parse()
	parallel := flag.Lookup("test.parallel")
	if n, err := strconv.Atoi(parallel.Value.String()); err == nil && n == runtime.GOMAXPROCS(0) {
		_ = parallel.Value.Set(strconv.Itoa(2 * n))
	}
}

// startSandbox runs components of minicf until the test ends or stop is called, and returns a bus that they are on. files are
// configuration, by component.
func startSandbox(t *testing.T, files map[string]string, only ...string) (b *bus.Bus, stop func()) {
	t.Helper()
	return startSandboxIn(t, t.TempDir(), files, only...)
}

func startSandboxIn(t *testing.T, data string, files map[string]string, only ...string) (b *bus.Bus, stop func()) {
	t.Helper()
	s := sandbox.Settings{
		DataDir: data, Only: append([]string{"nats"}, only...), Files: map[string]string{},
		Overrides: map[string][]config.Override{},
	}
	for _, component := range []string{"nats", "router"} {
		s.Overrides[component] = []config.Override{{Key: "port", Value: "0", Flag: "test"}}
	}
	for component, text := range files {
		s.Files[component] = filepath.Join(t.TempDir(), component+".yml")
		if err := os.WriteFile(s.Files[component], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.NewLog = func(string, config.Logging) (*slog.Logger, error) { return slog.New(slog.DiscardHandler), nil }
	url, stop := runSandbox(t, s)
	return joinURL(t, url), stop
}

func runSandbox(t *testing.T, s sandbox.Settings) (url string, stop func()) {
	t.Helper()
	sb, err := sandbox.New(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- sb.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("the sandbox did not start: %v", err)
	}
	over := false
	stop = func() {
		if over {
			return
		}
		over = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the sandbox stopped with %v", err)
		}
	}
	t.Cleanup(stop)
	return sb.URL("nats"), stop
}

func joinURL(t *testing.T, url string) *bus.Bus {
	t.Helper()
	b := bus.New(bus.Options{URL: url, Name: t.Name(), Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // its server may be gone already
	return b
}
