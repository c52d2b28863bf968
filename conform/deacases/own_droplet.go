package deacases

import (
	"context"
	"net"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/protocol"
)

// ownMemory is what somebody's own droplet may use, in MB.
const ownMemory = 256

func ownDropletChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "own-droplet/runs", Source: "running §8.7", Level: suite.Required,
			About: "the droplet of --droplet runs, and accepts connections where it was registered",
		}, Run: ownRuns},
		{Case: suite.Case{
			Name: "own-droplet/stops", Source: "running §8.11", Level: suite.Required,
			About: "it can be stopped, and its port is closed then",
		}, Run: ownStops},
	}
}

// own starts the droplet that the kit was given, and returns where it listens.
func (k *Kit) own(ctx context.Context) (a *app, addr string, err error) {
	if k.Droplet == nil {
		return k.prepare(spec{}), "", &suite.Skip{Why: "there is no --droplet"}
	}
	a, err = k.start(ctx, spec{name: "own", memory: ownMemory, download: &depot.Download{Body: k.Droplet}})
	if err != nil {
		return a, "", err
	}
	route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	return a, address(route), err
}

func ownRuns(ctx context.Context, k *Kit) error {
	a, addr, err := k.own(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return &suite.Mismatch{Why: "the app does not accept connections", Expected: addr, Seen: err.Error()}
	}
	return conn.Close()
}

func ownStops(ctx context.Context, k *Kit) error {
	a, addr, err := k.own(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	k.letSettle(ctx, a)
	a.stop()
	if _, err := a.await(ctx, a.mark, protocol.DropletExited.String()); err != nil {
		return err
	}
	return k.closes(ctx, addr)
}
