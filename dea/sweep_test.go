package dea

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

func readSnapshot(tb testing.TB, path string) records {
	tb.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var all records
	if err := json.Unmarshal(text, &all); err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	return all
}

func TestSnapshotFollowsEveryChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.news()
		if all := readSnapshot(t, h.paths.snapshot); len(all) != 0 {
			t.Errorf("at first it holds %v", all)
		}
		h.startApp(h.ending("hello", time.Minute))
		h.news()
		in := h.only()
		r := readSnapshot(t, h.paths.snapshot)["hello"][in.id]
		if r.State != "RUNNING" || r.Handle == nil || *r.Handle != in.container.Handle() || r.PID == 0 || r.Port != in.port || r.Staged != filepath.Base(in.dir) || r.MemQuota != 256<<20 {
			t.Errorf("then it holds %+v", r)
		}
		time.Sleep(time.Minute)
		h.news()
		if r := readSnapshot(t, h.paths.snapshot)["hello"][in.id]; r.State != "CRASHED" || r.ExitReason != "CRASHED" {
			t.Errorf("after the crash it holds %+v", r)
		}
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.news()
		if all := readSnapshot(t, h.paths.snapshot); len(all) != 0 {
			t.Errorf("after the stop it holds %v", all)
		}
		if left := entries(t, h.paths.db); len(left) != 1 {
			t.Errorf("db holds %v, want applications.json alone", left)
		}
	})
}

// The record of an instance must be on the disk before its process is, or a DEA that is killed in
// between leaves it to nobody.
func TestSnapshotKnowsAnInstanceBeforeItIsLaunched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var known records
		h := start(t, testConfig(t), func(h *harness) {
			h.snapshot.dirty = nil // no snapshot is written in passing
			h.DEA.backend = onStart{h.backend, func() { known = readSnapshot(t, h.paths.snapshot) }}
		})
		h.startApp(h.app("hello"))
		h.news()
		for _, r := range known["hello"] {
			if r.Dir == h.only().dir && r.State == "STARTING" {
				return
			}
		}
		t.Errorf("at the launch the snapshot was %v", known)
	})
}

type onStart struct {
	*watched
	do func()
}

func (b onStart) Start(ctx context.Context, s isolation.Spec) (isolation.Container, error) {
	b.do()
	return b.watched.Start(ctx, s)
}

func TestWhatAKilledDEALeftIsSweptAndMourned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		apps := filepath.Join(cfg.BaseDir, "apps")
		running, crashed, unknown := filepath.Join(apps, "hello-0-c8b0"), filepath.Join(apps, "old-0-aa"), filepath.Join(apps, "new-0-bb")
		outside := filepath.Join(filepath.Dir(cfg.BaseDir), "outside")
		for _, dir := range []string{running, crashed, unknown, outside, filepath.Join(cfg.BaseDir, "db"), filepath.Join(cfg.BaseDir, "staged")} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		snapshot := `{
			"hello": {"c8b0": {"droplet_id":"hello","instance_id":"c8b0","instance_index":3,"version":"1-1","uris":["hello.vcap.me"],"port":41234,"state":"RUNNING",
				"cc_partition":"default","dir":"` + running + `","pid":4711,"handle":{"pid":4711,"start":99,"dir":"` + running + `"}},
				"c8b1": {"droplet_id":"hello","instance_id":"c8b1","state":"STOPPED","dir":"` + outside + `","pid":4712}},
			"old": {"aa": {"droplet_id":"old","instance_id":"aa","state":"CRASHED","dir":"` + crashed + `"}}
		}`
		for path, text := range map[string]string{"db/applications.json": snapshot, "staged/x.tgz.pending": "", "staged/SHA-sinatra.tgz": ""} {
			if err := os.WriteFile(filepath.Join(cfg.BaseDir, path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		h := start(t, cfg, nil)
		h.expect(
			"vcap.component.announce",
			`router.unregister?{"dea":"`+h.id+`","app":"hello","host":"127.0.0.1","port":41234,"uris":["hello.vcap.me"]}`,
			`droplet.exited?{"droplet":"hello","version":"1-1","instance":"c8b0","index":3,"reason":"CRASHED","cc_partition":"default","crash_timestamp":`,
			"dea.start", `dea.advertise?"available_memory":4096`,
		)
		swept := map[isolation.Handle]bool{}
		for _, handle := range h.backend.Swept() {
			swept[handle] = true
		}
		for _, want := range []isolation.Handle{
			{ID: "c8b0", PID: 4711, Start: 99, Dir: running}, {ID: "aa", Dir: crashed}, {ID: "bb", Dir: unknown}, {ID: "c8b1", Dir: outside},
		} {
			if !swept[want] {
				t.Errorf("%+v was not swept: %v", want, swept)
			}
		}
		if left := entries(t, apps); len(left) != 0 || len(readSnapshot(t, h.paths.snapshot)) != 0 {
			t.Errorf("left are %v", left)
		}
		if left := entries(t, h.paths.staged); len(left) != 1 {
			t.Errorf("staged/ holds %v, want what somebody put there", left)
		}
		if _, err := os.Stat(outside); err != nil {
			t.Errorf("a directory elsewhere was removed because a snapshot named it: %v", err)
		}
	})
}

func TestSnapshotThatIsNoneIsIgnored(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"garbage": "{oops", "a list": "[]", "other values": `{"x":1}`, "empty": "", "null": "null"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(t)
				if err := os.MkdirAll(filepath.Join(cfg.BaseDir, "db"), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(cfg.BaseDir, "db", "applications.json"), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				start(t, cfg, nil).expect("vcap.component.announce", "dea.start", "dea.advertise")
			})
		})
	}
}

func TestSecondDEADoesNotTakeAnothersPidFileOrDirectory(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	start(t, cfg, nil)
	elsewhere := cfg
	elsewhere.PID += "2"
	for want, cfg := range map[string]Config{"Process already running (pid=": cfg, "is another DEA's, which runs": elsewhere} {
		second := &watched{} // which panics when it is told to sweep
		d, err := New(bustest.New(t), second, cfg, testkit.Logger(t))
		if err != nil {
			t.Fatal(err)
		}
		err = d.Run(t.Context(), func() { t.Error("the second one is ready") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
	if _, err := os.Stat(cfg.PID); err != nil {
		t.Errorf("the first one's pid file: %v", err)
	}
	if !gone(elsewhere.PID)() {
		t.Error("the second one left its pid file")
	}
}

func TestEndedInstancesAreKeptToLookAt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.DisableDirCleanup = true
		h := start(t, cfg, nil)
		h.startApp(h.app("hello"))
		h.news()
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
		if left := entries(t, h.paths.apps); len(left) != 1 || len(h.registry.all) != 0 {
			t.Errorf("left are %v and %d records, want the directory alone", left, len(h.registry.all))
		}
	})
}

func TestDEAStopsWithoutEverReachingTheBus(t *testing.T) {
	t.Parallel()
	b := bus.New(bus.Options{URL: "nats://127.0.0.1:1"})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cfg := testConfig(t)
	d, err := New(b, (&watched{}), cfg, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() { t.Error("ready without a bus") }) }()
	testkit.Eventually(t, patience, "the pid file", func() bool { _, err := os.Stat(cfg.PID); return err == nil })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("error = %v, want none", err)
	}
	if _, err := os.Stat(cfg.PID); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is still there: %v", err)
	}
}
