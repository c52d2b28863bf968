package router

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// registry knows which endpoints serve which URI. It has no clock and no log: who calls it has both.
type registry struct {
	mu    sync.RWMutex
	pools map[string]*pool // by URI; none is empty
}

// pool is what serves one URI.
type pool struct {
	servers []server
	turn    atomic.Uint32 // whose turn it is
	traffic traffic
}

// server is one endpoint of one URI. The router of 2012 called it a droplet.
type server struct {
	*endpoint
	seen time.Time // last registered
}

// change is what a message did to one URI, or would have done.
type change struct {
	uri     string
	servers int // that serve it now
}

func newRegistry() *registry { return &registry{pools: map[string]*pool{}} }

// register adds e to the URIs, and returns those that it is new to. Where the host and port are known already, e takes
// the place of what was there: a new instance may have got the port of one that went unseen. (In 2012 the old one's
// app and session stayed.)
func (r *registry) register(uris []string, e *endpoint, now time.Time) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var added []change
	for _, uri := range uris {
		p := r.pools[uri]
		if p == nil {
			p = &pool{}
			p.turn.Store(rand.Uint32()) // or all routers would begin with the same instance
			r.pools[uri] = p
		}
		i := indexOf(p.servers, e.addr)
		switch {
		case i < 0:
			p.servers = append(p.servers, server{e, now})
			added = append(added, change{uri, len(p.servers)})
		case p.servers[i].same(e):
			p.servers[i].seen = now
		default:
			p.servers[i] = server{e, now}
		}
	}
	return added
}

// unregister takes the endpoint at addr from the URIs. URIs that it does not serve are part of the answer too: the
// originals logged them all the same.
func (r *registry) unregister(uris []string, addr string) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []change
	for _, uri := range uris {
		all = append(all, change{uri, r.remove(uri, addr)})
	}
	return all
}

// drop takes the endpoint at addr from all URIs, unless it was registered at that time or later.
func (r *registry) drop(addr string, unless time.Time) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []change
	for uri, p := range r.pools {
		if i := indexOf(p.servers, addr); i >= 0 && p.servers[i].seen.Before(unless) {
			all = append(all, change{uri, r.remove(uri, addr)})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return strings.Compare(a.uri, b.uri) })
	return all
}

// remove returns how many endpoints are left for the URI. The caller holds the lock.
func (r *registry) remove(uri, addr string) int {
	p := r.pools[uri]
	if p == nil {
		return 0
	}
	if i := indexOf(p.servers, addr); i >= 0 {
		p.servers = slices.Delete(p.servers, i, i+1)
	}
	if len(p.servers) == 0 {
		delete(r.pools, uri)
	}
	return len(p.servers)
}

// pick chooses one of the endpoints of a URI: the one of that session if there is such, else the one whose turn it is; none of
// those in not. It is nil when there is no other.
func (r *registry) pick(uri, session string, not ...*endpoint) *endpoint {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p := r.pools[uri]
	if p == nil {
		return nil
	}
	if session != "" {
		for _, s := range p.servers {
			if s.session == session && !slices.Contains(not, s.endpoint) {
				return s.endpoint
			}
		}
	}
	n := uint32(len(p.servers))
	turn := p.turn.Add(1)
	for i := range n {
		if e := p.servers[(turn+i)%n].endpoint; !slices.Contains(not, e) {
			return e
		}
	}
	return nil
}

// stale is an endpoint that nobody has registered for too long.
type stale struct{ uri, addr string }

// prune removes and returns what was last registered before the cutoff, sorted.
func (r *registry) prune(cutoff time.Time) []stale {
	r.mu.Lock()
	defer r.mu.Unlock()
	var gone []stale
	for uri, p := range r.pools {
		for _, s := range p.servers {
			if s.seen.Before(cutoff) {
				gone = append(gone, stale{uri, s.addr})
			}
		}
	}
	for _, g := range gone {
		r.remove(g.uri, g.addr)
	}
	slices.SortFunc(gone, func(a, b stale) int {
		return strings.Compare(a.uri+" "+a.addr, b.uri+" "+b.addr)
	})
	return gone
}

// touch makes everything as good as registered at that time. What was registered later stays as it is.
func (r *registry) touch(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.pools {
		for i := range p.servers {
			if p.servers[i].seen.Before(at) {
				p.servers[i].seen = at
			}
		}
	}
}

// uris lists what is registered, sorted.
func (r *registry) uris() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]string, 0, len(r.pools))
	for uri := range r.pools {
		all = append(all, uri)
	}
	slices.Sort(all)
	return all
}

// routes returns where each URI is served.
func (r *registry) routes() map[string][]string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make(map[string][]string, len(r.pools))
	for uri, p := range r.pools {
		for _, s := range p.servers {
			all[uri] = append(all[uri], s.addr)
		}
	}
	return all
}

// count notes that a client, an address with a port, has asked for a URI.
func (r *registry) count(uri, client string) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if p := r.pools[uri]; p != nil {
		p.traffic.add(client)
	}
}

// traffic takes what was asked for since the last call, by URI.
func (r *registry) traffic() map[string]counted {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := map[string]counted{}
	for uri, p := range r.pools {
		if c := p.traffic.take(); c.requests > 0 {
			all[uri] = c
		}
	}
	return all
}

// size counts the URIs and, once for each of its URIs, the endpoints, as the router of 2012 did.
func (r *registry) size() (uris, droplets int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, p := range r.pools {
		droplets += len(p.servers)
	}
	return len(r.pools), droplets
}

func indexOf(servers []server, addr string) int {
	return slices.IndexFunc(servers, func(s server) bool { return s.addr == addr })
}
