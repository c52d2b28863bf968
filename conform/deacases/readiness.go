package deacases

import (
	"context"
	"time"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func readinessChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "ready/starting", Source: "running §3.1, §1.2 (dea.heartbeat)", Level: suite.Required,
			About: "an app that has not opened its port is STARTING in the heartbeats",
		}, Run: readyStarting},
		{Case: suite.Case{
			Name: "ready/port", Source: "running §3.8", Level: suite.Core,
			About: "an app is registered when it has opened its port, and not before",
		}, Run: readyPort},
		{Case: suite.Case{
			Name: "ready/state-file", Source: "running §3.8", Level: suite.Required,
			About: "an app whose droplet.yaml names a state_file runs when that says RUNNING, whatever its port does",
		}, Run: readyStateFile},
		{Case: suite.Case{
			Name: "ready/never", Source: "running §8.30, §3.8", Level: suite.Required, Slow: true,
			About: "an app that does not open its port within a minute is stopped, unregistered and CRASHED",
		}, Run: readyNever},
		{Case: suite.Case{
			Name: "ready/suspended", Source: "running §3.8, §10 (fix 13)", Level: suite.Required, Slow: true,
			About: "an app that waits for its debugger (debug \"suspend\") may take longer than a minute",
		}, Run: readySuspended},
	}
}

// held starts an app that does not open its port, and waits for its process.
func (k *Kit) held(ctx context.Context, s spec) (*app, *depot.Process, error) {
	s.hold = true
	a, err := k.launch(ctx, s)
	if err != nil {
		return a, nil, err
	}
	p, err := a.process(ctx)
	return a, p, err
}

func readyStarting(ctx context.Context, k *Kit) error {
	a, _, err := k.held(ctx, spec{name: "starting"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
		return err
	}
	_, err = a.entry(ctx, mark, protocol.Starting)
	return err
}

func readyPort(ctx context.Context, k *Kit) error {
	a, p, err := k.held(ctx, spec{name: "port"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if err := k.never(ctx, a.mark, "message about the app before its port was open", a.tells); err != nil {
		return err
	}
	if _, err := p.Do(ctx, puppet.Order{Do: "listen"}); err != nil {
		return err
	}
	return a.awaitRunning(ctx)
}

func readyStateFile(ctx context.Context, k *Kit) error {
	a, p, err := k.held(ctx, spec{name: "state", files: []depot.Entry{{Name: "droplet.yaml", Text: "---\nstate_file: app/state"}}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	for _, o := range []puppet.Order{{Do: "listen"}, {Do: "write", Path: "app/state", Text: `{"state":"STARTING"}`}} {
		if _, err := p.Do(ctx, o); err != nil {
			return err
		}
	}
	if err := k.never(ctx, a.mark, "message about the app before its state file said RUNNING", a.tells); err != nil {
		return err
	}
	if _, err := p.Do(ctx, puppet.Order{Do: "replace", Path: "app/state", Text: `{"state":"RUNNING"}`}); err != nil {
		return err
	}
	return a.awaitRunning(ctx)
}

func readyNever(ctx context.Context, k *Kit) error {
	a, p, err := k.held(ctx, spec{name: "never"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if said, early := k.hears(ctx, a, 55*time.Second); early {
		return &suite.Mismatch{Why: "the DEA gave up too early", Expected: "a minute", Seen: said.String()}
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if err := crashedShape(a).Check("droplet.exited", exited); err != nil {
		return err
	}
	return k.ended(ctx, p, "the app runs on")
}

func readySuspended(ctx context.Context, k *Kit) error {
	a, p, err := k.held(ctx, spec{name: "suspend", change: wire.Object{"debug": "suspend"}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, early := k.hears(ctx, a, 65*time.Second); early {
		return &suite.Known{What: "an app that waits for its debugger is given up after a minute"}
	}
	if _, err := p.Do(ctx, puppet.Order{Do: "listen"}); err != nil {
		return err
	}
	return a.awaitRunning(ctx)
}

// hears waits so long for a message that tells of a change of the app.
func (k *Kit) hears(ctx context.Context, a *app, within time.Duration) (wire.Message, bool) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return k.wire.Wait(ctx, a.mark, a.tells)
}
