package deacases

import (
	"context"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func statusChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "status/empty-payload", Source: "running §8.4, §1.2", Level: suite.Required,
			About: "dea.status without a payload is answered with a hello and max_memory, reserved_memory, used_memory and num_clients",
		}, Run: statusEmpty},
		{Case: suite.Case{
			Name: "status/any-payload", Source: "running §1.2", Level: suite.Required,
			About: "what dea.status carries does not matter",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, err := k.status(ctx, wire.Object{"anything": []int{1}})
			return err
		}},
		{Case: suite.Case{
			Name: "status/counts", Source: "running §1.2", Level: suite.Required,
			About: "a running app raises reserved_memory by its limit and num_clients by one",
		}, When: suite.Alone, Run: statusCounts},
	}
}

// helloShape is how a DEA introduces itself.
func (k *Kit) helloShape() wire.Shape {
	return wire.Shape{
		{Key: "id", Kind: wire.Is(k.id)}, {Key: "ip", Kind: wire.Text()},
		{Key: "port", Kind: wire.OrNull(wire.Int())}, {Key: "version", Kind: wire.Is(protocol.DEAVersion)},
	}
}

func (k *Kit) statusShape() wire.Shape {
	return append(k.helloShape(), wire.Shape{
		{Key: "max_memory", Kind: wire.Int()}, {Key: "reserved_memory", Kind: wire.Int()},
		{Key: "used_memory", Kind: wire.Number()}, {Key: "num_clients", Kind: wire.Int()},
	}...)
}

func statusEmpty(ctx context.Context, k *Kit) error {
	o, err := k.status(ctx, nil)
	if err != nil {
		return err
	}
	return k.statusShape().Check("the answer to dea.status", o)
}

func statusCounts(ctx context.Context, k *Kit) error {
	before, err := k.steady(ctx)
	if err != nil {
		return err
	}
	a, err := k.start(ctx, spec{name: "count"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	after, err := k.status(ctx, nil)
	if err != nil {
		return err
	}
	reserved, _ := before.Int("reserved_memory")
	clients, _ := before.Int("num_clients")
	return wire.Shape{
		{Key: "reserved_memory", Kind: wire.Is(reserved + appMemory)}, {Key: "num_clients", Kind: wire.Is(clients + 1)},
	}.Check("dea.status while an app runs", after)
}

// steady waits until the figures of the DEA no longer change: what earlier cases have stopped may take a moment to go.
func (k *Kit) steady(ctx context.Context) (wire.Object, error) {
	last, err := k.status(ctx, nil)
	for same := 0; err == nil && same < 3; {
		k.wait(ctx, k.Quiet/4)
		var now wire.Object
		now, err = k.status(ctx, nil)
		if same++; !wire.Same(now.Without("used_memory"), last.Without("used_memory")) {
			same = 0
		}
		last = now
	}
	return last, err
}

func advertiseChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "advertise/on-locate", Source: "running §8.6, §1.2", Level: suite.Core,
			About: "dea.locate makes the DEA advertise id, available_memory, runtimes and prod at once",
		}, When: suite.Alone, Run: advertiseOnLocate},
		{Case: suite.Case{
			Name: "advertise/any-payload", Source: "running §8.6", Level: suite.Required,
			About: "what dea.locate carries does not matter",
		}, When: suite.Alone, Run: func(ctx context.Context, k *Kit) error {
			k.pause(ctx) // as above
			_, err := k.locate(ctx, wire.Object{"any": "thing"})
			return err
		}},
		{Case: suite.Case{
			Name: "advertise/interval", Source: "running §1.1, §11.7", Level: suite.Required,
			About: "the DEA advertises unasked, every 5 s",
		}, When: suite.Alone, Run: advertiseUnasked},
	}
}

func (k *Kit) advertises(m wire.Message) bool {
	return m.Subject == protocol.DEAAdvertise.String() && m.Object.Text("id") == k.id
}

// advertised are the advertisements of the DEA.
func (k *Kit) advertised(after wire.Mark) []wire.Message { return k.wire.Since(after, k.advertises) }

// locate makes the DEA advertise. It is asked twice: one answer might be the one that was due.
func (k *Kit) locate(ctx context.Context, payload any) (wire.Object, error) {
	var m wire.Message
	for range 2 {
		began := k.wire.Now()
		if err := k.wire.Send(protocol.DEALocate.String(), payload); err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(ctx, promptly)
		var ok bool
		m, ok = k.wire.Wait(limited, began, k.advertises)
		cancel()
		if !ok {
			return nil, &suite.Mismatch{
				Why: "dea.locate is not answered with dea.advertise within " + promptly.String(), Expected: "dea.advertise of " + k.id, Seen: "nothing",
			}
		}
	}
	return m.Object, nil
}

// promptly is how soon something must follow that would also come by itself some seconds later.
const promptly = 2 * time.Second

func advertiseOnLocate(ctx context.Context, k *Kit) error {
	k.pause(ctx) // what was stopped a moment ago is still to be advertised
	o, err := k.locate(ctx, nil)
	if err != nil {
		return err
	}
	return wire.Shape{
		{Key: "id", Kind: wire.Is(k.id)}, {Key: "available_memory", Kind: wire.Int()},
		{Key: "runtimes", Kind: wire.Texts()}, {Key: "prod", Kind: wire.OrNull(wire.Bool())},
	}.Check("dea.advertise", o)
}

// advertiseUnasked waits for what nobody has asked for. The interval of 2012 is 5 s, and may be configured.
func advertiseUnasked(ctx context.Context, k *Kit) error {
	_, err := k.await(ctx, k.wire.Now(), "a dea.advertise, unasked", k.advertises, k.advertised)
	return err
}
