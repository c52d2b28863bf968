package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// hintOf is what the command line would advise.
func hintOf(tb testing.TB, err error) string {
	tb.Helper()
	h, ok := err.(interface{ Hint() string })
	if !ok {
		tb.Fatalf("%v has no hint", err)
	}
	return h.Hint()
}

func TestStagingRepliesAreToldApart(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]protocol.StagingReply{
		"good": {TaskID: "1", TaskLog: "Done!\n"},
		"bad":  {TaskID: "2", TaskLog: "Downloading\n", Error: "Staging task failed:\n Failed downloading"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := bustest.NewServer(t)
			stager := bustest.Join(t, s)
			_, err := bus.Serve(stager, protocol.Staging, "staging", func(r bus.Request[protocol.StagingReply]) { r.Reply(reply) })
			if err != nil {
				t.Fatal(err)
			}
			if err := stager.Connected(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := client.Stage(t.Context(), bustest.Join(t, s), protocol.StagingRequest{})
			if got != reply {
				t.Errorf("reply = %+v, want %+v", got, reply)
			}
			failed, isFailed := errors.AsType[*client.StagingError](err)
			if isFailed != (reply.Error != "") || err != nil && !isFailed {
				t.Fatalf("error = %v", err)
			}
			if isFailed && (failed.TaskLog != reply.TaskLog || failed.Error() != reply.Error || hintOf(t, failed) == "") {
				t.Errorf("error = %+v", failed)
			}
		})
	}
}

func TestStagingWithoutAStagerFailsAtOnce(t *testing.T) {
	t.Parallel()
	if _, err := client.Stage(t.Context(), bustest.New(t), protocol.StagingRequest{}); !errors.Is(err, bus.ErrNobody) {
		t.Errorf("error = %v, want ErrNobody", err)
	}
}

// A tap listens to staging as much as a stager does, so the server cannot tell that there is no stager.
func TestStagingWithATapButNoStagerDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		startTap(t, s)
		began := time.Now()
		_, err := client.Stage(t.Context(), bustest.Join(t, s), protocol.StagingRequest{})
		if !errors.Is(err, bus.ErrNobody) || !strings.Contains(hintOf(t, err), "minicf up") {
			t.Errorf("error = %v, want ErrNobody", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestSlowStagerIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		startTap(t, s)
		stager := bustest.Join(t, s)
		_, err := bus.Serve(stager, protocol.Staging, "staging", func(r bus.Request[protocol.StagingReply]) {
			time.Sleep(10 * time.Minute)
			r.Reply(protocol.StagingReply{TaskID: "1"})
		})
		if err != nil {
			t.Fatal(err)
		}
		component := bus.NewComponent(stager, bus.ComponentConfig{Type: "Stager", Port: bus.NoStatusPort})
		up := make(chan struct{})
		go func() { _ = component.Run(t.Context(), func() { close(up) }) }()
		<-up
		if got, err := client.Stage(t.Context(), bustest.Join(t, s), protocol.StagingRequest{}); err != nil || got.TaskID != "1" {
			t.Errorf("reply = %+v, %v", got, err)
		}
	})
}

func startTap(tb testing.TB, s *bus.Server) {
	tb.Helper()
	b := bustest.Join(tb, s)
	if _, err := b.Tap(">", func(bus.Message) {}); err != nil {
		tb.Fatal(err)
	}
	if err := b.Connected(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func discoverRequest() protocol.DiscoverRequest {
	return protocol.DiscoverRequest{Droplet: "hello", Limits: protocol.MemLimit(256), RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"}}
}

func TestFirstDEAToAnswerIsDiscovered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		for id, delay := range map[string]time.Duration{"busy": 200 * time.Millisecond, "idle": time.Millisecond} {
			startDEA(t, s, func(_ protocol.DiscoverRequest, reply func(protocol.DEAHello)) {
				time.Sleep(delay)
				reply(protocol.DEAHello{ID: id})
			})
		}
		hello, err := client.Discover(t.Context(), bustest.Join(t, s), discoverRequest())
		if err != nil || hello.ID != "idle" {
			t.Errorf("discovered %q, %v, want idle", hello.ID, err)
		}
		time.Sleep(time.Second) // lets the busy one answer, too
	})
}

func startDEA(tb testing.TB, s *bus.Server, answer func(protocol.DiscoverRequest, func(protocol.DEAHello))) {
	tb.Helper()
	b := bustest.Join(tb, s)
	if _, err := bus.Answer(b, protocol.DEADiscover, answer); err != nil {
		tb.Fatal(err)
	}
	if err := b.Connected(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func TestSilentDEAsAreAskedTwiceForTwoSecondsEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bustest.NewServer(t)
		startDEA(t, s, func(protocol.DiscoverRequest, func(protocol.DEAHello)) {})
		began := time.Now()
		_, err := client.Discover(t.Context(), bustest.Join(t, s), discoverRequest())
		if !errors.Is(err, client.ErrNoDEA) || errors.Is(err, bus.ErrNobody) {
			t.Errorf("error = %v, want ErrNoDEA", err)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("took %s, want 4s", took)
		}
		if text := err.Error(); !strings.Contains(text, "hello (ruby19, 256 MB)") || !strings.Contains(hintOf(t, err), "minicf dea status") {
			t.Errorf("error %q with hint %q: want what was asked for and where to look", text, hintOf(t, err))
		}
	})
}

func TestNoDEAAtAllIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	_, err := client.Discover(t.Context(), bustest.New(t), discoverRequest())
	if !errors.Is(err, client.ErrNoDEA) || !errors.Is(err, bus.ErrNobody) || !strings.Contains(hintOf(t, err), "no DEA is running") {
		t.Errorf("error = %v, want ErrNoDEA and ErrNobody", err)
	}
}

func TestCancelledDiscoveryIsNoMissingDEA(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	startDEA(t, s, func(protocol.DiscoverRequest, func(protocol.DEAHello)) { cancel() })
	if _, err := client.Discover(ctx, bustest.Join(t, s), discoverRequest()); !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrNoDEA) {
		t.Errorf("error = %v, want only context.Canceled", err)
	}
}

func TestStopReachesEveryDEA(t *testing.T) {
	t.Parallel()
	s := bustest.NewServer(t)
	dea, b := bustest.Join(t, s), bustest.Join(t, s)
	got := make(chan protocol.StopRequest, 1)
	if _, err := bus.Subscribe(dea, protocol.DEAStop, func(r protocol.StopRequest) { got <- r }); err != nil {
		t.Fatal(err)
	}
	if err := dea.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := client.Stop(b, protocol.StopRequest{Droplet: "hello"}); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.Droplet != "hello" {
		t.Errorf("stopped %+v", r)
	}
}
