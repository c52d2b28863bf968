package dea

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

func TestExcessIsToldInTheWordsOf2012(t *testing.T) {
	t.Parallel()
	limits := isolation.Limits{MemoryMB: 256, DiskMB: 2048, Processes: 512}
	memory := []string{"Memory limit of 256M exceeded.", "Actual usage was 300M, process terminated."}
	disk := []string{"Disk usage limit of 2048M exceeded.", "Actual usage was 3000M, process terminated."}
	processes := []string{"Process limit of 512 exceeded.", "Actual usage was 513, process terminated."}
	for name, c := range map[string]struct {
		limits isolation.Limits
		usage  isolation.Usage
		want   []string
	}{
		"nothing used":       {limits, isolation.Usage{}, nil},
		"all just used up":   {limits, isolation.Usage{MemoryKB: 256 << 10, DiskB: 2 << 30, Processes: 512}, nil},
		"a KB too much":      {limits, isolation.Usage{MemoryKB: 256<<10 + 1}, []string{memory[0], "Actual usage was 256M, process terminated."}},
		"memory":             {limits, isolation.Usage{MemoryKB: 300<<10 + 1000}, memory},
		"disk":               {limits, isolation.Usage{DiskB: 3000 << 20}, disk},
		"processes":          {limits, isolation.Usage{Processes: 513}, processes},
		"everything":         {limits, isolation.Usage{MemoryKB: 300 << 10, DiskB: 3000 << 20, Processes: 513}, slices.Concat(memory, disk, processes)},
		"without any limits": {isolation.Limits{}, isolation.Usage{MemoryKB: 1 << 40, DiskB: 1 << 50, Processes: 1 << 20}, nil},
	} {
		if got := exceeded(c.limits, c.usage); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestInstanceThatUsesTooMuchCrashesAndItsLogSaysWhy(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]string{
		"FAKE_MEMORY_KB=307200":  "Memory limit of 256M exceeded.\nActual usage was 300M, process terminated.\n",
		"FAKE_DISK_B=3145728000": "Disk usage limit of 256M exceeded.\nActual usage was 3000M, process terminated.\n",
		"FAKE_PROCESSES=513":     "Process limit of 512 exceeded.\nActual usage was 513, process terminated.\n",
	} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := start(t, testConfig(t), nil)
				h.news()
				r := h.app("greedy")
				r.Env = []string{env}
				h.startApp(r)
				h.expect("dea.advertise", "dea.heartbeat?RUNNING", "router.register")
				in := h.only()
				time.Sleep(monitorInterval)
				h.expect("router.unregister", `droplet.exited?"reason":"CRASHED"`, "dea.advertise")
				if !h.backend.wasStopped() {
					t.Error("the instance still runs")
				}
				text, err := os.ReadFile(filepath.Join(in.dir, "logs/err.log"))
				if err != nil {
					t.Fatal(err)
				}
				line := regexp.MustCompile(fmt.Sprintf(`(?m)^F, \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #%d\] FATAL -- : `, os.Getpid()))
				if got := line.ReplaceAllString(string(text), ""); got != want {
					t.Errorf("err.log = %q, want %q", got, want)
				}
			})
		})
	}
}

// A control group does not wait for anybody to measure.
func TestInstanceThatTheSystemEndedForItsMemorySaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		r := h.app("sudden")
		r.Env = []string{"FAKE_RUN_FOR=1s", "FAKE_EXIT_CODE=137", "FAKE_OVER_MEMORY_KB=300000"}
		h.startApp(r)
		in := h.only()
		time.Sleep(time.Second)
		synctest.Wait()
		text, err := os.ReadFile(filepath.Join(in.dir, "logs/err.log"))
		if err != nil || !strings.Contains(string(text), "Memory limit of 256M exceeded.\n") || !strings.Contains(string(text), "Actual usage was 292M, process terminated.\n") {
			t.Errorf("err.log = %q, %v, want the memory in it", text, err)
		}
	})
}

func TestInstanceThatStaysWithinItsLimitsRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		r := h.app("modest")
		r.Env = []string{"FAKE_MEMORY_KB=262144", "FAKE_DISK_B=268435456", "FAKE_PROCESSES=512"}
		h.startApp(r)
		h.expect("dea.advertise", "dea.heartbeat?RUNNING", "router.register")
		time.Sleep(10 * monitorInterval)
		h.expect()
	})
}

// An app owns its directory, and may put anything where its log should be.
func TestNothingIsWrittenOutsideOfAnInstance(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	for name, prepare := range map[string]func(dir string) error{
		"err.log is a link": func(dir string) error {
			if err := os.Mkdir(filepath.Join(dir, "logs"), 0o755); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(outside, "err.log"), filepath.Join(dir, "logs/err.log"))
		},
		"logs is a link": func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "logs")) },
		"logs is a file": func(dir string) error { return os.WriteFile(filepath.Join(dir, "logs"), nil, 0o644) },
	} {
		dir := t.TempDir()
		if err := prepare(dir); err != nil {
			t.Fatal(err)
		}
		if err := appendFatal(dir, []string{"x"}); err == nil {
			t.Errorf("%s: nothing went wrong", name)
		}
	}
	if got := entries(t, outside); len(got) > 0 {
		t.Errorf("outside there is %q", got)
	}
}

func TestLimitsReachTheBackendInEveryMode(t *testing.T) {
	t.Parallel()
	for _, enforce := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.EnforceUlimit = enforce
			h := start(t, cfg, nil)
			r := h.app("hello")
			fds := protocol.Int(77)
			r.Limits.FDs = &fds
			h.startApp(r)
			h.only()
			want := isolation.Limits{MemoryMB: 256, DiskMB: 256, FDs: 77, Processes: 512, CPUShares: 1024}
			if enforce {
				want.UserProcesses, want.FileMB = 512, 512
			}
			if got := h.backend.last().Limits; got != want {
				t.Errorf("enforce_ulimit: %t: limits = %+v, want %+v", enforce, got, want)
			}
		})
	}
}

func TestBusyInstanceGivesWayStepByStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), func(h *harness) { h.DEA.backend = h.backend.Backend })
		r := h.app("busy")
		r.Env = []string{"FAKE_CPU=80", "FAKE_READY_AFTER=9s"}
		h.startApp(r)
		in := h.only()
		nice := func() int { h.DEA.mu.Lock(); defer h.DEA.mu.Unlock(); return in.nice }
		time.Sleep(8 * time.Second)
		if got := nice(); got != 0 {
			t.Errorf("nice = %d while it starts, want 0", got)
		}
		time.Sleep(2*monitorInterval + time.Second)
		if got := nice(); got != 2 {
			t.Errorf("nice = %d after two passes, want 2", got)
		}
		time.Sleep(time.Minute)
		if got := nice(); got != mostNice {
			t.Errorf("nice = %d after a minute, want %d and no more", got, mostNice)
		}
	})
}

func TestLastMinuteOfUsageIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.only()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		text, err := json.Marshal(h.varz())
		if err != nil {
			t.Fatal(err)
		}
		var varz struct {
			Running []struct {
				Usage   protocol.Usage
				History []protocol.Usage `json:"usage_history"`
			} `json:"running_apps"`
		}
		if err := json.Unmarshal(text, &varz); err != nil || len(varz.Running) != 1 {
			t.Fatalf("%s: %v", text, err)
		}
		app := varz.Running[0]
		if len(app.History) != 30 || app.History[29] != app.Usage || app.History[0].Time == app.Usage.Time {
			t.Errorf("%d samples are kept, from %v to %v, and the usage is %v", len(app.History), app.History[0], app.History[29], app.Usage)
		}
		if u := app.Usage; u.Mem != 16<<10 || u.Disk != 1<<20 || u.CPU != 1.5 {
			t.Errorf("usage = %+v, want KB, bytes and percent", u)
		}
	})
}

func TestRealFamilyIsMeasuredAndEndedAsAWhole(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps", "sleep")
	for name, c := range map[string]struct{ app, want string }{
		"memory of a child's child": {
			`bash -c '(bash -c "sleep 1000 & echo \$! > ../child; x=\$(printf %100000000s x); wait; echo \$x") & wait'`, "Memory limit of 64M exceeded.",
		},
		"processes": {`bash -c 'for i in $(seq 30); do sleep 1000 & done; echo $! > ../child; wait'`, "Process limit of 20 exceeded."},
		"disk":      {`bash -c 'sleep 1000 & echo $! > ../child; head -c 80000000 /dev/zero > data; wait'`, "Disk usage limit of 64M exceeded."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t)
			cfg.MaxProcesses = 20
			h := start(t, cfg, real)
			r := h.realApp("greedy", startup("", c.app))
			r.URIs = []string{}
			mb := protocol.Int(64)
			r.Limits = protocol.Limits{Mem: &mb, Disk: &mb}
			h.startApp(r)
			var gone protocol.Exited
			if err := json.Unmarshal(h.wait("droplet.exited").Payload, &gone); err != nil || gone.Reason != protocol.ExitCrashed {
				t.Errorf("droplet.exited = %+v, %v, want CRASHED", gone, err)
			}
			in := h.one()
			text, err := os.ReadFile(filepath.Join(in.dir, "logs/err.log"))
			if err != nil || !strings.Contains(string(text), c.want) || strings.Count(string(text), "\n") != 2 {
				t.Errorf("err.log = %q, %v, want two lines, with %q", text, err, c.want)
			}
			testkit.Eventually(t, patience, "all of the family to go", func() bool {
				h.DEA.mu.Lock()
				defer h.DEA.mu.Unlock()
				return in.ended
			})
			child := 0
			if text, err := os.ReadFile(filepath.Join(in.dir, "child")); err != nil {
				t.Fatal(err)
			} else if _, err := fmt.Sscan(string(text), &child); err != nil || alive(child) {
				t.Errorf("the child %d, %v, is alive", child, err)
			}
		})
	}
}
