package stager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

const stoppedText = "Staging task failed:\n The stager was stopped before the app was staged."

func oneWorker(c *Config) { c.MaxActiveTasks = 1 }

// takes returns a plugin that needs d, and gives up with its context.
func takes(d time.Duration) fakePlugin {
	return func(ctx context.Context, _ *plugin.Workspace) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestDrainFinishesWhatRunsAndWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, takes(8*time.Second), oneWorker)
		log, messages := record(t)
		b.log = log
		startStager(t, b.Stager)
		var replies []<-chan protocol.StagingReply
		for range 3 {
			replies = append(replies, b.begin(t, b.request()))
		}
		began := time.Now()
		if err := b.Drain(t.Context()); err != nil || time.Since(began) != 24*time.Second {
			t.Errorf("drained after %s with error %v, want 24s and none", time.Since(began), err)
		}
		for i, reply := range replies {
			if rep := <-reply; rep.Error != "" {
				t.Errorf("task %d: error = %q, want none", i, rep.Error)
			}
		}
		if _, err := bus.Do(t.Context(), b.bus, protocol.Staging, b.request()); !errors.Is(err, bus.ErrNobody) {
			t.Errorf("a request afterwards: error = %v, want %v", err, bus.ErrNobody)
		}
		got := messages()
		from := slices.Index(got, "Shutdown initiated.")
		if from < 0 || got[from+1] != "Waiting for remaining 3 task(s) to finish." || got[len(got)-1] != "Shutdown complete" {
			t.Errorf("the log has the lines\n%s", quoted(got))
		}
	})
}

func TestDeadlineOfDrainAnswersTheRestWithAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, takes(5*time.Second), oneWorker)
		stop := startStager(t, b.Stager)
		var replies []<-chan protocol.StagingReply
		for range 3 {
			replies = append(replies, b.begin(t, b.request()))
		}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		if err := b.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 8*time.Second {
			t.Errorf("drained after %s with error %v, want 8s and %v", time.Since(began), err, context.DeadlineExceeded)
		}
		for i, want := range []string{"", stoppedText, stoppedText} {
			if rep := <-replies[i]; rep.Error != want {
				t.Errorf("task %d: error = %q, want %q", i, rep.Error, want)
			}
		}
		if err := stop(); err != nil {
			t.Errorf("Run ended with %v", err)
		}
		if left := workspaces(t, b.cfg); len(left) > 0 {
			t.Errorf("%q are left in the directory for workspaces", left)
		}
	})
}

func TestStopWithoutDrainAnswersEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, takes(5*time.Second), oneWorker)
		stop := startStager(t, b.Stager)
		running, waiting := b.begin(t, b.request()), b.begin(t, b.request())
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) != 0 {
			t.Errorf("stopped after %s with error %v, want at once and none", time.Since(began), err)
		}
		first, second := <-running, <-waiting
		if first.Error != stoppedText || !strings.HasSuffix(first.TaskLog, "] Staging application\n") {
			t.Errorf("the running task: %+v", first)
		}
		if second.Error != stoppedText || second.TaskLog != "" {
			t.Errorf("the waiting task: %+v", second)
		}
	})
}

func TestStopDoesNotWaitForeverForAPlugin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		b := newBubble(t, func(context.Context, *plugin.Workspace) error {
			<-release
			return nil
		}, nil)
		stop := startStager(t, b.Stager)
		reply := b.begin(t, b.request())
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) != pluginGrace+strayGrace {
			t.Errorf("stopped after %s with error %v, want %s", time.Since(began), err, pluginGrace+strayGrace)
		}
		if rep := <-reply; rep.Error != stoppedText {
			t.Errorf("error = %q, want %q", rep.Error, stoppedText)
		}
		close(release)
	})
}

// TestNoRequestIsLostWhileDraining needs a server with a port: what it has sent already must still be handled.
func TestNoRequestIsLostWhileDraining(t *testing.T) {
	t.Parallel()
	const n = 200
	server := bustest.Start(t, bus.ServerConfig{})
	stagers, client := bustest.Join(t, server), bustest.Join(t, server)
	s := newStager(t, stagers, builtin.Set(), testConfig(t))
	startStager(t, s)
	c := newController(t, sinatraZip(t))
	payload, err := json.Marshal(c.request("app", "sinatra"))
	if err != nil {
		t.Fatal(err)
	}
	inbox, answers := "_INBOX."+bus.Hex(8), make(chan string, 2*n)
	sub, err := client.Tap(inbox+".*", func(m bus.Message) { answers <- m.Subject })
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Stop()
	for i := range n {
		if err := client.PublishRaw("staging", fmt.Sprintf("%s.%d", inbox, i), payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range n {
		subject := <-answers
		if seen[subject] {
			t.Errorf("%s was answered twice", subject)
		}
		seen[subject] = true
	}
}
