package deacases

import (
	"context"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func routerChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "router/registered-again", Source: "running §3.9, §1.1", Level: suite.Core,
			About: "router.start makes the DEA register every running app again, exactly as before",
		}, When: suite.Alone, Run: routerAgain},
		{Case: suite.Case{
			Name: "router/any-payload", Source: "running §0, §1.2 (router.start)", Level: suite.Required,
			About: "router.start with the hello of a router does the same",
		}, When: suite.Alone, Run: routerHello},
		{Case: suite.Case{
			Name: "router/starting", Source: "running §3.9", Level: suite.Required,
			About: "an app that is still starting is not registered by router.start",
		}, When: suite.Alone, Run: routerStarting},
		{Case: suite.Case{
			Name: "router/stopped", Source: "running §3.9", Level: suite.Required,
			About: "an app that was stopped is not registered by router.start",
		}, When: suite.Alone, Run: routerStopped},
	}
}

// registeredAgain sends router.start and waits for the registration of the model app, which must be the same as ever.
func (k *Kit) registeredAgain(ctx context.Context, payload any) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.routerStart(payload); err != nil {
		return err
	}
	o, err := f.await(ctx, mark, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	if !wire.Same(o, f.route) {
		return &suite.Mismatch{Why: "the registration has changed", Expected: f.route.String(), Seen: o.String()}
	}
	return nil
}

// notRegistered wants router.start to be answered, but not with this app.
func (k *Kit) notRegistered(ctx context.Context, a *app) error {
	mark := k.wire.Now()
	if err := k.registeredAgain(ctx, nil); err != nil {
		return err
	}
	return k.never(ctx, mark, "message to the router", a.tells)
}

func routerAgain(ctx context.Context, k *Kit) error { return k.registeredAgain(ctx, nil) }

func routerHello(ctx context.Context, k *Kit) error {
	return k.registeredAgain(ctx, wire.Object{"id": newID(), "version": 0.98, "hosts": []string{"127.0.0.1"}})
}

func routerStarting(ctx context.Context, k *Kit) error {
	a, _, err := k.held(ctx, spec{name: "waiting"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	return k.notRegistered(ctx, a)
}

func routerStopped(ctx context.Context, k *Kit) error {
	a, _, err := k.stopped(ctx, spec{name: "ended"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	return k.notRegistered(ctx, a)
}
