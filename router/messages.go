package router

import (
	"context"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// busTimeout is how soon the bus must answer to count as being there.
const busTimeout = 2 * time.Second

// onRegister takes up what a message says is served, and where. What cannot be meant (no host or port, a name no DNS
// has) is passed over.
func (r *Router) onRegister(m protocol.Route) {
	addr, ok := addrOf(m)
	if !ok {
		r.log.Debug("registration without a usable address", "host_length", len(m.Host), "uris", len(m.URIs))
		return
	}
	for _, c := range r.registry.register(keysOf(m.URIs), r.proxy.endpoint(addr, m), time.Now()) {
		r.log.Info(fmt.Sprintf("Registering %s at %s", c.uri, addr))
		r.log.Info(fmt.Sprintf("%d servers available for %s", c.servers, c.uri))
	}
}

func (r *Router) onUnregister(m protocol.Route) {
	addr, ok := addrOf(m)
	if !ok {
		return // an instance that never had a port was never registered
	}
	for _, c := range r.registry.unregister(keysOf(m.URIs), addr) {
		r.log.Info(fmt.Sprintf("Unregistering %s for host %s", c.uri, addr))
		r.log.Info(fmt.Sprintf("%d servers available for %s", c.servers, c.uri))
	}
}

// sweep asks for registrations and forgets what got none, each in its interval.
func (r *Router) sweep(ctx context.Context) {
	start := time.NewTicker(r.cfg.PublishStartMessageInterval.Std())
	defer start.Stop()
	prune := time.NewTicker(r.cfg.PruneStaleDropletsInterval.Std())
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-start.C:
			if r.busThere(ctx) { // or the messages would pile up until it is
				r.publishStart()
			}
		case <-prune.C:
			r.prune(ctx)
		}
	}
}

func (r *Router) prune(ctx context.Context) {
	if !r.busThere(ctx) {
		r.registry.touch(time.Now())
		return
	}
	r.forget(time.Now().Add(-r.cfg.DropletStaleThreshold.Std()), "not registered again in time")
}

// forget drops what was last registered before the cutoff.
func (r *Router) forget(cutoff time.Time, reason string) {
	for _, g := range r.registry.prune(cutoff) {
		r.log.Info(fmt.Sprintf("Unregistering %s for host %s", g.uri, g.addr), "reason", reason)
	}
}

// busThere asks the bus for a sign of life.
func (r *Router) busThere(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	return r.bus.Flush(ctx) == nil
}

func (r *Router) publishStart() {
	hello := protocol.RouterHello{ID: r.component.UUID(), Version: version, Hosts: []string{r.ip}}
	if err := bus.Publish(r.bus, protocol.RouterStart, hello); err != nil {
		r.log.Error("router.start was not sent", "error", err)
	}
}
