package stager

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/plugin"
)

// Tools that fork in every way there is, and hang. Each process writes its id into the droplet's pids before it does.
var hanging = map[string]string{
	"forks":                     `(note; exec sleep 1000) & note; wait`,
	"ignores signals":           `trap '' TERM INT HUP; (note; exec sleep 1000) & note; wait; wait`,
	"sets its session":          `setsid bash -c 'note; exec sleep 1000' & note; wait`,
	"forks twice":               `(setsid bash -c 'note; exec sleep 1000' &); note; sleep 1000`,
	"leaves its directory":      `cd /; (setsid bash -c 'note; exec sleep 1000' > /dev/null 2>&1 < /dev/null &); note; sleep 1000`,
	"wipes its environment":     `(env -i PIDS="$PIDS" /bin/bash -c 'setsid /bin/bash -c "echo \$\$ >> $PIDS; exec sleep 1000" &' > /dev/null 2>&1); note; sleep 1000`,
	"leaves children behind it": `(setsid bash -c 'note; (env -i PIDS="$PIDS" /bin/bash -c "cd /; echo \$\$ >> $PIDS; exec sleep 1000") & wait' &); note; sleep 1000`,
}

func TestToolThatForksAndHangsIsKilledAtTheLimit(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "setsid")
	for mode, newConfig := range map[string]func(testing.TB) Config{"secure": secureConfig, "not secure": testConfig} {
		for name, script := range hanging {
			t.Run(mode+", "+name, func(t *testing.T) {
				t.Parallel()
				pids := filepath.Join(t.TempDir(), "pids")
				limit := 3 * time.Second
				for hang(t, newConfig(t), limit, script, pids) < 2 && limit < time.Minute {
					limit *= 4 // on a slow machine it did not come so far as to hang
				}
				wantGone(t, pids)
			})
		}
	}
}

// hang lets a tool run until the staging's limit, and returns how many of its processes came to write their ids, which are in the file pids then.
func hang(t *testing.T, cfg Config, limit time.Duration, script, pids string) int {
	t.Helper()
	cfg.MaxStagingDuration = config.Duration(limit)
	b := bustest.New(t)
	startStager(t, newStager(t, b, with(func(ctx context.Context, w *plugin.Workspace) error {
		notes := filepath.Join(w.Dest, "pids")
		_, err := w.RunTool(ctx, []string{"PIDS=" + notes}, "bash", "-c", `note() { echo $BASHPID >> "$PIDS"; }; export -f note; `+script)
		text, _ := os.ReadFile(notes) // none is nothing
		if err := os.WriteFile(pids, text, 0o600); err != nil {
			t.Error(err)
		}
		return err
	}), cfg))
	rep := ask(t, b, newController(t, sinatraZip(t)).request("app", "fake"))
	if want := "Staging task failed:\n " + timedOut(limit).Error(); rep.Error != want {
		t.Errorf("error = %q, want %q", rep.Error, want)
	}
	if left := workspaces(t, cfg); len(left) > 0 {
		t.Errorf("%q are left in the directory for workspaces", left)
	}
	text, _ := os.ReadFile(pids)
	return strings.Count(string(text), "\n")
}

func TestDaemonOfAToolEndsBeforeTheDropletIsMade(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "setsid")
	copied := filepath.Join(t.TempDir(), "pids")
	b := bustest.New(t)
	startStager(t, newStager(t, b, with(func(ctx context.Context, w *plugin.Workspace) error {
		if _, err := w.RunTool(ctx, nil, "bash", "-c", `setsid bash -c 'echo $$ > pids; exec sleep 1000' > /dev/null 2>&1 & until [ -s pids ]; do sleep 0.01; done`); err != nil {
			return err
		}
		text, err := os.ReadFile(filepath.Join(w.AppDir(), "pids"))
		if err != nil {
			return err
		}
		return os.WriteFile(copied, text, 0o600)
	}), testConfig(t)))
	if rep := ask(t, b, newController(t, sinatraZip(t)).request("app", "fake")); rep.Error != "" {
		t.Fatal(rep.Error)
	}
	wantGone(t, copied)
}

func TestSomebodyElsesProcessIsNoStray(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other := exec.Command("sleep", "1000")
	other.Dir, other.Env = t.TempDir(), []string{"HOME=" + dir + "-of-another/home", "ABOUT=" + dir + "/x"}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	if found := strays(dir); len(found) > 0 {
		t.Errorf("%v are strays", found)
	}
}
