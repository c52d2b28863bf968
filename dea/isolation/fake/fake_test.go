package fake_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/fake"
)

func spec(id string, env ...string) isolation.Spec {
	return isolation.Spec{ID: id, Dir: "/instances/" + id, Args: []string{"-p", "41234"}, Env: env}
}

func start(t *testing.T, b *fake.Backend, s isolation.Spec) isolation.Container {
	t.Helper()
	c, err := b.Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestInstanceRunsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := fake.New(fake.Options{})
		c := start(t, b, spec("a"))
		time.Sleep(time.Hour)
		if got := b.Running(); len(got) != 1 || got[0].ID != "a" || c.Exit() != (isolation.Exit{}) {
			t.Errorf("after an hour: running = %+v, exit = %+v, want a and none", got, c.Exit())
		}
		for range 2 {
			if err := c.Stop(t.Context()); err != nil {
				t.Errorf("Stop: %v", err)
			}
		}
		<-c.Done()
		if got, want := c.Exit(), (isolation.Exit{Status: -1, Reason: "signal: killed"}); got != want {
			t.Errorf("exit = %+v, want %+v", got, want)
		}
		if got := b.Running(); got != nil {
			t.Errorf("running after stop = %+v, want nothing", got)
		}
	})
}

func TestInstanceEndsAsItsEnvironmentSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := fake.New(fake.Options{Env: []string{"FAKE_RUN_FOR=1h", "FAKE_EXIT_CODE=7"}})
		c := start(t, b, spec("a", "HOME=/x", "FAKE_RUN_FOR=2s", "FAKE_STDERR=no such gem"))
		began := time.Now()
		<-c.Done()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("ended after %s, want 2s: the instance's variable wins", took)
		}
		want := isolation.Exit{Status: 7, Reason: "exit status 7", Stderr: "no such gem"}
		if got := c.Exit(); got != want {
			t.Errorf("exit = %+v, want %+v", got, want)
		}
		if err := c.Stop(t.Context()); err != nil || c.Exit() != want {
			t.Errorf("stop after the end: %v, exit = %+v, want it unchanged", err, c.Exit())
		}
	})
}

func TestInstanceStoppedEarlyDoesNotEndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := start(t, fake.New(fake.Options{}), spec("a", "FAKE_RUN_FOR=2s"))
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := c.Exit(); got.Status != -1 {
			t.Errorf("exit = %+v, want the stop's", got)
		}
	})
}

func TestInstanceIsReadyWhenItsEnvironmentSays(t *testing.T) {
	t.Parallel()
	for env, want := range map[string][3]bool{ // at once, after a second, after an hour
		"":                       {true, true, true},
		"FAKE_READY_AFTER=1s":    {false, true, true},
		"FAKE_READY_AFTER=never": {false, false, false},
		"FAKE_RUN_FOR=30m":       {true, true, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := start(t, fake.New(fake.Options{}), spec("a", env))
			p, ok := c.(isolation.Prober)
			if !ok {
				t.Fatalf("%T is no Prober", c)
			}
			var got [3]bool
			got[0] = p.Ready(t.Context())
			time.Sleep(time.Second)
			got[1] = p.Ready(t.Context())
			time.Sleep(time.Hour)
			got[2] = p.Ready(t.Context())
			if got != want {
				t.Errorf("%q: ready at once, after 1s, after 1h = %v, want %v", env, got, want)
			}
		})
	}
}

func TestInstanceThatIgnoresStopIsKilledWhenPatienceEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := fake.New(fake.Options{Env: []string{"FAKE_IGNORE_STOP=true"}})
		for patience, want := range map[time.Duration]time.Duration{time.Hour: fake.StopTime, time.Second: time.Second} {
			c := start(t, b, spec("a"))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			began := time.Now()
			if err := c.Stop(ctx); err != nil {
				t.Errorf("Stop: %v", err)
			}
			cancel()
			if took := time.Since(began); took != want {
				t.Errorf("stop with %s of patience took %s, want %s", patience, took, want)
			}
			<-c.Done()
		}
	})
}

func TestInstanceThatCannotBeStoppedRunsOn(t *testing.T) {
	t.Parallel()
	b := fake.New(fake.Options{})
	c := start(t, b, spec("a", "FAKE_STOP_ERROR=still alive: java (4711)"))
	if err := c.Stop(t.Context()); err == nil || err.Error() != "still alive: java (4711)" {
		t.Errorf("Stop = %v, want the scripted error", err)
	}
	if err := b.Sweep(t.Context(), c.Handle()); err == nil {
		t.Error("Sweep = nil, want the scripted error")
	}
	if len(b.Running()) != 1 {
		t.Error("it does not run any more")
	}
}

func TestStartFailsAsScriptedOrForBadVariables(t *testing.T) {
	t.Parallel()
	called := false
	b := fake.New(fake.Options{OnStart: func(isolation.Spec) { called = true }})
	for env, want := range map[string]string{
		"FAKE_START_ERROR=no more ideas": "no more ideas",
		"FAKE_RUN_FOR=soon":              "FAKE_RUN_FOR",
		"FAKE_RUN_FOR=-1s":               "FAKE_RUN_FOR",
		"FAKE_EXIT_CODE=256":             "FAKE_EXIT_CODE",
		"FAKE_READY_AFTER=always":        "FAKE_READY_AFTER",
		"FAKE_IGNORE_STOP=perhaps":       "FAKE_IGNORE_STOP",
		"FAKE_MEMORY_KB=much":            "FAKE_MEMORY_KB",
		"FAKE_DISK_B=":                   "FAKE_DISK_B",
		"FAKE_RUNFOR=1s":                 "FAKE_RUNFOR",
	} {
		if c, err := b.Start(t.Context(), spec("a", env)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start with %q = %v, %v, want an error with %q", env, c, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Start(ctx, spec("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("Start with a context that has ended: %v, want its error", err)
	}
	if called || b.Started() != nil {
		t.Errorf("started = %+v, OnStart called: %t, want neither", b.Started(), called)
	}
}

func TestStartedRemembersEverySpecInOrder(t *testing.T) {
	t.Parallel()
	var seen []isolation.Spec
	b := fake.New(fake.Options{OnStart: func(s isolation.Spec) { seen = append(seen, s) }})
	want := []isolation.Spec{spec("a", "K=V"), spec("b")}
	handles := map[isolation.Handle]bool{}
	for _, s := range want {
		handles[start(t, b, s).Handle()] = true
	}
	if got := b.Started(); !reflect.DeepEqual(got, want) || !reflect.DeepEqual(seen, want) {
		t.Errorf("started = %+v, OnStart saw %+v, want %+v", got, seen, want)
	}
	if len(handles) != 2 {
		t.Errorf("handles = %+v, want two", handles)
	}
}

func TestUsageIsFixedUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := fake.New(fake.Options{})
		c := start(t, b, spec("a", "FAKE_DISK_B=5"))
		want := isolation.Usage{At: time.Now(), CPU: fake.CPU, MemoryKB: fake.MemoryKB, DiskB: 5, Processes: 1}
		if got, err := c.Usage(t.Context()); err != nil || got != want {
			t.Errorf("usage = %+v, %v, want %+v", got, err, want)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Usage(t.Context()); !errors.Is(err, isolation.ErrGone) {
			t.Errorf("usage after stop: %v, want ErrGone", err)
		}
	})
}

func TestSweepEndsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	b := fake.New(fake.Options{})
	c, other := start(t, b, spec("a")), start(t, b, spec("b"))
	stale := c.Handle()
	stale.Start++
	for _, h := range []isolation.Handle{stale, {PID: 4711, Start: 1, Dir: "/x"}, c.Handle()} {
		if err := b.Sweep(t.Context(), h); err != nil {
			t.Errorf("Sweep(%+v): %v", h, err)
		}
	}
	<-c.Done()
	if got := b.Running(); len(got) != 1 || got[0].ID != "b" || other.Exit() != (isolation.Exit{}) {
		t.Errorf("running = %+v, want b alone", got)
	}
	if got := b.Swept(); len(got) != 3 || got[0] != stale || got[2] != c.Handle() {
		t.Errorf("swept = %+v, want all three handles", got)
	}
}
