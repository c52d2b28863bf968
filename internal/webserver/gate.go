package webserver

import (
	"net/http"
	"sync"
)

// gate counts the handlers that run, and lets no more in once it was shut. A sync.WaitGroup cannot: its Wait must not race
// with the first Add. The zero value is open.
type gate struct {
	mu      sync.Mutex
	running int
	empty   chan struct{} // non-nil once shut; closed when nothing runs any more
}

// guard lets h be called while the gate is open.
func (g *gate) guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.enter() {
			w.Header().Set("Connection", "close")
			http.Error(w, "stopping", http.StatusServiceUnavailable)
			return
		}
		defer g.leave()
		h.ServeHTTP(w, r)
	})
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty != nil {
		return false
	}
	g.running++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.empty != nil && g.running == 0 {
		close(g.empty)
	}
}

// shut lets nobody in from now on. The result is closed when everybody is out. It is called once.
func (g *gate) shut() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.empty = make(chan struct{})
	if g.running == 0 {
		close(g.empty)
	}
	return g.empty
}
