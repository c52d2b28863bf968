package stager

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// The environment in which this test binary is a stager, of another process, that never finishes a task.
const (
	victimBus = "MINICF_TEST_STAGER_BUS"
	victimDir = "MINICF_TEST_STAGER_DIR"
)

func TestMain(m *testing.M) {
	if _, err := confine.Enter(os.Args); err != nil {
		os.Exit(126)
	}
	if url := os.Getenv(victimBus); url != "" {
		os.Exit(runVictim(url, os.Getenv(victimDir)))
	}
	os.Exit(m.Run())
}

func runVictim(url, dir string) int {
	b := bus.New(bus.Options{URL: url})
	if err := b.Open(); err != nil {
		return 1
	}
	cfg := victimConfig(dir)
	if err := shrinkDisk(cfg); err != nil {
		fmt.Fprintln(os.Stderr, "shrink the disk:", err)
		return 1
	}
	s, err := New(b, with(func(context.Context, *plugin.Workspace) error { select {} }), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return 1
	}
	if err := s.Run(context.Background(), func() {}); err != nil {
		return 1
	}
	return 0
}

func victimConfig(dir string) Config {
	cfg := Default().Resolve(func(p string) string { return filepath.Join(dir, p) })
	cfg.Status.Port = bus.NoStatusPort
	return cfg
}

func TestKilledStagerLeavesNothingAfterTheNextStart(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t, bus.ServerConfig{})
	client, cfg := bustest.Join(t, server), victimConfig(t.TempDir())
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimBus+"="+server.URL(), victimDir+"="+filepath.Dir(filepath.Dir(cfg.Dirs.Tmp)))
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = victim.Process.Kill() // when the test has not done so
		_ = victim.Wait()
	}()

	c := newController(t, sinatraZip(t))
	testkit.Eventually(t, 20*time.Second, "the other stager to listen", func() bool {
		found, err := bus.Gather(t.Context(), client, protocol.ComponentDiscover, protocol.Ignored{}, 1)
		return err == nil && len(found) == 1
	})
	if err := bus.Publish(client, protocol.Subject[protocol.StagingRequest]("staging"), c.request("app", "fake")); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 20*time.Second, "the other stager to be in the middle of a task", func() bool {
		copies, err := filepath.Glob(filepath.Join(cfg.Dirs.Tmp, "d*", staged, "app", "app.rb"))
		return err == nil && len(copies) == 1
	})
	held, free := newStager(t, client, builtin.Set(), cfg), cfg
	if err := held.Run(t.Context(), func() {}); err == nil {
		t.Error("a second stager runs with the same pid file")
	}
	free.PidFilename = ""
	startStager(t, newStager(t, client, builtin.Set(), free))
	if got := workspaces(t, cfg); len(got) != 1 {
		t.Errorf("%q are in the directory for workspaces, want that of the live stager", got)
	}

	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // was killed, as it should be
	startStager(t, newStager(t, client, builtin.Set(), cfg))
	if left := workspaces(t, cfg); len(left) > 0 {
		t.Errorf("%q are left in the directory for workspaces", left)
	}
}
