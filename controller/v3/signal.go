package v3

import "sync"

// signal tells all who wait that something has happened. The zero value is one.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

// next is closed by the next fire. Ask for it first and look at what may have changed then: nothing is missed so.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

// fire wakes all who wait.
func (s *signal) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
