// Package isolationtest is the conformance suite of isolation backends: what a DEA relies on, shown with real processes.
//
// In goes a function that makes backends; Run tries them with small bash scripts for startup and stop, the 2012 stop script among
// them. A backend passes as a whole:
//
//	func TestConformance(t *testing.T) {
//		t.Parallel()
//		isolationtest.Run(t, func(testing.TB) isolation.Backend { return mine.New() })
//	}
//
// Two backends made by the function stand for two DEAs, one started after the other. For the tests that need a DEA to be killed
// Run starts the test's binary again, with a variable set that makes Run play that DEA. On systems without Linux's /proc the tests that need it
// are skipped. isolation/fake runs no processes, and has tests of its own.
package isolationtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

// patience is how long other processes get to do what takes them milliseconds: the machine may be busy.
const patience = 30 * time.Second

// Run tries a backend in parallel subtests, and at the end fails if a process is left.
func Run(t *testing.T, newBackend func(testing.TB) isolation.Backend) {
	t.Helper()
	if role := os.Getenv(roleVariable); role != "" {
		play(t, role, newBackend(t))
		return
	}
	testkit.RequireTool(t, "bash", "ps", "sleep", "setsid")
	s := &suite{newBackend: newBackend, root: t.TempDir(), test: t.Name()}
	t.Cleanup(func() { noneLeft(t, s.root) })
	for _, group := range []map[string]test{starting, ending, stopping, scripts, measuring, sweeping, adopting, dying} {
		for name, try := range group {
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				try(t, s)
			})
		}
	}
}

// test is one thing that a backend must do.
type test func(t *testing.T, s *suite)

type suite struct {
	newBackend func(testing.TB) isolation.Backend
	root       string // all instance directories are below
	test       string // name of the test that called Run

	mu sync.Mutex
	n  int // of instances made so far
}

// instance makes a directory with a startup script and the stop script of 2012, and returns how to start it. Its name has what
// breaks in a shell.
func (s *suite) instance(t *testing.T, startup string) isolation.Spec {
	t.Helper()
	s.mu.Lock()
	s.n++
	id := fmt.Sprintf("id%dx%d", os.Getpid(), s.n) // unique on this machine, where others may run these tests too
	s.mu.Unlock()
	dir := filepath.Join(s.root, "it's an $app-"+id)
	if err := os.MkdirAll(filepath.Join(dir, "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	spec := isolation.Spec{ID: id, Dir: dir, Env: []string{"HOME=" + dir, isolation.IDVariable + "=" + id, "GREETING=hello"}}
	script(t, spec, "startup", startup)
	script(t, spec, "stop", stop2012)
	return spec
}

// script writes an executable bash script into the directory, as the DEA does: by rename, so that nobody sees half of it.
func script(t *testing.T, spec isolation.Spec, name, body string) {
	t.Helper()
	path := filepath.Join(spec.Dir, name)
	if err := os.WriteFile(path+".new", []byte("#!/bin/bash\n"+body), 0o500); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// start starts an instance on a backend of its own, and stops it when the test ends.
func (s *suite) start(t *testing.T, spec isolation.Spec) isolation.Container {
	t.Helper()
	return startOn(t, s.newBackend(t), spec)
}

func startOn(t *testing.T, b isolation.Backend, spec isolation.Spec) isolation.Container {
	t.Helper()
	c, err := b.Start(t.Context(), spec)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

// stop must end the container, whatever state it is in. It also works while the test is cleaned up.
func stop(t *testing.T, c isolation.Container) {
	t.Helper()
	if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// ended waits for Done.
func ended(t *testing.T, c isolation.Container) isolation.Exit {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatalf("startup has not ended after %s", patience)
	}
	return c.Exit()
}

// content waits for a file that a script writes whole (by rename, or with a last line), and returns it.
func content(t *testing.T, spec isolation.Spec, name string) string {
	t.Helper()
	var text []byte
	testkit.Eventually(t, patience, name+" in the instance's directory", func() bool {
		var err error
		text, err = os.ReadFile(filepath.Join(spec.Dir, name))
		return err == nil
	})
	return string(text)
}

// exists tells whether a script has written a file.
func exists(spec isolation.Spec, name string) bool {
	_, err := os.Stat(filepath.Join(spec.Dir, name))
	return err == nil
}
