package controller

import (
	"slices"
	"sync"
	"time"

	"github.com/minicf/minicf/protocol"
)

// staleAfter is when an advertisement is too old to believe: a DEA sends one every 5 seconds, a full or a dead one none.
const staleAfter = 10 * time.Second

// pool is what DEAs advertise, for `placement: advertise`. Nothing is reserved in it: two starts in quick succession may choose the
// same DEA, which then advertises anew.
type pool struct {
	shuffle func(n int, swap func(i, j int)) // rand.Shuffle, but in tests

	mu   sync.Mutex
	deas map[string]advertised
}

type advertised struct {
	protocol.Advertisement
	at time.Time
}

func newPool(shuffle func(int, func(i, j int))) *pool {
	return &pool{shuffle: shuffle, deas: map[string]advertised{}}
}

// note takes what a DEA says of itself.
func (p *pool) note(a protocol.Advertisement, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deas[a.ID] = advertised{a, now}
}

// forget is for a DEA that said goodbye.
func (p *pool) forget(dea string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.deas, dea)
}

// choose returns one of the DEAs that have room and the runtime, any of them; false when there is none.
func (p *pool) choose(need protocol.DiscoverRequest, now time.Time) (dea string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var fit []string
	for id, a := range p.deas {
		if now.Sub(a.at) > staleAfter {
			delete(p.deas, id)
		} else if fits(a.Advertisement, need) {
			fit = append(fit, id)
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	slices.Sort(fit)
	p.shuffle(len(fit), func(i, j int) { fit[i], fit[j] = fit[j], fit[i] })
	return fit[0], true
}

// fits says whether a DEA could run an app: one for production takes no other apps.
func fits(a protocol.Advertisement, need protocol.DiscoverRequest) bool {
	production := a.Prod != nil && *a.Prod
	return a.AvailableMemory >= int(*need.Limits.Mem) && slices.Contains(a.Runtimes, need.RuntimeInfo.Name) && (!production || bool(need.Prod))
}
