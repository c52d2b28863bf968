package healthmanager

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// world is what a health manager sees: a controller with one app, and a DEA that does what it is asked to. All time is fake.
type world struct {
	*Manager
	bus *bus.Bus

	mu       sync.Mutex
	app      protocol.BulkApp
	unlisted bool
	deaf     bool                               // the DEA takes no starts
	alive    map[string]protocol.HeartbeatEntry // on the DEA
	asked    []protocol.HMRequest
	at       []time.Duration // of the requests, since the beginning
	began    time.Time
	born     int // instances so far
}

// newWorld starts a health manager in the bubble of a test, with an app of so many instances that all run.
func newWorld(t *testing.T, instances int, alter func(*Config)) *world {
	t.Helper()
	s := bustest.NewServer(t)
	w := &world{
		bus: bustest.Join(t, s), alive: map[string]protocol.HeartbeatEntry{}, began: time.Now(),
		app: protocol.BulkApp{ID: "hello", Instances: protocol.Int(instances), State: protocol.AppStarted, PackageState: protocol.PackageStaged, Version: "v-1", UpdatedAt: time.Now()},
	}
	cfg := Default()
	cfg.PID, cfg.Status.Port, cfg.Intervals.DelayTimeNoise = "", bus.NoStatusPort, 0
	if alter != nil {
		alter(&cfg)
	}
	w.startDEA(t)
	for i := range instances {
		w.give(i)
	}
	m, err := New(bustest.Join(t, s), cfg, func() string { return "" }, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	m.read = w.list
	w.Manager = m
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- m.Run(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return w
}

func (w *world) list(context.Context) ([]protocol.BulkApp, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unlisted {
		return nil, nil
	}
	return []protocol.BulkApp{w.app}, nil
}

// startDEA answers healthmanager.start, sends a heartbeat every ten seconds, and heeds requests as the controller and the DEA would.
func (w *world) startDEA(t *testing.T) {
	t.Helper()
	requests, err := protocol.HMRequests(protocol.DefaultPartition)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bus.Subscribe(w.bus, requests, w.heed); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.Subscribe(w.bus, protocol.HealthManagerStart, func(protocol.Ignored) { w.beat() }); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var beating sync.WaitGroup
	beating.Go(func() {
		for sleep(ctx, 10*time.Second) {
			w.beat()
		}
	})
	t.Cleanup(func() { stop(); beating.Wait() })
	if err := w.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.alive) > 0 {
		_ = bus.Publish(w.bus, protocol.DEAHeartbeat, protocol.Heartbeat{DEA: "dea", Droplets: slices.Collect(maps.Values(w.alive))})
	}
}

func (w *world) heed(r protocol.HMRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.at = append(w.asked, r), append(w.at, time.Since(w.began))
	if r.Op == protocol.OpStart && !w.deaf {
		for _, i := range r.Indices {
			w.giveLocked(int(i))
		}
	}
	for _, id := range r.Instances {
		e := w.alive[id]
		delete(w.alive, id)
		_ = bus.Publish(w.bus, protocol.DropletExited, protocol.Exited{
			Droplet: e.Droplet, Version: e.Version, Instance: id, Index: e.Index, Reason: protocol.ExitStopped,
		})
	}
}

// give runs an instance on the DEA.
func (w *world) give(index int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.giveLocked(index)
}

func (w *world) giveLocked(index int) string {
	w.born++
	id := fmt.Sprintf("i%d", w.born)
	w.alive[id] = protocol.HeartbeatEntry{
		Droplet: "hello", Version: w.app.Version, Instance: id, Index: protocol.Int(index), State: protocol.Running, StateTimestamp: time.Now().Unix(),
	}
	return id
}

// end ends the instance of an index, and says why.
func (w *world) end(t *testing.T, index int, why protocol.ExitReason) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, e := range w.alive {
		if int(e.Index) != index {
			continue
		}
		delete(w.alive, id)
		x := protocol.Exited{Droplet: "hello", Version: e.Version, Instance: id, Index: e.Index, Reason: why}
		if err := bus.Publish(w.bus, protocol.DropletExited, x); err != nil {
			t.Error(err)
		}
		return
	}
	t.Errorf("at index %d nothing runs", index)
}

// heard is what was asked for since the last call, and forgets it.
func (w *world) heard() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for i, r := range w.asked {
		line := fmt.Sprintf("%v %s", w.at[i].Round(time.Second), r.Op)
		if r.Op == protocol.OpStart {
			line += fmt.Sprint(" ", r.Indices)
		} else {
			line += fmt.Sprint(" ", r.Instances)
		}
		if r.Flapping {
			line += " flapping"
		}
		all = append(all, line)
	}
	w.asked, w.at = nil, nil
	return all
}

// expect wants exactly these requests since the last call.
func (w *world) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := w.heard(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}

func TestCrashedInstanceIsStartedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil)
		time.Sleep(time.Hour)
		w.expect(t)
		w.end(t, 1, protocol.ExitCrashed)
		w.expect(t, "1h0m0s START [1]")
	})
}

// The pauses of an app that crashes as soon as it runs: none, one minute, two, four, and then nobody tries any more.
func TestFlappingInstanceIsStartedEverLaterAndGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		for range 4 {
			w.end(t, 0, protocol.ExitCrashed)
			for w.running() == 0 {
				time.Sleep(time.Second)
			}
		}
		w.expect(t, "0s START [0]", "1m0s START [0] flapping", "3m0s START [0] flapping", "7m0s START [0] flapping")
		w.end(t, 0, protocol.ExitCrashed)
		time.Sleep(24 * time.Hour)
		w.expect(t)
	})
}

func (w *world) running() int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.alive)
}

// A day in which an instance crashes every ten minutes, and is there again each time.
func TestADayOfCrashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, nil)
		for i := range 24 * 6 {
			w.end(t, i%3, protocol.ExitCrashed)
			time.Sleep(10 * time.Minute)
			if n := w.running(); n != 3 {
				t.Fatalf("after crash %d there are %d instances, want 3", i, n)
			}
		}
		if got := w.heard(); len(got) != 24*6 {
			t.Errorf("%d requests for %d crashes", len(got), 24*6)
		}
	})
}

// A DEA that is killed says nothing: its instances are missed within droplet_lost.
func TestInstancesOfASilentDEAAreStartedWithinDropletLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil)
		time.Sleep(time.Hour)
		w.mu.Lock()
		clear(w.alive)
		w.mu.Unlock()
		time.Sleep(30*time.Second + time.Millisecond)
		if n := w.running(); n != 2 {
			t.Errorf("after droplet_lost %d instances run, want 2: %v", n, w.heard())
		}
	})
}

func TestShutdownOfADEAIsMadeUpForAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		w.end(t, 0, protocol.ExitDEAShutdown)
		w.expect(t, "0s START [0]")
		time.Sleep(time.Minute)
		w.end(t, 0, protocol.ExitDEAEvacuation)
		w.expect(t, "1m0s START [0]")
	})
}

// A start that had no effect is asked for again.
func TestStartIsAskedForUntilItIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		w.mu.Lock()
		w.deaf = true
		w.mu.Unlock()
		w.end(t, 0, protocol.ExitCrashed)
		time.Sleep(45 * time.Second)
		w.expect(t, "0s START [0]", "20s START [0]", "40s START [0]")
	})
}

func TestExtraInstanceIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		time.Sleep(2 * time.Minute)
		extra := w.give(3)
		w.beat()
		w.expect(t, "2m0s STOP ["+extra+"]")
		time.Sleep(time.Second) // requests are sent one by one
		twin := w.give(0)
		w.beat()
		w.expect(t, "2m1s STOP ["+twin+"]")
	})
}

// What has changed is read before anything is done about it.
func TestChangedRecordIsReadFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil)
		time.Sleep(2 * time.Minute)
		w.mu.Lock()
		w.app.State = protocol.AppStopped
		w.mu.Unlock()
		if err := bus.Publish(w.bus, protocol.DropletUpdated, protocol.Updated{Droplet: "hello"}); err != nil {
			t.Fatal(err)
		}
		w.end(t, 0, protocol.ExitCrashed)
		w.expect(t)
	})
}

// The tutorial's instances are nobody's to stop; those of an app that was deleted are.
func TestUnknownIsNotDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		w.mu.Lock()
		w.alive["t"] = protocol.HeartbeatEntry{Droplet: "tutorial", Version: "1-1", Instance: "t", State: protocol.Running}
		w.mu.Unlock()
		time.Sleep(time.Hour)
		w.expect(t)
		w.mu.Lock()
		w.app.State = protocol.AppDeleted
		w.mu.Unlock()
		time.Sleep(3 * time.Minute)
		if got := w.heard(); len(got) != 1 {
			t.Errorf("asked for %q, want one stop of what was deleted", got)
		}
	})
}

func TestAppThatIsNotListedAnyMoreIsDeletedAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		time.Sleep(time.Minute + time.Second)
		w.mu.Lock()
		w.unlisted = true
		w.mu.Unlock()
		time.Sleep(2 * time.Minute)
		w.expect(t)
		time.Sleep(4 * time.Minute)
		if got := w.heard(); len(got) != 1 {
			t.Errorf("asked for %q, want one stop", got)
		}
	})
}

func TestForeignPartitionIsPassedOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, nil)
		east := "east"
		x := protocol.Exited{Droplet: "hello", Version: "v-1", Instance: "i1", Reason: protocol.ExitCrashed, CCPartition: &east}
		if err := bus.Publish(w.bus, protocol.DropletExited, x); err != nil {
			t.Fatal(err)
		}
		w.expect(t)
	})
}

func TestRepliesAreForAppsThatAreKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2, nil)
		ask := protocol.HealthRequest{Droplets: []protocol.AppVersion{{Droplet: "hello", Version: "v-1"}, {Droplet: "nobody", Version: "v-1"}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		all, err := bus.Gather(ctx, w.bus, protocol.HealthManagerHealth, ask, 0)
		if err != nil || len(all) != 1 || all[0].Healthy != 2 {
			t.Errorf("health = %+v, %v, want two of hello", all, err)
		}
		w.mu.Lock()
		w.deaf = true
		w.mu.Unlock()
		for range 2 {
			w.end(t, 1, protocol.ExitCrashed)
			w.give(1)
			w.beat()
			synctest.Wait()
		}
		w.end(t, 1, protocol.ExitCrashed)
		synctest.Wait()
		status, err := bus.Do(t.Context(), w.bus, protocol.HealthManagerStatus, protocol.HealthStatusRequest{Droplet: "hello", Version: "v-1", State: protocol.Flapping})
		if err != nil || len(status.Indices) != 1 || status.Indices[0].Index != 1 {
			t.Errorf("flapping = %+v, %v, want index 1", status, err)
		}
		status, err = bus.Do(t.Context(), w.bus, protocol.HealthManagerStatus, protocol.HealthStatusRequest{Droplet: "hello", State: protocol.Crashed})
		if err != nil || len(status.Instances) != 3 {
			t.Errorf("crashed = %+v, %v, want three", status, err)
		}
		dump, err := bus.Do(t.Context(), w.bus, protocol.HealthManagerDroplet, ask)
		if err != nil || len(dump.Indices) != 2 || dump.Indices[0].State != protocol.Running || dump.Indices[1].State != protocol.Flapping || dump.Indices[1].Crashes != 3 {
			t.Errorf("dump = %+v, %v", dump, err)
		}
		if v := w.varz(); v["running_instances"] != 1 || v["total_instances"] != 2 || v["crashed_instances"] != 3 {
			t.Errorf("varz = %v", v)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.Manager.apps["nobody"] != nil {
			t.Error("a question made the health manager know an app")
		}
	})
}
