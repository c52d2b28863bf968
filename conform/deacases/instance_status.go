package deacases

import (
	"context"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func instanceStatusChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "droplet-status/running", Source: "running §1.2 (droplet.status)", Level: suite.Required,
			About: "droplet.status is answered for each running instance, with name, host, port, uris, uptime and quotas",
		}, Run: instanceRunning},
		{Case: suite.Case{
			Name: "droplet-status/starting", Source: "running §1.2 (droplet.status)", Level: suite.Required,
			About: "droplet.status is answered for an instance that is starting",
		}, Run: instanceStarting},
		{Case: suite.Case{
			Name: "droplet-status/crashed", Source: "running §1.2 (droplet.status)", Level: suite.Required,
			About: "droplet.status is not answered for an instance that has crashed",
		}, Run: instanceCrashed},
	}
}

func instanceRunning(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := k.answer(ctx, protocol.DropletStatus.String(), nil, "an answer to droplet.status for "+f.droplet, f.hasURIs)
	if err != nil {
		return err
	}
	return statsShape(f).Check("the answer to droplet.status", o)
}

// hasURIs reports whether something is about the app by the only thing in it that is its own.
func (a *app) hasURIs(o wire.Object) bool { return wire.Same(o["uris"], a.message["uris"]) }

func instanceStarting(ctx context.Context, k *Kit) error {
	a, _, err := k.held(ctx, spec{})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	_, err = k.answer(ctx, protocol.DropletStatus.String(), nil, "an answer to droplet.status for "+a.droplet, a.hasURIs)
	return err
}

func instanceCrashed(ctx context.Context, k *Kit) error {
	f, err := k.theCrash(ctx)
	if err != nil {
		return err
	}
	if err := instanceRunning(ctx, k); err != nil {
		return err
	}
	return k.silence(ctx, protocol.DropletStatus.String(), nil, f.hasURIs)
}
