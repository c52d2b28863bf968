package controller

import (
	"context"
	"sync"
)

// errands are what is still to be done for apps: for each app one thing after the other, in the order in which it was asked for, and
// all apps at once. A placement takes up to two seconds, and nobody waits for it but what concerns the same app.
type errands struct {
	wake  chan string   // ids of apps that begin to have errands
	ended chan struct{} // closed when nothing is done any more

	mu      sync.Mutex
	waiting map[string][]errand // app → what comes next; an app with a goroutine has an entry
}

// errand is one thing to do. It ends early when ctx does.
type errand func(ctx context.Context)

func newErrands() *errands {
	return &errands{wake: make(chan string), ended: make(chan struct{}), waiting: map[string][]errand{}}
}

// run does what is added until ctx ends; what is left then the health manager will miss.
func (e *errands) run(ctx context.Context) {
	defer close(e.ended)
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		select {
		case id := <-e.wake:
			busy.Go(func() { e.serve(ctx, id) })
		case <-ctx.Done():
			return
		}
	}
}

// add has f called when all that was added for the app before is done.
func (e *errands) add(id string, f errand) {
	if !e.queue(id, f) {
		return
	}
	select {
	case e.wake <- id:
	case <-e.ended:
	}
}

// queue reports whether the app had nothing to do so far.
func (e *errands) queue(id string, f errand) (first bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	queue, busy := e.waiting[id]
	e.waiting[id] = append(queue, f)
	return !busy
}

func (e *errands) serve(ctx context.Context, id string) {
	for ctx.Err() == nil {
		f := e.next(id)
		if f == nil {
			return
		}
		f(ctx)
	}
}

// next takes what comes next for an app, nil when there is nothing more.
func (e *errands) next(id string) errand {
	e.mu.Lock()
	defer e.mu.Unlock()
	queue := e.waiting[id]
	if len(queue) == 0 {
		delete(e.waiting, id)
		return nil
	}
	e.waiting[id] = queue[1:]
	return queue[0]
}
