// Package sandboxtest runs a whole minicf inside a test, and apps on it: a real bus, controller, stager, DEA and router on
// free ports, and real processes.
//
// [Live] takes one app through everything that a platform is for. A framework's end-to-end test is that one call:
//
//	func TestRackApp(t *testing.T) {
//		t.Parallel()
//		testkit.RequireTool(t, "ruby", "bash", "ps")
//		sandboxtest.Live(t, sandboxtest.Sample{Dir: "rack", Want: "instance"})
//	}
//
// Tests that want to look at something in between use [New] and [Platform.Push]. Every call fails the test when something
// goes wrong, with the task log or the app's own last words.
package sandboxtest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox"
)

// Settings are those of a sandbox with a data dir of its own, on free ports, logging to the test's output.
func Settings(t testing.TB) sandbox.Settings {
	t.Helper()
	s := sandbox.Settings{DataDir: t.TempDir(), Overrides: map[string][]config.Override{}}
	log := testkit.Logger(t)
	s.NewLog = func(component string, _ config.Logging) (*slog.Logger, error) {
		return log.With("component", component), nil
	}
	for _, c := range []string{"nats", "controller", "router"} {
		Set(&s, c, "port", "0")
	}
	return s
}

// Set says what a key of a component's configuration is, as a flag would.
func Set(s *sandbox.Settings, component, key, value string) {
	s.Overrides[component] = append(s.Overrides[component], config.Override{Key: key, Value: value, Flag: "test"})
}

// Start runs a sandbox until the test ends or stop is called, which waits for its end and may be called again.
func Start(t testing.TB, s sandbox.Settings) (sb *sandbox.Sandbox, stop func()) {
	t.Helper()
	sb, err := sandbox.New(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- sb.Run(ctx, func() { close(ready) }) }()
	stopped := false
	stop = func() {
		cancel()
		if stopped {
			return
		}
		stopped = true
		if err := <-ended; err != nil {
			t.Errorf("sandbox stopped with %v", err)
		}
	}
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		t.Fatalf("sandbox did not start: %v", err)
	}
	t.Cleanup(stop)
	return sb, stop
}

// Platform is a running minicf.
type Platform struct {
	DataDir    string
	Bus        *bus.Bus
	Controller *client.Controller
	Router     string // URL

	t    testing.TB
	stop func()
}

// New starts a platform that runs until the test ends. Changes are made to its settings before: Set, for one.
func New(t testing.TB, changes ...func(*sandbox.Settings)) *Platform {
	t.Helper()
	s := Settings(t)
	for _, change := range changes {
		change(&s)
	}
	sb, stop := Start(t, s)
	b := bus.New(bus.Options{URL: sb.URL("nats"), Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return &Platform{
		DataDir: s.DataDir, Bus: b, Router: sb.URL("router"), t: t, stop: stop,
		Controller: &client.Controller{URL: sb.URL("controller")},
	}
}

// End stops the platform as one Ctrl-C does, and fails the test when something of its apps and stagings is left.
func (p *Platform) End() {
	p.t.Helper()
	p.stop()
	if left := p.instances(); len(left) > 0 {
		p.t.Errorf("left in the DEA's directory: %v", left)
	}
	if left := Processes(p.t, p.DataDir); len(left) > 0 {
		p.t.Errorf("processes are left: %v", left)
	}
	p.ExpectNoWorkspace()
}
