package bus

import "sync"

// hooks are functions to call when the bus is back.
type hooks struct {
	mu sync.Mutex

	next int
	all  map[int]func()
}

func (h *hooks) add(f func()) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[int]func(){}
	}
	id := h.next
	h.next++
	h.all[id] = f
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.all, id)
	}
}

func (h *hooks) run() {
	h.mu.Lock()
	now := make([]func(), 0, len(h.all))
	for _, f := range h.all {
		now = append(now, f)
	}
	h.mu.Unlock()
	for _, f := range now {
		f()
	}
}
