package stager

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

var (
	errQueueFull   = errors.New("the queue is full")
	errQueueClosed = errors.New("the queue is closed")
)

// queue hands tasks to a fixed number of workers: first come, first served.
//
//	add ──► waiting (at most limit) ──► one of the workers ──► run
//
// close ends it in order: what waits is still run. abort makes what waits or runs fail soon.
type queue struct {
	workers int
	run     func(context.Context, *task)
	waiting chan *task
	active  atomic.Int64 // tasks that run
	pending atomic.Int64 // tasks that wait or run
	cancel  context.CancelCauseFunc
	ended   chan struct{} // closed when the last worker has returned

	mu     sync.Mutex
	closed bool
}

// newQueue returns a queue whose workers have not started. More than limit tasks never wait.
func newQueue(workers, limit int, run func(context.Context, *task)) *queue {
	return &queue{workers: workers, run: run, waiting: make(chan *task, limit), ended: make(chan struct{})}
}

// start starts the workers. They end when the queue is closed and empty; ctx is what run is given.
func (q *queue) start(ctx context.Context) {
	ctx, q.cancel = context.WithCancelCause(ctx)
	var workers sync.WaitGroup
	for range q.workers {
		workers.Go(func() {
			for t := range q.waiting {
				q.active.Add(1)
				q.run(ctx, t)
				q.active.Add(-1)
				q.pending.Add(-1)
			}
		})
	}
	go func() {
		workers.Wait()
		close(q.ended)
	}()
}

// add puts t at the end. It never waits: errQueueFull and errQueueClosed say why t was not taken.
func (q *queue) add(t *task) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errQueueClosed
	}
	select {
	case q.waiting <- t:
		q.pending.Add(1)
		return nil
	default:
		return errQueueFull
	}
}

// close takes no more tasks.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.waiting)
	}
}

// abort cancels the context of all tasks, running and waiting.
func (q *queue) abort(cause error) { q.cancel(cause) }

// wait returns when the queue is closed and all its tasks are done, or with ctx's error.
func (q *queue) wait(ctx context.Context) error {
	select {
	case <-q.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
