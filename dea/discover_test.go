package dea

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
)

func discovery(change func(*protocol.DiscoverRequest)) protocol.DiscoverRequest {
	r := protocol.DiscoverRequest{Droplet: "DROPLET_ID_1234", RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19", Executable: "ruby", VersionOutput: "ruby 1.9.3p286"}, Limits: protocol.MemLimit(256)}
	if change != nil {
		change(&r)
	}
	return r
}

func TestDEAIsSilentWhenItCannotRunAnApp(t *testing.T) {
	t.Parallel()
	yes := true
	for name, c := range map[string]struct {
		cfg func(*Config)
		ask func(*protocol.DiscoverRequest)
		dea func(*harness)
	}{
		"runtime not configured":          {ask: func(r *protocol.DiscoverRequest) { r.RuntimeInfo.Name = "cobol" }},
		"runtime not on this machine":     {ask: func(r *protocol.DiscoverRequest) { r.RuntimeInfo.Name = "ruby18" }},
		"no runtime":                      {ask: func(r *protocol.DiscoverRequest) { r.RuntimeInfo = protocol.RuntimeInfo{} }},
		"no memory limit":                 {ask: func(r *protocol.DiscoverRequest) { r.Limits = protocol.Limits{} }},
		"more memory than there is":       {ask: func(r *protocol.DiscoverRequest) { r.Limits = protocol.MemLimit(4097) }},
		"negative memory":                 {ask: func(r *protocol.DiscoverRequest) { r.Limits = protocol.MemLimit(-1) }},
		"DEA for production, app for not": {cfg: func(c *Config) { c.Prod = &yes }},
		"disk full":                       {dea: func(h *harness) { h.disk = func(string) (int, error) { return 96, nil } }},
		"version mismatch, and strict": {
			cfg: func(c *Config) { c.StrictRuntimeVersions = true },
			ask: func(r *protocol.DiscoverRequest) { r.RuntimeInfo.VersionOutput = "ruby 9.9" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(t)
				if c.cfg != nil {
					c.cfg(&cfg)
				}
				h := start(t, cfg, c.dea)
				h.news()
				h.send("dea.discover", discovery(c.ask))
				time.Sleep(time.Second)
				h.expect()
			})
		})
	}
}

func TestDEAAnswersWhatItCanRun(t *testing.T) {
	t.Parallel()
	yes := true
	for name, c := range map[string]struct {
		cfg func(*Config)
		ask func(*protocol.DiscoverRequest)
	}{
		"as the tutorial asks":               {},
		"all memory there is":                {ask: func(r *protocol.DiscoverRequest) { r.Limits = protocol.MemLimit(4096) }},
		"app and DEA for production":         {cfg: func(c *Config) { c.Prod = &yes }, ask: func(r *protocol.DiscoverRequest) { r.Prod = true }},
		"other version than the machine has": {ask: func(r *protocol.DiscoverRequest) { r.RuntimeInfo.VersionOutput = "ruby 9.9" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(t)
				if c.cfg != nil {
					c.cfg(&cfg)
				}
				h := start(t, cfg, nil)
				h.news()
				h.send("dea.discover", discovery(c.ask))
				h.expect(`_INBOX.test?{"id":"` + h.id + `","ip":"127.0.0.1","port":null,"version":0.99}`)
			})
		})
	}
}

func TestAnswerIsDelayedByTheTaint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		instances int // of the app
		others    int // of another one, 256 MB each as well
		crashed   int // of the app, retained
		max       int // MB
		want      time.Duration
	}{
		"idle DEA":                           {0, 0, 0, 4096, 0},
		"a quarter reserved by others":       {0, 1, 0, 1024, 25 * time.Millisecond},
		"one instance and a quarter":         {1, 0, 0, 1024, 35 * time.Millisecond},
		"fractions of a millisecond":         {0, 1, 0, 4096, 6250 * time.Microsecond},
		"five instances of twenty":           {5, 0, 0, 5 * 1024, 75 * time.Millisecond},
		"never more than a quarter second":   {30, 0, 0, 8192, 250 * time.Millisecond},
		"retained crashes do not count":      {2, 0, 3, 2048, 45 * time.Millisecond},
		"instances of other apps do not add": {0, 5, 0, 5 * 1024, 25 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := testConfig(t)
				cfg.MaxMemory = config.Megabytes(c.max)
				h := start(t, cfg, nil)
				mine, others := h.app("mine"), h.app("other")
				for range c.instances {
					h.startApp(mine)
				}
				for range c.others {
					h.startApp(others)
				}
				for range c.crashed {
					h.startApp(h.ending("mine", time.Second))
				}
				time.Sleep(2 * time.Second)
				h.news()
				begin := time.Now()
				_, err := bus.Do(t.Context(), h.client, protocol.DEADiscover, discovery(func(r *protocol.DiscoverRequest) { r.Droplet = "mine" }))
				if waited := time.Since(begin); err != nil || waited != c.want {
					t.Errorf("answered after %v, %v, want %v", waited, err, c.want)
				}
			})
		})
	}
}

func TestPendingAnswerDoesNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.MaxMemory = config.Megabytes(512)
		h := start(t, cfg, nil)
		h.startApp(h.app("hello"))
		h.news()
		begin := time.Now()
		h.send("dea.discover", discovery(nil)) // waits for 50 ms
		h.send("dea.discover", discovery(nil))
		h.expect()
		if _, err := bus.Do(t.Context(), h.client, protocol.DEAStatus, protocol.Ignored{}); err != nil {
			t.Fatal(err)
		}
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.news()
		if waited := time.Since(begin); waited != 0 {
			t.Errorf("other messages took %v", waited)
		}
		time.Sleep(50 * time.Millisecond)
		h.expect("_INBOX.test", "_INBOX.test")
	})
}

func TestSlowRuntimeCheckHoldsUpNothingAndRunsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := make(chan string, 10)
		h := start(t, testConfig(t), func(h *harness) {
			h.runtimes.run = func(ctx context.Context, executable string, _ []string) ([]byte, error) {
				runs <- executable
				select {
				case <-time.After(3 * time.Second):
				case <-ctx.Done():
				}
				return []byte("ruby 1.9.3p286"), ctx.Err()
			}
		})
		h.news()
		h.send("dea.discover", discovery(nil))
		h.send("dea.discover", discovery(nil))
		h.startApp(h.app("hello"))
		h.send("dea.status", "")
		h.expect("_INBOX.test?max_memory")
		time.Sleep(3*time.Second + time.Nanosecond)
		said := map[string]int{}
		for _, m := range h.news() {
			said[m.Subject]++
		}
		time.Sleep(time.Second)
		for _, m := range h.news() {
			said[m.Subject]++
		}
		if want := map[string]int{"_INBOX.test": 2, "dea.advertise": 1, "dea.heartbeat": 1, "router.register": 1}; fmt.Sprint(said) != fmt.Sprint(want) {
			t.Errorf("then it said %v, want %v", said, want)
		}
		if len(runs) != 1 {
			t.Errorf("the check ran %d times, want once", len(runs))
		}
		h.send("dea.discover", discovery(func(r *protocol.DiscoverRequest) { r.RuntimeInfo.VersionOutput = "ruby 1.9" }))
		time.Sleep(4 * time.Second)
		if h.expect("_INBOX.test"); len(runs) != 2 {
			t.Errorf("after the message asked for something else it ran %d times, want 2", len(runs))
		}
	})
}

func TestManyDiscoveriesRunFewChecksAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const discoveries = 300
		var running, most, runs atomic.Int32
		h := start(t, testConfig(t), func(h *harness) {
			h.runtimes.run = func(ctx context.Context, _ string, _ []string) ([]byte, error) {
				defer running.Add(-1)
				most.Store(max(most.Load(), running.Add(1)))
				runs.Add(1)
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
				return []byte("ruby 1.9.3p286"), ctx.Err()
			}
		})
		h.news()
		ask := func() {
			for i := range discoveries {
				h.send("dea.discover", discovery(func(r *protocol.DiscoverRequest) { r.RuntimeInfo.VersionFlag = fmt.Sprint("-v ", i) }))
			}
		}
		ask()
		h.expect()
		h.send("dea.status", "")
		h.expect("_INBOX.test?max_memory")
		time.Sleep(discoveries * time.Second)
		answers := 0
		for _, m := range h.news() {
			if m.Subject == "_INBOX.test" {
				answers++
			}
		}
		if answers != discoveries {
			t.Errorf("%d discoveries were answered, want all %d", answers, discoveries)
		}
		if most.Load() > mostChecks || runs.Load() != discoveries {
			t.Errorf("%d checks were run, %d at once, want %d and at most %d", runs.Load(), most.Load(), discoveries, mostChecks)
		}
		ask()
		h.news()
		begin := time.Now()
		h.stop()
		if took := time.Since(begin); took != 0 || running.Load() != 0 {
			t.Errorf("the shutdown took %v, and %d checks are left", took, running.Load())
		}
	})
}

func TestRuntimeThatFailedIsLookedAtAgainLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.StrictRuntimeVersions = true
		output := "ruby 1.8"
		runs := 0
		h := start(t, cfg, func(h *harness) {
			h.runtimes.run = func(context.Context, string, []string) ([]byte, error) { runs++; return []byte(output), nil }
		})
		h.news()
		h.send("dea.discover", discovery(nil))
		h.send("dea.discover", discovery(nil))
		h.expect()
		if runs != 1 {
			t.Errorf("a runtime that had just failed was checked %d times, want once", runs)
		}
		output = "ruby 1.9.3p286"
		time.Sleep(failureMemory + time.Second)
		h.send("dea.discover", discovery(nil))
		h.expect("_INBOX.test")
	})
}

func TestStopMeetsAStartWhoseRuntimeIsStillChecked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := true
		h := start(t, testConfig(t), func(h *harness) {
			h.runtimes.run = func(ctx context.Context, _ string, _ []string) ([]byte, error) {
				if hang {
					<-ctx.Done()
				}
				return []byte("ruby 1.9.3p286"), ctx.Err()
			}
		})
		h.news()
		h.startApp(h.app("hello"))
		h.news()
		h.send("healthmanager.start", "")
		h.expect() // nobody has been told of it
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.expect()
		if len(h.registry.all) != 0 {
			t.Errorf("%d instances are left", len(h.registry.all))
		}
		hang = false
		h.startApp(h.app("hello"))
		h.expect("dea.advertise", "dea.heartbeat", "router.register")
	})
}

func TestShutdownWaitsForNoRuntimeCheckAndNoPendingAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(t)
		cfg.MaxMemory = config.Megabytes(512)
		hang := false
		h := start(t, cfg, func(h *harness) {
			h.runtimes.run = func(ctx context.Context, _ string, _ []string) ([]byte, error) {
				if hang {
					<-ctx.Done()
				}
				return []byte("ruby 1.9.3p286"), ctx.Err()
			}
		})
		h.startApp(h.app("hello"))
		h.news()
		h.send("dea.discover", discovery(nil)) // to be answered after 50 ms
		h.expect()
		hang = true
		r := h.app("checked")
		r.RuntimeInfo.Name = "node"
		h.startApp(r)
		h.news()
		begin := time.Now()
		h.stop()
		h.expect("dea.shutdown", "router.unregister", "droplet.exited")
		if took := time.Since(begin); took != 0 {
			t.Errorf("the shutdown took %v", took)
		}
	})
}
