package records

import "sync"

// Locks are one lock for each id, as long as somebody holds it or waits for it.
type Locks struct {
	mu sync.Mutex

	held map[string]*heldLock
}

type heldLock struct {
	sync.Mutex
	users int // who hold it or wait for it
}

// Lock waits for the lock of an id. The result gives it back.
func (l *Locks) Lock(id string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*heldLock{}
	}
	h := l.held[id]
	if h == nil {
		h = &heldLock{}
		l.held[id] = h
	}
	h.users++
	l.mu.Unlock()
	h.Lock()
	return func() {
		h.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.users--; h.users == 0 {
			delete(l.held, id)
		}
	}
}
