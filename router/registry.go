package router

import (
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/protocol"
)

// registry knows which endpoints serve which URI. It has no clock and no log: who calls it has both.
type registry struct {
	mu    sync.RWMutex
	byURI map[string][]server
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

func newRegistry() *registry { return &registry{byURI: map[string][]server{}} }

// register adds e to the URIs, and returns those that it is new to. Where the host and port are known already, e takes
// the place of what was there: a new instance may have got the port of one that went unseen. (In 2012 the old one's
// app and session stayed.)
func (r *registry) register(uris []string, e *endpoint, now time.Time) []change {
	r.mu.Lock()
	defer r.mu.Unlock()
	var added []change
	for _, uri := range uris {
		servers := r.byURI[uri]
		if i := indexOf(servers, e.addr); i >= 0 {
			servers[i] = server{endpoint: e, seen: now}
			continue
		}
		r.byURI[uri] = append(servers, server{endpoint: e, seen: now})
		added = append(added, change{uri, len(servers) + 1})
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

// remove returns how many endpoints are left for the URI. The caller holds the lock.
func (r *registry) remove(uri, addr string) int {
	servers := r.byURI[uri]
	i := indexOf(servers, addr)
	if i < 0 {
		return len(servers)
	}
	if len(servers) == 1 {
		delete(r.byURI, uri)
		return 0
	}
	r.byURI[uri] = slices.Delete(servers, i, i+1)
	return len(servers) - 1
}

// pick chooses one of the endpoints of a URI: the one of that session if there is such, else any, each as likely as
// the others. It is nil when the URI is unknown.
func (r *registry) pick(uri, session string) *endpoint {
	r.mu.RLock()
	defer r.mu.RUnlock()
	servers := r.byURI[uri]
	if len(servers) == 0 {
		return nil
	}
	if session != "" {
		for _, s := range servers {
			if s.session == session {
				return s.endpoint
			}
		}
	}
	return servers[rand.IntN(len(servers))].endpoint
}

// stale is an endpoint that nobody has registered for too long.
type stale struct{ uri, addr string }

// prune removes and returns what was last registered before the cutoff, sorted.
func (r *registry) prune(cutoff time.Time) []stale {
	r.mu.Lock()
	defer r.mu.Unlock()
	var gone []stale
	for uri, servers := range r.byURI {
		for _, s := range servers {
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
	for _, servers := range r.byURI {
		for i := range servers {
			if servers[i].seen.Before(at) {
				servers[i].seen = at
			}
		}
	}
}

// uris lists what is registered, sorted.
func (r *registry) uris() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]string, 0, len(r.byURI))
	for uri := range r.byURI {
		all = append(all, uri)
	}
	slices.Sort(all)
	return all
}

// size counts the URIs and, once for each of its URIs, the endpoints, as the router of 2012 did.
func (r *registry) size() (uris, droplets int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, servers := range r.byURI {
		droplets += len(servers)
	}
	return len(r.byURI), droplets
}

func indexOf(servers []server, addr string) int {
	return slices.IndexFunc(servers, func(s server) bool { return s.addr == addr })
}

// maxName is the longest host name or URI that DNS, and so a Host header, can mean.
const maxName = 255

// uriKey is what a URI, or the Host header of a request, is looked up by: without :port and the dot that ends a full
// DNS name, in lower case. (Router 0.98 kept the port, so that only port 80 worked; gorouter cut it off.)
func uriKey(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && isPort(host[i+1:]) && !strings.HasSuffix(host[:i], ":") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isPort(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(s) <= 5
}

// keysOf returns the keys of the URIs of a message, without doubles and without what no Host header can ever be.
func keysOf(uris []string) []string {
	var keys []string
	for _, uri := range uris {
		key := uriKey(uri)
		if key != "" && len(key) <= maxName && printable(key) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// addrOf returns the host:port of a message that names both, as it will be dialled: an IP address or a name as DNS has
// them, so that nothing in it can mean anything else.
func addrOf(m protocol.Route) (addr string, ok bool) {
	if m.Port == nil || *m.Port < 1 || *m.Port > 65535 {
		return "", false
	}
	host := strings.TrimSuffix(strings.TrimPrefix(m.Host, "["), "]")
	if net.ParseIP(host) == nil && !isHostname(host) {
		return "", false
	}
	return net.JoinHostPort(host, strconv.Itoa(int(*m.Port))), true
}

func isHostname(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxName
}
