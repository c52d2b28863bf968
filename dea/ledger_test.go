package dea

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
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
			h.ledger.wake = nil // no snapshot is written in passing
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

func TestNothingIsSaidBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		h := start(t, testConfig(t), func(h *harness) {
			h.ledger.at = func(m moment, _ records) {
				if m == afterWriting {
					<-goOn
				}
			}
		})
		step := func() bool {
			synctest.Wait()
			select {
			case goOn <- struct{}{}:
				synctest.Wait()
				return true
			default: // nobody waits
				return false
			}
		}
		// until makes steps until the snapshot has a state, and returns what has been said so far.
		until := func(state protocol.State) (said string) {
			for range 100 {
				said += show(h.news())
				for _, r := range readSnapshot(t, h.paths.snapshot)["hello"] {
					if r.State == state {
						return said
					}
				}
				step()
			}
			t.Fatalf("the snapshot never had %s", state)
			return ""
		}
		for step() {
		}
		h.startApp(h.app("hello"))
		if said := until(protocol.Running); strings.Contains(said, "heartbeat") || strings.Contains(said, "register") {
			t.Errorf("before it was written that it runs the DEA said\n%s", said)
		}
		for step() {
		}
		h.expect("dea.heartbeat", "router.register")
		h.send("dea.stop", `{"droplet":"hello"}`)
		if said := until(protocol.Stopped); said != "" {
			t.Errorf("before it was written that it is stopped the DEA said\n%s", said)
		}
		if len(h.backend.Running()) != 1 {
			t.Error("it was ended before it was told that it would be")
		}
		close(goOn)
		h.expect("router.unregister", "droplet.exited", "dea.advertise")
	})
}
