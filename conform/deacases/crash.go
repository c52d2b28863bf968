package deacases

import (
	"context"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func crashChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "crash/order", Source: "running §8.23, §10", Level: suite.Core,
			About: "an app that ends by itself is unregistered, and then droplet.exited",
		}, Run: crashOrder},
		{Case: suite.Case{
			Name: "crash/exit", Source: "running §8.23, §1.2 (droplet.exited)", Level: suite.Core,
			About: "its droplet.exited has the reason CRASHED and a crash_timestamp",
		}, Run: crashExit},
		{Case: suite.Case{
			Name: "crash/status-0", Source: "running §8.23, §10", Level: suite.Core,
			About: "an app that ends with the status 0 has crashed like any other",
		}, Run: crashCleanly},
		{Case: suite.Case{
			Name: "crash/before-ready", Source: "running §3.1", Level: suite.Required,
			About: "an app that ends before it was ready is unregistered, with the port that it had, and has crashed",
		}, Run: crashEarly},
		{Case: suite.Case{
			Name: "crash/found", Source: "running §8.23", Level: suite.Required,
			About: "it is found in the state CRASHED, since then, and without stats",
		}, Run: crashFound},
		{Case: suite.Case{
			Name: "crash/in-heartbeat", Source: "running §8.23, §1.2 (dea.heartbeat)", Level: suite.Required,
			About: "the next heartbeat lists it as CRASHED",
		}, Run: crashInHeartbeat},
		{Case: suite.Case{
			Name: "crash/not-registered", Source: "running §3.9", Level: suite.Required,
			About: "router.start does not register it again",
		}, When: suite.Alone, Run: crashNotRegistered},
		{Case: suite.Case{
			Name: "crash/stopped", Source: "running §8.24", Level: suite.Required,
			About: "dea.stop deletes it without a message",
		}, Run: crashStopped},
		{Case: suite.Case{
			Name: "crash/flapping", Source: "running §1.2 (flapping), §10", Level: suite.Required,
			About: "an app that was started as flapping is not kept when it crashes",
		}, Run: crashFlapping},
	}
}

// crashedShape is the end of an app by itself.
func crashedShape(a *app) wire.Shape {
	return wire.Shape{
		{Key: "droplet", Kind: wire.Is(a.droplet)}, {Key: "version", Kind: wire.Is(a.message["version"])}, {Key: "instance", Kind: wire.Hex(32)},
		{Key: "index", Kind: wire.Is(a.message["index"])}, {Key: "reason", Kind: wire.Is(protocol.ExitCrashed)},
		{Key: "cc_partition", Kind: wire.Is(a.message["cc_partition"])}, {Key: "crash_timestamp", Kind: wire.Int()},
	}
}

// crashes starts an app and wants it to crash by itself.
func (k *Kit) crashes(ctx context.Context, s spec) error {
	a, err := k.launch(ctx, s)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	return crashedShape(a).Check("droplet.exited", exited)
}

func crashOrder(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	said := k.wire.Since(f.mark, func(m wire.Message) bool { return f.tells(m) && m.Subject != protocol.RouterRegister.String() })
	if err := inOrder(said, protocol.RouterUnregister.String(), protocol.DropletExited.String()); err != nil {
		return err
	}
	return sameRoute(f.route).Check("router.unregister", said[0].Object)
}

func crashExit(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	exited, err := f.await(ctx, f.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if err := crashedShape(f.app).Check("droplet.exited", exited); err != nil {
		return err
	}
	return wire.Shape{{Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}}.Check("droplet.exited", exited)
}

func crashCleanly(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "clean"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	if _, err := p.Do(ctx, exit(0)); err != nil {
		return err
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	return crashedShape(a).Check("droplet.exited", exited)
}

func crashEarly(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "early", startup: "#!/bin/sh\nexit 3\n"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if err := crashedShape(a).Check("droplet.exited", exited); err != nil {
		return err
	}
	said := k.wire.Since(a.mark, a.tells)
	if err := inOrder(said, protocol.RouterUnregister.String(), protocol.DropletExited.String()); err != nil {
		return err
	}
	return wire.Shape{{Key: "port", Kind: wire.Int()}, {Key: "uris", Kind: wire.Is(a.message["uris"])}}.Check("router.unregister", said[0].Object)
}

func crashFound(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	o, err := f.find(ctx, wire.Object{"include_stats": true})
	if err != nil {
		return err
	}
	exited, err := f.await(ctx, f.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if _, has := o["stats"]; has {
		return &suite.Mismatch{Why: "what does not run has no stats", Expected: "no stats", Seen: o.String()}
	}
	return wire.Shape{
		{Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}, {Key: "state", Kind: wire.Is(protocol.Crashed)},
		{Key: "state_timestamp", Kind: wire.Is(exited["crash_timestamp"])},
	}.Check("the answer to dea.find.droplet", o)
}

func crashInHeartbeat(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	o, err := f.heartbeat(ctx)
	if err != nil {
		return err
	}
	entry := f.entries(wire.Message{Subject: protocol.DEAHeartbeat.String(), Object: o})[0]
	return wire.Shape{
		{Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}, {Key: "state", Kind: wire.Is(protocol.Crashed)},
	}.Check("the entry of the heartbeat", entry)
}

func crashNotRegistered(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	return k.notRegistered(ctx, f.app)
}

func crashStopped(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "deleted", startup: "#!/bin/sh\nexit 3\n"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.await(ctx, a.mark, protocol.DropletExited.String()); err != nil {
		return err
	}
	if _, err := a.find(ctx, wire.Object{"states": []string{"CRASHED"}}); err != nil {
		return err
	}
	mark := k.wire.Now()
	a.stop()
	if err := k.never(ctx, mark, "message about the app", a.tells); err != nil {
		return err
	}
	return a.notFound(ctx)
}

func crashFlapping(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "flapping", startup: "#!/bin/sh\nexit 3\n", change: wire.Object{"flapping": true}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.await(ctx, a.mark, protocol.DropletExited.String()); err != nil {
		return err
	}
	return a.notFound(ctx)
}
