package healthmanager

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/minicf/minicf/protocol"
)

// How urgent requests are, in the order of the health manager of 2013: those of a DEA that is going come first, then what is missing,
// and what has crashed comes last, for it might do so again.
const (
	low = iota
	normal
	high
)

// queue is what is still to be asked of the controller: not more than rate requests a second, the more urgent ones first, and each once.
// A DEA with hundreds of instances may be gone at once.
type queue struct {
	pause time.Duration // between two requests; 0 for none
	send  func(protocol.HMRequest)
	more  chan struct{} // holds one: there is something

	mu      sync.Mutex
	waiting []queued
}

type queued struct {
	request  protocol.HMRequest
	priority int
}

func newQueue(rate int, send func(protocol.HMRequest)) *queue {
	q := &queue{send: send, more: make(chan struct{}, 1)}
	if rate > 0 {
		q.pause = time.Second / time.Duration(rate)
	}
	return q
}

// add puts a request in, unless the same one is waiting already.
func (q *queue) add(r protocol.HMRequest, priority int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.waiting {
		if sameRequest(w.request, r) {
			return
		}
	}
	at, _ := slices.BinarySearchFunc(q.waiting, priority, func(w queued, p int) int {
		if w.priority >= p {
			return -1 // first come, first served
		}
		return 1
	})
	q.waiting = slices.Insert(q.waiting, at, queued{r, priority})
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// sameRequest compares all but when the record was changed.
func sameRequest(a, b protocol.HMRequest) bool {
	return a.Droplet == b.Droplet && a.Op == b.Op && a.Version == b.Version && a.Flapping == b.Flapping &&
		slices.Equal(a.Indices, b.Indices) && slices.Equal(a.Instances, b.Instances)
}

// run sends requests until ctx ends.
func (q *queue) run(ctx context.Context) {
	for {
		select {
		case <-q.more:
		case <-ctx.Done():
			return
		}
		for r, ok := q.take(); ok; r, ok = q.take() {
			q.send(r)
			if !sleep(ctx, q.pause) {
				return
			}
		}
	}
}

func (q *queue) take() (protocol.HMRequest, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return protocol.HMRequest{}, false
	}
	r := q.waiting[0].request
	q.waiting = q.waiting[1:]
	return r, true
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// sleep reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
