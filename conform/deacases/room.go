package deacases

import (
	"context"
	"sync"

	"github.com/minicf/minicf/conform/suite"
)

// room is the memory of the DEA that the kit's own apps may reserve, in MB. It keeps cases that run at the same time from making the
// DEA refuse each other's apps.
type room struct {
	mu   sync.Mutex
	free int
	more chan struct{} // closed when there is more
}

func newRoom(mb int) *room { return &room{free: mb, more: make(chan struct{})} }

// take waits until there is room. It fails when there never can be.
func (r *room) take(ctx context.Context, mb int) error {
	for {
		r.mu.Lock()
		if r.free >= mb {
			r.free -= mb
			r.mu.Unlock()
			return nil
		}
		more := r.more
		r.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return &suite.Skip{Why: "the DEA has not enough memory for one more app"}
		}
	}
}

func (r *room) give(mb int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free += mb
	close(r.more)
	r.more = make(chan struct{})
}
