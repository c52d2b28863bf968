package dea

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// evacuating begins an evacuation; done tells its end.
func (h *harness) evacuating(ctx context.Context) (done chan error) {
	done = make(chan error, 1)
	go func() { done <- h.Drain(ctx) }()
	return done
}

func TestEvacuationTellsAtOnceAndServesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.news()
		in := h.only()
		done := h.evacuating(t.Context())
		h.expect(`dea.shutdown?"app_id_to_count":{"hello":1}`, `droplet.exited?"instance":"`+in.id+`","index":0,"reason":"DEA_EVACUATION"`)
		if r := readSnapshot(t, h.paths.snapshot)["hello"][in.id]; !r.Evacuated || r.State != "RUNNING" {
			t.Errorf("the snapshot has %+v", r)
		}
		h.send("router.start", "")
		h.expect("router.register") // it still serves
		h.send("dea.status", "")
		h.expect(`_INBOX.test?"state":"SHUTTING_DOWN"`)
		h.startApp(h.app("another"))
		h.send("dea.discover", discovery(nil))
		h.send("dea.stop", `{"droplet":"hello"}`)
		h.send("dea.locate", "")
		h.send("healthmanager.start", "")
		h.send("dea.find.droplet", `{"droplet":"hello"}`)
		h.expect()
		time.Sleep(h.cfg.EvacuationDelay.Std() - time.Second)
		select {
		case err := <-done:
			t.Errorf("it ended early: %v", err)
		default:
		}
		time.Sleep(time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.stop()
		h.expect("router.unregister")
		if !h.backend.wasStopped() || len(entries(t, h.paths.apps)) != 0 {
			t.Error("it is not gone")
		}
	})
}

func TestEvacuationEndsWhatDoesNotServeYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.listens(false)
		h.startApp(h.app("slow"))
		h.news()
		h.evacuating(t.Context())
		h.expect("dea.shutdown", "router.unregister", `droplet.exited?"reason":"DEA_EVACUATION"`)
		if len(h.backend.Running()) != 0 {
			t.Error("it runs")
		}
	})
}

func TestEvacuatedInstanceThatEndsIsNotToldOfTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.ending("hello", time.Minute))
		h.news()
		time.Sleep(50 * time.Second)
		h.evacuating(t.Context())
		h.expect("dea.shutdown", "droplet.exited")
		time.Sleep(10 * time.Second)
		h.expect("router.unregister")
	})
}

func TestEvacuationCanBeCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := start(t, testConfig(t), nil)
		h.startApp(h.app("hello"))
		h.news()
		ctx, cancel := context.WithCancel(t.Context())
		done := h.evacuating(ctx)
		h.expect("dea.shutdown", "droplet.exited")
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		h.stop()
		h.expect("router.unregister")
	})
}
