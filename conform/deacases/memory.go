package deacases

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// roomChecks look at the memory of the DEA as a whole, and so run alone.
func roomChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "room/start", Source: "running §3.1, §3.2 (9), §11.1", Level: suite.Required,
			About: "a start is advertised at once, with the app's memory less",
		}, When: suite.Alone, Run: roomStart},
		{Case: suite.Case{
			Name: "room/stop", Source: "running §8.25, §3.1", Level: suite.Required,
			About: "a stop is advertised after droplet.exited, with the memory back",
		}, When: suite.Alone, Run: roomBack(func(_ context.Context, a *app) error { a.stop(); return nil })},
		{Case: suite.Case{
			Name: "room/crash", Source: "running §8.23, §3.1", Level: suite.Required,
			About: "a crash is advertised after droplet.exited, with the memory back",
		}, When: suite.Alone, Run: roomBack(func(ctx context.Context, a *app) error {
			p, err := a.process(ctx)
			if err != nil {
				return err
			}
			_, err = p.Do(ctx, exit(7))
			return err
		})},
		{Case: suite.Case{
			Name: "room/failed-download", Source: "running §8.26", Level: suite.Required,
			About: "an app whose droplet cannot be had is advertised twice, with its memory less and with it back",
		}, When: suite.Alone, Run: roomFailed},
		{Case: suite.Case{
			Name: "room/discover", Source: "running §1.2 (taint)", Level: suite.Required,
			About: "an answer to dea.discover reserves nothing",
		}, When: suite.Alone, Run: roomDiscover},
		{Case: suite.Case{
			Name: "room/full-advertises-nothing", Source: "running §1.2 (dea.advertise), §10", Level: suite.Required,
			About: "a DEA that is full does not advertise",
		}, When: suite.Alone, Run: roomFull(func(ctx context.Context, k *Kit) error {
			mark := k.wire.Now()
			if err := k.wire.Send(protocol.DEALocate.String(), nil); err != nil {
				return err
			}
			return k.never(ctx, mark, "dea.advertise", k.advertises)
		})},
		{Case: suite.Case{
			Name: "room/full-offers-nothing", Source: "running §1.2 (6)", Level: suite.Required,
			About: "a DEA that is full does not answer dea.discover",
		}, When: suite.Alone, Run: roomFull(func(ctx context.Context, k *Kit) error {
			return k.silence(ctx, protocol.DEADiscover.String(), k.fit("full"), k.isHello)
		})},
		{Case: suite.Case{
			Name: "room/full-starts-nothing", Source: "running §8.27, §3.2 (4)", Level: suite.Required,
			About: "a DEA that is full starts nothing more",
		}, When: suite.Alone, Run: roomFull(func(ctx context.Context, k *Kit) error {
			a := k.prepare(spec{name: "more"})
			if err := a.again(); err != nil {
				return err
			}
			defer a.end(ctx)
			return k.never(ctx, a.mark, "message about the app", a.concerns)
		})},
		{Case: suite.Case{
			Name: "room/empty-heartbeat", Source: "running §1.2 (dea.heartbeat)", Level: suite.Required,
			About: "a DEA without instances sends no heartbeat, even when asked for one",
		}, When: suite.Alone, Run: roomEmpty},
	}
}

// available is the memory that the DEA advertises.
func (k *Kit) available(ctx context.Context) (int64, error) {
	if _, err := k.steady(ctx); err != nil {
		return 0, err
	}
	o, err := k.locate(ctx, nil)
	if err != nil {
		return 0, err
	}
	mb, ok := o.Int("available_memory")
	if !ok {
		return 0, &suite.Mismatch{Why: "available_memory is no integer", Expected: "MB", Seen: o.String()}
	}
	return mb, nil
}

// awaitAvailable waits for an advertisement of so much memory.
func (k *Kit) awaitAvailable(ctx context.Context, after wire.Mark, mb int64) (wire.Message, error) {
	return k.await(ctx, after, fmt.Sprintf("a dea.advertise with %d MB", mb), func(m wire.Message) bool {
		n, ok := m.Object.Int("available_memory")
		return k.advertises(m) && ok && n == mb
	}, k.advertised)
}

// roomStart holds the app back, so that what is advertised cannot be that of a later moment.
func roomStart(ctx context.Context, k *Kit) error {
	before, err := k.available(ctx)
	if err != nil {
		return err
	}
	a, err := k.launch(ctx, spec{hold: true})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	_, err = k.awaitAvailable(limited, a.mark, before-appMemory)
	return err
}

func roomBack(end func(context.Context, *app) error) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		before, err := k.available(ctx)
		if err != nil {
			return err
		}
		a, err := k.start(ctx, spec{})
		defer a.end(ctx)
		if err != nil {
			return err
		}
		mark := k.wire.Now()
		if err := end(ctx, a); err != nil {
			return err
		}
		if _, err := a.await(ctx, mark, protocol.DropletExited.String()); err != nil {
			return err
		}
		if _, err := k.awaitAvailable(ctx, mark, before); err != nil {
			return err
		}
		said := k.wire.Since(mark, func(m wire.Message) bool {
			mb, _ := m.Object.Int("available_memory")
			return m.Subject == protocol.DropletExited.String() && a.concerns(m) || k.advertises(m) && mb == before
		})
		return inOrder(said[:2], protocol.DropletExited.String(), protocol.DEAAdvertise.String())
	}
}

func roomFailed(ctx context.Context, k *Kit) error {
	before, err := k.available(ctx)
	if err != nil {
		return err
	}
	gate := make(chan struct{}) // or the figures might be back before they are sent
	bits := notHere()
	bits.Gate = gate
	a, err := k.launch(ctx, spec{download: bits})
	defer a.end(ctx)
	if err == nil {
		_, err = k.awaitAvailable(ctx, a.mark, before-appMemory)
	}
	mark := k.wire.Now()
	close(gate)
	if err != nil {
		return err
	}
	_, err = k.awaitAvailable(ctx, mark, before)
	return err
}

func roomDiscover(ctx context.Context, k *Kit) error {
	before, err := k.available(ctx)
	if err != nil {
		return err
	}
	if _, err := k.offer(ctx, k.fit("room")); err != nil {
		return err
	}
	after, err := k.available(ctx)
	if err == nil && before != after {
		err = &suite.Mismatch{Why: "the memory has changed", Expected: fmt.Sprintf("%d MB", before), Seen: fmt.Sprintf("%d MB", after)}
	}
	return err
}

// roomFull tries something while all memory of the DEA is reserved.
func roomFull(try func(context.Context, *Kit) error) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		free, err := k.available(ctx)
		if err != nil {
			return err
		}
		a := k.prepare(spec{name: "full", memory: int(free)})
		defer a.end(ctx)
		if err := a.again(); err != nil {
			return err
		}
		if err := a.awaitRunning(ctx); err != nil {
			return err
		}
		return try(ctx, k)
	}
}

func roomEmpty(ctx context.Context, k *Kit) error {
	k.retire(ctx)
	mark := k.wire.Now()
	if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
		return err
	}
	k.pause(ctx)
	for _, m := range k.wire.Since(mark, func(m wire.Message) bool {
		return m.Subject == protocol.DEAHeartbeat.String() && m.Object.Text("dea") == k.id
	}) {
		if all, ok := m.Object.Objects("droplets"); ok && len(all) > 0 {
			return &suite.Skip{Why: "the DEA has instances of others"}
		}
		return &suite.Mismatch{Why: "there was an empty heartbeat", Expected: "silence", Seen: m.String()}
	}
	return nil
}
