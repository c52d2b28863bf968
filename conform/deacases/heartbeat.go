package deacases

import (
	"context"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func heartbeatChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "heartbeat/interval", Source: "running §8.9, §1.1", Level: suite.Required,
			About: "a running app is in a heartbeat that nobody has asked for, every 10 s",
		}, Run: heartbeatUnasked},
		{Case: suite.Case{
			Name: "heartbeat/on-healthmanager-start", Source: "running §1.1", Level: suite.Core,
			About: "healthmanager.start makes the DEA send a heartbeat at once",
		}, Run: heartbeatOnRequest},
		{Case: suite.Case{
			Name: "heartbeat/shape", Source: "running §1.2 (dea.heartbeat)", Level: suite.Core,
			About: "a heartbeat has dea, prod and droplets, each with droplet, version, instance, index, state, state_timestamp and cc_partition",
		}, Run: heartbeatShape},
		{Case: suite.Case{
			Name: "heartbeat/partition", Source: "running §1.2 (dea.heartbeat)", Level: suite.Required,
			About: "cc_partition and version are those of the start message",
		}, Run: heartbeatPartition},
		{Case: suite.Case{
			Name: "heartbeat/no-partition", Source: "running §0, §1.2", Level: suite.Required,
			About: "cc_partition is null, and there, when the start message had none",
		}, Run: heartbeatNoPartition},
		{Case: suite.Case{
			Name: "heartbeat/all-instances", Source: "running §1.2 (dea.heartbeat)", Level: suite.Required,
			About: "a heartbeat that was asked for lists every instance of an app",
		}, Run: heartbeatAll},
		{Case: suite.Case{
			Name: "heartbeat/stopped", Source: "running §3.1", Level: suite.Required,
			About: "an app that was stopped is in no heartbeat any more",
		}, Run: heartbeatStopped},
	}
}

// heartbeat asks for a heartbeat and waits for one with the app.
func (a *app) heartbeat(ctx context.Context) (wire.Object, error) {
	mark := a.k.wire.Now()
	if err := a.k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
		return nil, err
	}
	m, err := a.k.await(ctx, mark, "a dea.heartbeat with "+a.droplet, func(m wire.Message) bool { return len(a.entries(m)) > 0 }, a.said)
	return m.Object, err
}

// heartbeatUnasked looks for a heartbeat without a healthmanager.start shortly before it. The interval of 2012 is 10 s, and may be configured.
func heartbeatUnasked(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	const soon = 500 * time.Millisecond // after being asked for, or after the app has started
	asked := time.Now()
	_, err = k.await(ctx, k.wire.Now(), "a dea.heartbeat, unasked, with "+f.droplet, func(m wire.Message) bool {
		if m.Subject == protocol.HealthManagerStart.String() {
			asked = m.Time
		}
		return len(f.entries(m)) > 0 && m.Time.Sub(asked) > soon
	}, f.said)
	return err
}

// heartbeatOnRequest asks several times: one heartbeat might be the one that was due.
func heartbeatOnRequest(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	for range 3 {
		mark := k.wire.Now()
		if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, promptly)
		_, ok := k.wire.Wait(limited, mark, func(m wire.Message) bool { return len(f.entries(m)) > 0 })
		cancel()
		if !ok {
			return &suite.Mismatch{
				Why: "healthmanager.start is not followed by a heartbeat within " + promptly.String(), Expected: "a dea.heartbeat with " + f.droplet, Seen: "nothing",
			}
		}
	}
	return nil
}

func heartbeatShape(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := f.heartbeat(ctx)
	if err != nil {
		return err
	}
	entry := wire.Shape{
		{Key: "droplet", Kind: wire.Text()}, {Key: "version", Kind: wire.Text()}, {Key: "instance", Kind: wire.Hex(32)}, {Key: "index", Kind: wire.Int()},
		{Key: "state", Kind: wire.Matching("STARTING, RUNNING or CRASHED", "^(STARTING|RUNNING|CRASHED)$")},
		{Key: "state_timestamp", Kind: wire.Int()}, {Key: "cc_partition", Kind: wire.OrNull(wire.Text())},
	}
	return wire.Shape{
		{Key: "droplets", Kind: wire.Each(entry)}, {Key: "dea", Kind: wire.Is(k.id)}, {Key: "prod", Kind: wire.OrNull(wire.Bool())},
	}.Check("dea.heartbeat", o)
}

func heartbeatPartition(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	return wire.Shape{
		{Key: "cc_partition", Kind: wire.Is(modelPartition)}, {Key: "version", Kind: wire.Is(modelVersion)},
	}.Check("the entry of a heartbeat", f.beat)
}

func heartbeatNoPartition(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{without: []string{"cc_partition"}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	entry, err := a.entry(ctx, a.mark, protocol.Running)
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "cc_partition", Kind: wire.Null()}}.Check("the entry of a heartbeat", entry)
}

func heartbeatAll(ctx context.Context, k *Kit) error {
	a, err := k.pair(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	return k.listsBoth(ctx, a)
}

// listsBoth asks for a heartbeat and wants two instances of an app in it.
func (k *Kit) listsBoth(ctx context.Context, a *app) error {
	mark := k.wire.Now()
	if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
		return err
	}
	what := "a dea.heartbeat with both instances of " + a.droplet
	_, err := k.await(ctx, mark, what, func(m wire.Message) bool { return len(a.entries(m)) == 2 }, a.said)
	return err
}

func heartbeatStopped(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx) // without any instance there would be no heartbeat
	if err != nil {
		return err
	}
	if k.single {
		return k.oneOnly()
	}
	a, err := k.start(ctx, spec{name: "silenced"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	a.stop()
	if _, err := a.await(ctx, mark, protocol.DropletExited.String()); err != nil {
		return err
	}
	o, err := f.heartbeat(ctx)
	if err != nil {
		return err
	}
	if mine := a.entries(wire.Message{Subject: protocol.DEAHeartbeat.String(), Object: o}); len(mine) > 0 {
		return &suite.Mismatch{Why: "a stopped app is in a heartbeat", Expected: "without " + a.droplet, Seen: wire.Show(mine)}
	}
	return nil
}
