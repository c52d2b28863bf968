package stager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

func TestQueueIsFirstComeFirstServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var began []string
		q := newQueue(1, 10, func(_ context.Context, task *task) {
			began = append(began, task.id)
			time.Sleep(time.Second)
		})
		q.start(t.Context())
		var want []string
		for i := range 5 {
			want = append(want, fmt.Sprint(i))
			if err := q.add(&task{id: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		q.close()
		if err := q.wait(t.Context()); err != nil || !slices.Equal(began, want) {
			t.Errorf("order = %q, error = %v, want %q", began, err, want)
		}
	})
}

func TestNoMoreTasksRunThanWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(3, 10, func(context.Context, *task) { time.Sleep(time.Second) })
		q.start(t.Context())
		for range 7 {
			if err := q.add(&task{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range [][3]int{{3, 4, 7}, {3, 1, 4}, {1, 0, 1}, {0, 0, 0}} {
			synctest.Wait()
			if got := [3]int{int(q.active.Load()), len(q.waiting), int(q.pending.Load())}; got != want {
				t.Errorf("active, waiting, pending = %v, want %v", got, want)
			}
			time.Sleep(time.Second)
		}
		q.close()
		<-q.ended
	})
}

func TestFullOrClosedQueueTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 2, func(ctx context.Context, _ *task) { <-ctx.Done() })
		q.start(t.Context())
		if err := q.add(&task{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for i, want := range []error{nil, nil, errQueueFull} {
			if err := q.add(&task{}); !errors.Is(err, want) {
				t.Errorf("waiting task %d: error = %v, want %v", i+1, err, want)
			}
		}
		q.close()
		q.close()
		if err := q.add(&task{}); !errors.Is(err, errQueueClosed) {
			t.Errorf("closed: error = %v, want %v", err, errQueueClosed)
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.wait(soon); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait with a deadline: error = %v", err)
		}
		q.abort(errStopped)
		<-q.ended
	})
}

func TestRequestBeyondTheQueueIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(context.Context, *plugin.Workspace) error {
			time.Sleep(time.Second)
			return nil
		}, func(c *Config) { c.MaxActiveTasks, c.MaxQueuedTasks = 1, 2 })
		startStager(t, b.Stager)
		var replies []<-chan protocol.StagingReply
		for range 3 {
			replies = append(replies, b.begin(t, b.request()))
		}
		began := time.Now()
		rep := ask(t, b.bus, b.request())
		want := "Staging task failed:\n The stager is busy: 2 requests are waiting already. Try again later."
		if rep.Error != want || rep.TaskLog != "" || time.Since(began) != 0 {
			t.Errorf("after %s: reply = %+v, want the error %q", time.Since(began), rep, want)
		}
		for _, reply := range replies {
			if rep := <-reply; rep.Error != "" {
				t.Errorf("a request that found room failed: %s", rep.Error)
			}
		}
		figures := b.varz()
		if figures["tasks_succeeded"] != int64(3) || figures["tasks_failed"] != int64(0) || figures["requests_refused"] != int64(1) {
			t.Errorf("figures = %v", figures)
		}
	})
}
