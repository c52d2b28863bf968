package router

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/protocol"
)

// maxTags is how many pairs of tag and value are counted apart. Figures of tags are never forgotten, and anybody may register.
const maxTags = 1000

// stats are the router's figures for /varz.
type stats struct {
	requests    atomic.Int64 // of the world, answered or not
	badRequests atomic.Int64 // answered by the router: nobody is registered, or who is did not answer
	apps        metric       // requests to apps
	rates       atomic.Pointer[rates]

	mu     sync.Mutex
	tags   map[string]map[string]*metric // by key and value
	pairs  int                           // of key and value
	active map[protocol.ID]bool          // apps that were asked since the last time; nil where nobody wants to know
}

func newStats(activeApps bool) *stats {
	s := &stats{tags: map[string]map[string]*metric{}}
	s.rates.Store(&rates{apps: []appRate{}})
	if activeApps {
		s.active = map[protocol.ID]bool{}
	}
	return s
}

// tagged returns what requests to an endpoint with these tags are counted by.
func (s *stats) tagged(tags map[string]string) []*metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*metric
	for key, value := range tags {
		m := s.tags[key][value]
		switch {
		case m != nil:
		case s.pairs == maxTags:
			continue
		default:
			if s.tags[key] == nil {
				s.tags[key] = map[string]*metric{}
			}
			m = &metric{}
			s.tags[key][value] = m
			s.pairs++
		}
		all = append(all, m)
	}
	return all
}

// sent counts a request that goes to an app.
func (s *stats) sent(e *endpoint) {
	s.apps.requests.Add(1)
	for _, m := range e.metrics {
		m.requests.Add(1)
	}
	if s.active == nil || e.app == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active[e.app] = true
}

// answered counts the answer to it.
func (s *stats) answered(e *endpoint, status int, now time.Time, took time.Duration) {
	s.apps.answered(status, now, took)
	for _, m := range e.metrics {
		m.answered(status, now, took)
	}
}

// takeActive returns the apps that were sent a request since the last call.
func (s *stats) takeActive() protocol.ActiveApps {
	s.mu.Lock()
	defer s.mu.Unlock()
	apps := slices.Sorted(maps.Keys(s.active))
	clear(s.active)
	return apps
}

// varz returns all figures, those of every app's rate when asked for. Router 0.98 had the totals at the top, gorouter under "all" too.
func (s *stats) varz(now time.Time, everyApp bool) map[string]any {
	all := s.apps.figures(now)
	rates := s.rates.Load()
	v := map[string]any{
		"bad_requests": s.badRequests.Load(), "all": all, "tags": s.tagFigures(now),
		"requests_per_sec": rates.total, "top10_app_requests": rates.apps[:min(len(rates.apps), topApps)],
	}
	maps.Copy(v, all)
	v["requests"] = s.requests.Load()
	if everyApp {
		v["top_app_requests"] = rates.apps
	}
	return v
}

func (s *stats) tagFigures(now time.Time) map[string]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]map[string]any{}
	for key, values := range s.tags {
		all[key] = map[string]any{}
		for value, m := range values {
			all[key][value] = m.figures(now)
		}
	}
	return all
}
