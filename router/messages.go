package router

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// busTimeout is how soon the bus must answer to count as being there.
const busTimeout = 2 * time.Second

// onRegister takes up what a message says is served, and where. What cannot be meant (an address that nobody can dial, a name that
// no DNS has) is passed over, and told in one line, since whoever sent it gets no answer. Without a port, or URIs, nothing is served.
func (r *Router) onRegister(m protocol.Route) {
	if m.Port == nil || len(m.URIs) == 0 {
		return
	}
	e, ok := endpointOf(m)
	if !ok {
		r.log.Warn("registration passed over: there is no such address", "host", clip(m.Host), "app_id", clip(string(m.App)))
		return
	}
	keys, unusable := keysOf(m.URIs)
	if len(unusable) > 0 {
		r.log.Warn("URIs passed over that no request can ask for", "number", len(unusable), "first", clip(unusable[0]),
			"backend", e.addr, "app_id", string(e.app))
	}
	e.metrics = r.stats.tagged(e.tags)
	for _, c := range r.registry.register(keys, e, time.Now()) {
		r.log.Info(fmt.Sprintf("Registering %s at %s", c.uri, e.addr))
		r.log.Info(fmt.Sprintf("%d servers available for %s", c.servers, c.uri))
	}
}

// clip keeps somebody's long text out of the log.
func clip(s string) string {
	const most = 100 // bytes
	return strings.ToValidUTF8(s[:min(len(s), most)], "?")
}

func (r *Router) onUnregister(m protocol.Route) {
	addr, ok := addrOf(m)
	if !ok {
		return // an instance that never had a port was never registered
	}
	keys, _ := keysOf(m.URIs)
	for _, c := range r.registry.unregister(keys, addr) {
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

func (r *Router) hello() protocol.RouterHello {
	return protocol.RouterHello{ID: r.component.UUID(), Version: version, Hosts: []string{r.ip}}
}

func (r *Router) publishStart() {
	if err := bus.Publish(r.bus, protocol.RouterStart, r.hello()); err != nil {
		r.log.Error("router.start was not sent", "error", err)
	}
}

// onGreet answers who has just come and knows no router yet.
func (r *Router) onGreet(_ protocol.Ignored, reply func(protocol.RouterHello)) {
	hello := r.hello()
	hello.RegisterInterval = protocol.Int(r.cfg.PublishStartMessageInterval.Std().Seconds())
	hello.PruneThreshold = protocol.Int(r.cfg.DropletStaleThreshold.Std().Seconds())
	reply(hello)
}

// flushApps tells again and again which apps are in use.
func (r *Router) flushApps(ctx context.Context) {
	flush := time.NewTicker(r.cfg.FlushAppsInterval.Std())
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
		}
		if !r.busThere(ctx) {
			continue // they are told when it is
		}
		if err := bus.Publish(r.bus, protocol.RouterActiveApps, r.stats.takeActive()); err != nil {
			r.log.Error("router.active_apps was not sent", "error", err)
		}
	}
}
