package deacases

import (
	"context"
	"fmt"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// A busy DEA answers later. How much later is what a prototype may want to change, so the cases are optional; they notice it.
func taintChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "taint/memory", Source: "running §1.2 (taint)", Level: suite.Optional,
			About: "an answer takes 100 ms more when all memory is reserved, and less in proportion",
		}, When: suite.Alone, Run: taintMemory},
		{Case: suite.Case{
			Name: "taint/same-app", Source: "running §1.2 (taint)", Level: suite.Optional,
			About: "an answer takes 10 ms more for each instance of the same app",
		}, When: suite.Alone, Run: taintInstances},
		{Case: suite.Case{
			Name: "taint/crashed-instances", Source: "running §10 (fix 15)", Level: suite.Optional,
			About: "instances that have crashed do not delay an answer",
		}, When: suite.Alone, Run: taintCrashed},
	}
}

// delay is how long the DEA takes at least to answer: the shortest of some, as a busy machine can only add to it.
func (k *Kit) delay(ctx context.Context, droplet string) (time.Duration, error) {
	shortest := time.Hour
	for range 7 {
		began := time.Now()
		if _, err := k.offer(ctx, k.fit("taint").With(wire.Object{"droplet": droplet})); err != nil {
			return 0, err
		}
		shortest = min(shortest, time.Since(began))
	}
	return shortest, nil
}

// mostTaint is what no answer is held back for longer, whatever the load.
const mostTaint = 250 * time.Millisecond

// rounds is how often two delays are measured before they are wrong: a busy machine may add more to the one than to the other.
const rounds = 3

// compare measures two delays until they are as they must be, each the shortest so far.
func compare(measure func() (idle, busy time.Duration, err error), judge func(idle, busy time.Duration) error) error {
	var verdict error
	idle, busy := time.Hour, time.Hour
	for range rounds {
		i, b, err := measure()
		if err != nil {
			return err
		}
		idle, busy = min(idle, i), min(busy, b)
		if verdict = judge(idle, busy); verdict == nil {
			return nil
		}
	}
	return verdict
}

// later wants one delay to be longer than another by about so much. A busy machine adds to both.
func later(by time.Duration) func(idle, busy time.Duration) error {
	return func(idle, busy time.Duration) error {
		if diff := busy - idle; diff < by/2 || diff > by+mostTaint {
			return &suite.Mismatch{
				Why:      "the answer comes too early or too late",
				Expected: fmt.Sprintf("about %s more than the %s before", by, idle.Round(time.Millisecond)), Seen: busy.Round(time.Millisecond).String(),
			}
		}
		return nil
	}
}

func taintMemory(ctx context.Context, k *Kit) error {
	status, err := k.steady(ctx)
	if err != nil {
		return err
	}
	most, _ := status.Int("max_memory")
	reserved, _ := status.Int("reserved_memory")
	half := int(most / 2)
	if most-reserved < most/2+appMemory || half < appMemory {
		return &suite.Skip{Why: "less than half of the DEA's memory is free"}
	}
	return compare(func() (idle, busy time.Duration, err error) {
		if idle, err = k.delay(ctx, "conform-other"); err != nil {
			return 0, 0, err
		}
		a, err := k.start(ctx, spec{name: "taint", memory: half})
		defer a.end(ctx)
		if err != nil {
			return 0, 0, err
		}
		busy, err = k.delay(ctx, "conform-other")
		return idle, busy, err
	}, later(50*time.Millisecond))
}

// sameApp is how many instances of an app are started to measure their taint.
const sameApp = 5

func taintInstances(ctx context.Context, k *Kit) error {
	return k.taintOf(ctx, spec{name: "taint"}, func(a *app) error { return a.awaitRunning(ctx) }, later(sameApp*10*time.Millisecond))
}

func taintCrashed(ctx context.Context, k *Kit) error {
	crash := func(a *app) error {
		_, err := a.await(ctx, a.mark, protocol.DropletExited.String())
		return err
	}
	return k.taintOf(ctx, spec{name: "taint", startup: "#!/bin/sh\nexit 7\n"}, crash, func(other, same time.Duration) error {
		if same-other > sameApp*10*time.Millisecond/2 {
			return &suite.Known{What: "crashed instances delay the answer to dea.discover, as if they ran"}
		}
		return nil
	})
}

// taintOf measures the delay for an app with some instances, and for one that has none.
func (k *Kit) taintOf(ctx context.Context, s spec, settled func(*app) error, judge func(other, same time.Duration) error) error {
	if k.single {
		return k.oneOnly()
	}
	a, err := k.launch(ctx, s)
	defer a.end(ctx)
	for i := 0; err == nil; i++ {
		if err = settled(a); err != nil || i == sameApp-1 {
			break
		}
		a.message["index"] = i + 1
		err = a.again()
	}
	if err != nil {
		return err
	}
	return compare(func() (other, same time.Duration, err error) {
		if other, err = k.delay(ctx, "conform-other"); err != nil {
			return 0, 0, err
		}
		same, err = k.delay(ctx, a.droplet)
		return other, same, err
	}, judge)
}

// oneOnly is why a case needs a DEA of more than one instance.
func (k *Kit) oneOnly() error {
	return &suite.Skip{Why: "the DEA runs one instance and no more (multi_tenant: false)"}
}
