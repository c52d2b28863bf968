package router

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// rateInterval is how often requests per second are worked out.
	rateInterval = 2 * time.Second
	// maxClients is how many addresses are told apart between two times.
	maxClients = 1000
	topApps    = 10 // in 2012 these were 9, by a slip
	topClients = 4
)

// measure works out the rates again and again.
func (r *Router) measure(ctx context.Context) {
	sweep := time.NewTicker(rateInterval)
	defer sweep.Stop()
	then, before := time.Now(), r.stats.requests.Load()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
		}
		now, total := time.Now(), r.stats.requests.Load()
		r.stats.rates.Store(ratesOf(total-before, r.registry.traffic(), now.Sub(then)))
		then, before = now, total
	}
}

// traffic counts the requests for one URI.
type traffic struct {
	mu sync.Mutex

	counted
}

// counted is how often somebody asked, and who.
type counted struct {
	requests int64
	clients  map[string]int64 // by IP address
}

// add counts a request of a client, an address with a port.
func (t *traffic) add(client string) {
	if i := strings.LastIndexByte(client, ':'); i >= 0 {
		client = strings.Trim(client[:i], "[]")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if t.clients == nil {
		t.clients = map[string]int64{}
	}
	if _, known := t.clients[client]; known || len(t.clients) < maxClients {
		t.clients[client]++
	}
}

// take returns what was counted since the last call.
func (t *traffic) take() counted {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counted
	t.counted = counted{}
	return c
}

// rates are whole requests per second, as /varz tells them.
type rates struct {
	total int64
	apps  []appRate // the busiest first
}

type appRate struct {
	URL     string       `json:"url"`
	RPS     int64        `json:"rps"`
	Clients []clientRate `json:"clients,omitempty"` // the four busiest
}

type clientRate struct {
	IP  string `json:"ip"`
	RPS int64  `json:"rps"`
}

// ratesOf works out the rates of what was asked for in a time, by URI. Whoever had less than one request per second is left out.
func ratesOf(total int64, byURI map[string]counted, in time.Duration) *rates {
	perSecond := func(n int64) int64 { return int64(float64(n) / in.Seconds()) }
	r := &rates{total: perSecond(total), apps: []appRate{}}
	for uri, c := range byURI {
		if rps := perSecond(c.requests); rps > 0 {
			r.apps = append(r.apps, appRate{uri, rps, busiest(c.clients, perSecond)})
		}
	}
	slices.SortFunc(r.apps, func(a, b appRate) int {
		return cmp.Or(cmp.Compare(b.RPS, a.RPS), cmp.Compare(a.URL, b.URL))
	})
	return r
}

func busiest(clients map[string]int64, perSecond func(int64) int64) []clientRate {
	ips := slices.SortedFunc(maps.Keys(clients), func(a, b string) int {
		return cmp.Or(cmp.Compare(clients[b], clients[a]), cmp.Compare(a, b))
	})
	var all []clientRate
	for _, ip := range ips[:min(len(ips), topClients)] {
		all = append(all, clientRate{ip, perSecond(clients[ip])})
	}
	return all
}
