package bus

import (
	"sync"
	"time"
)

// How much the log hears of messages that are dropped: in each span the same one once, and of different ones not more than that. A program in
// a loop fills no disk; how many there were is in /varz.
const (
	repeatSpan   = 10 * time.Second
	mostDistinct = 256
)

// repeats remembers which dropped messages of this span were logged.
type repeats struct {
	mu     sync.Mutex
	since  time.Time
	logged map[repeatKey]bool
	silent int64 // how many were not
}

type repeatKey struct {
	subject string
	sum     [32]byte
}

// note reports whether a message is to be logged, and how many were not since the last span began.
func (r *repeats) note(subject string, sum [32]byte) (silent int64, log bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.since) >= repeatSpan {
		silent, r.silent = r.silent, 0
		r.since, r.logged = now, map[repeatKey]bool{}
	}
	key := repeatKey{subject, sum}
	if r.logged[key] || len(r.logged) == mostDistinct {
		r.silent++
		return 0, false
	}
	r.logged[key] = true
	return silent, true
}
