package dea

import (
	"context"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// subscriptions are what the DEA listens to.
type subscriptions []*bus.Subscription

func (s subscriptions) stop() {
	for _, sub := range s {
		sub.Stop()
	}
}

// subscribe makes the DEA hear: one line for each subject, one file for each handler. ctx ends what
// handlers put off.
func (d *DEA) subscribe(ctx context.Context) (subscriptions, error) {
	start, err := protocol.DEAStart(d.id)
	if err != nil {
		return nil, err
	}
	discover := func(r protocol.DiscoverRequest, reply func(protocol.DEAHello)) { d.onDiscover(ctx, r, reply) }
	run := func(r protocol.StartRequest) { d.onStart(ctx, r) }
	var subs subscriptions
	for _, listen := range []func() (*bus.Subscription, error){
		func() (*bus.Subscription, error) { return bus.Answer(d.bus, protocol.DEAStatus, d.onStatus) },
		func() (*bus.Subscription, error) { return bus.Answer(d.bus, protocol.DropletStatus, d.onDropletStatus) },
		func() (*bus.Subscription, error) { return bus.Answer(d.bus, protocol.DEADiscover, discover) },
		func() (*bus.Subscription, error) { return bus.Answer(d.bus, protocol.DEAFindDroplet, d.onFindDroplet) },
		func() (*bus.Subscription, error) { return bus.Subscribe(d.bus, protocol.DEAUpdate, d.onUpdate) },
		func() (*bus.Subscription, error) { return bus.Subscribe(d.bus, protocol.DEAStop, d.onStop) },
		func() (*bus.Subscription, error) { return bus.Subscribe(d.bus, start, run) },
		func() (*bus.Subscription, error) {
			return bus.Subscribe(d.bus, whatever(protocol.RouterStart), d.onRouterStart)
		},
		func() (*bus.Subscription, error) {
			return bus.Subscribe(d.bus, protocol.HealthManagerStart, d.onHealthManagerStart)
		},
		func() (*bus.Subscription, error) { return bus.Subscribe(d.bus, protocol.DEALocate, d.onLocate) },
	} {
		sub, err := listen()
		if err != nil {
			return subs, err
		}
		subs = append(subs, sub)
	}
	return subs, nil
}

// whatever is a subject whose payload is not looked at: routers of different times introduced themselves differently.
func whatever[T any](s protocol.Subject[T]) protocol.Subject[protocol.Ignored] {
	return protocol.Subject[protocol.Ignored](s)
}
