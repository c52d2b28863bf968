package client_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// herd is a DEA whose instances come and go as a test wants.
type herd struct {
	bus *bus.Bus

	mu  sync.Mutex
	all map[int]protocol.State // by index
}

func startHerd(t *testing.T, b *bus.Bus) *herd {
	t.Helper()
	h := &herd{bus: b, all: map[int]protocol.State{}}
	_, err := bus.Answer(b, protocol.DEAFindDroplet, func(r protocol.FindRequest, reply func(protocol.FoundInstance)) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for index, state := range h.all {
			for _, wanted := range r.States {
				if state == wanted {
					reply(protocol.FoundInstance{Droplet: r.Droplet, Version: "v-1", Index: protocol.Int(index), State: state})
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *herd) set(index int, state protocol.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[index] = state
}

func (h *herd) end(t *testing.T, index int, e protocol.Exited) {
	h.mu.Lock()
	delete(h.all, index)
	h.mu.Unlock()
	e.Droplet, e.Index = "hello", protocol.Int(index)
	if err := bus.Publish(h.bus, protocol.DropletExited, e); err != nil {
		t.Error(err)
	}
}

// watched runs a test in a bubble with a watcher of hello and the herd that it watches.
func watched(t *testing.T, f func(t *testing.T, w *client.Watcher, h *herd)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		h := startHerd(t, bustest.Join(t, s))
		w, err := client.Watch(t.Context(), bustest.Join(t, s), "hello")
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
		f(t, w, h)
	})
}

func TestWatcherWaitsUntilAllInstancesRun(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, w *client.Watcher, h *herd) {
		began := time.Now()
		h.set(0, protocol.Running)
		h.set(1, protocol.Starting)
		time.AfterFunc(5*time.Second, func() { h.set(1, protocol.Running) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Running(ctx, "v-1", 2); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 5*time.Second || took > 7*time.Second {
			t.Errorf("it took %v, want a little more than the five seconds until the second one ran", took)
		}
		if err := w.Running(ctx, "v-1", 0); err != nil {
			t.Errorf("no instance at all: %v, want nothing to wait for", err)
		}
	})
}

func TestWatcherTellsOfACrashOfThatVersion(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, w *client.Watcher, h *herd) {
		h.end(t, 0, protocol.Exited{Version: "older-1", Reason: protocol.ExitCrashed, Instance: "old"})
		h.end(t, 0, protocol.Exited{Version: "v-1", Reason: protocol.ExitStopped, Instance: "stopped"})
		h.end(t, 1, protocol.Exited{Version: "v-1", Reason: protocol.ExitCrashed, Instance: "crashed"})
		err := w.Running(t.Context(), "v-1", 2)
		failed, ok := errors.AsType[*client.StartError](err)
		if !ok || failed.Index != 1 || failed.Instance != "crashed" || !errors.Is(err, client.ErrCrashed) {
			t.Errorf("error = %v, want the crash of instance 1", err)
		}
	})
}

func TestWatcherGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, w *client.Watcher, h *herd) {
		h.set(0, protocol.Running)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := w.Running(ctx, "v-1", 2)
		if failed, ok := errors.AsType[*client.StartError](err); !ok || failed.Index != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want that instance 1 did not come in time", err)
		}
	})
}

func TestWatcherWaitsUntilInstancesAreGone(t *testing.T) {
	t.Parallel()
	watched(t, func(t *testing.T, w *client.Watcher, h *herd) {
		for i := range 3 {
			h.set(i, protocol.Running)
		}
		time.AfterFunc(time.Second, func() { h.end(t, 2, protocol.Exited{Reason: protocol.ExitStopped}) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Gone(ctx, 2); err != nil {
			t.Error(err)
		}
		if err := w.Gone(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want that two instances are left", err)
		}
	})
}
