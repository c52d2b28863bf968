package deacases

import (
	"context"
	"fmt"
	"slices"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func startChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "start/runs", Source: "running §8.7, §3.8", Level: suite.Core,
			About: "an app that is started is registered, and answers at the host and port that were registered",
		}, Run: startRuns},
		{Case: suite.Case{
			Name: "start/registration", Source: "running §1.2 (router.register)", Level: suite.Core,
			About: "router.register has dea, app, host, port, uris, tags and a private_instance_id of 64 hex digits",
		}, Run: startRegistration},
		{Case: suite.Case{
			Name: "start/heartbeat-first", Source: "running §3.1, §10", Level: suite.Core,
			About: "the heartbeat that says RUNNING comes before the registration",
		}, Run: startHeartbeatFirst},
		{Case: suite.Case{
			Name: "start/own-heartbeat", Source: "running §1.1, §1.2", Level: suite.Required,
			About: "the heartbeat of an instance that starts to run has this one alone",
		}, Run: startOwnHeartbeat},
		{Case: suite.Case{
			Name: "start/integer-id", Source: "running §0, §8.7", Level: suite.Core,
			About: "the id of an app may be an integer, and is a string in all that the DEA says",
		}, Run: startIntegerID},
		{Case: suite.Case{
			Name: "start/bare", Source: "running §8.7", Level: suite.Required,
			About: "services may be {}, and limits, env and users be missing",
		}, Run: startBare},
		{Case: suite.Case{
			Name: "start/default-limits", Source: "running §1.2, §3.2 (3)", Level: suite.Required,
			About: "limits that are missing are 512 MB, 256 MB and 1024 files",
		}, Run: startDefaultLimits},
		{Case: suite.Case{
			Name: "start/identical", Source: "running §8.8", Level: suite.Required,
			About: "four identical starts at once are four instances, with ids and ports of their own",
		}, Run: startIdentical},
		{Case: suite.Case{
			Name: "start/instance-ids", Source: "running §0", Level: suite.Required,
			About: "instances of the same app have different ids and different private ids",
		}, Run: startInstanceIDs},
		{Case: suite.Case{
			Name: "start/no-uris", Source: "running §8.29", Level: suite.Required,
			About: "an app without URIs runs as soon as it is started, and has no port and no route",
		}, When: suite.Alone, Run: startNoURIs},
		{Case: suite.Case{
			Name: "start/debug-and-console", Source: "running §3.5, §1.2", Level: suite.Required,
			About: "debug and console give the app a port each, in its environment and in dea.find.droplet",
		}, Run: startDebug},
		{Case: suite.Case{
			Name: "start/another-dea", Source: "running §1.1", Level: suite.Required,
			About: "a start that is meant for another DEA is none of this one's business",
		}, Run: startAnotherDEA},
		{Case: suite.Case{
			Name: "start/odd-name", Source: "running §10 (fix 6)", Level: suite.Required,
			About: "a name with blanks and apostrophes is a name, and reaches no shell",
		}, Run: startOddName},
		{Case: suite.Case{
			Name: "start/no-reply", Source: "running §1.2 (dea.<uuid>.start)", Level: suite.Required,
			About: "nobody answers a start, even if asked to",
		}, Run: startNoReply},
	}
}

func startRuns(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "runs"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	pid, err := a.visit(ctx, route)
	if err == nil && pid != p.PID {
		err = &suite.Mismatch{Why: "another process answers", Expected: fmt.Sprintf("puppet %d", p.PID), Seen: fmt.Sprintf("puppet %d", pid)}
	}
	return err
}

func startRegistration(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	return wire.Shape{
		{Key: "dea", Kind: wire.Is(k.id)}, {Key: "app", Kind: wire.Is(f.droplet)}, {Key: "host", Kind: wire.Text()}, {Key: "port", Kind: wire.Int()},
		{Key: "uris", Kind: wire.Is(f.message["uris"])},
		{Key: "tags", Kind: wire.Of(wire.Shape{{Key: "framework", Kind: wire.Is("sinatra")}, {Key: "runtime", Kind: wire.Is(k.Runtime())}})},
		{Key: "private_instance_id", Kind: wire.Hex(64)},
	}.Check("router.register", f.route)
}

func startHeartbeatFirst(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	said := k.wire.Since(f.mark, f.concerns)
	running := slices.IndexFunc(said, func(m wire.Message) bool {
		return slices.ContainsFunc(f.entries(m), func(e wire.Object) bool { return e.Text("state") == string(protocol.Running) })
	})
	registered := slices.IndexFunc(said, func(m wire.Message) bool { return m.Subject == protocol.RouterRegister.String() })
	if running < 0 || running > registered {
		return &suite.Mismatch{Why: "router.register came first", Expected: "dea.heartbeat, then router.register", Seen: wire.Lines(said[:registered+1])}
	}
	return nil
}

func startOwnHeartbeat(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx) // so that there is another one
	if err != nil {
		return err
	}
	if k.single {
		return k.oneOnly()
	}
	a, err := k.start(ctx, spec{})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	beats := k.wire.Since(a.mark, func(m wire.Message) bool { return len(a.entries(m)) > 0 })
	for _, m := range beats {
		if all, _ := m.Object.Objects("droplets"); len(all) == 1 {
			return nil
		}
	}
	return &suite.Mismatch{Why: "no heartbeat has the new instance alone", Expected: "without " + f.droplet, Seen: wire.Lines(beats)}
}

func startIntegerID(ctx context.Context, k *Kit) error {
	id := integerID()
	a, err := k.launch(ctx, spec{change: wire.Object{"droplet": id}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if err := a.awaitRunning(ctx); err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.wire.Send(protocol.DEAStop.String(), wire.Object{"droplet": id}); err != nil {
		return err
	}
	_, err = a.await(ctx, mark, protocol.DropletExited.String())
	return err
}

func startBare(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "bare", memory: 512, change: wire.Object{"services": wire.Object{}}, without: []string{"limits", "env", "users", "cc_partition"}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	_, err = a.visit(ctx, route)
	return err
}

func startDefaultLimits(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{memory: 512, without: []string{"limits"}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	found, err := a.find(ctx, wire.Object{"include_stats": true})
	if err != nil {
		return err
	}
	return quotas(512, 256, 1024).Check("the stats of an app without limits", found.Object("stats"))
}

// quotas are limits as they are told, in bytes.
func quotas(mem, disk, fds int) wire.Shape {
	return wire.Shape{{Key: "mem_quota", Kind: wire.Is(mem << 20)}, {Key: "disk_quota", Kind: wire.Is(disk << 20)}, {Key: "fds_quota", Kind: wire.Is(fds)}}
}

func startAnotherDEA(ctx context.Context, k *Kit) error {
	a := k.prepare(spec{name: "astray"})
	if err := k.wire.Send("dea."+newID()+".start", a.message); err != nil {
		return err
	}
	return k.never(ctx, a.mark, "sign of the app", a.concerns)
}

func startOddName(ctx context.Context, k *Kit) error {
	const name = "it's; my (app)"
	a, err := k.launch(ctx, spec{change: wire.Object{"name": name}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	exited := k.wire.Since(a.mark, func(m wire.Message) bool { return m.Subject == protocol.DropletExited.String() && a.concerns(m) })
	if err != nil && len(exited) > 0 {
		return &suite.Known{What: "the name of the app goes through a shell, which this one breaks"}
	}
	if err != nil {
		return err
	}
	application, err := wire.Parse([]byte(p.Env["VCAP_APPLICATION"]))
	if err != nil {
		return &suite.Known{What: "the name of the app goes through a shell, and corrupts the environment"}
	}
	return wire.Shape{{Key: "name", Kind: wire.Is(name)}}.Check("VCAP_APPLICATION", application)
}

func startNoReply(ctx context.Context, k *Kit) error {
	a := k.prepare(spec{name: "silent"})
	if err := k.room.take(ctx, a.memory); err != nil {
		return err
	}
	defer k.room.give(a.memory)
	defer a.end(ctx)
	q, err := k.wire.Ask("dea."+k.id+".start", a.message)
	if err != nil {
		return err
	}
	if err := a.awaitRunning(ctx); err != nil {
		return err
	}
	if all := q.Answers(); len(all) > 0 {
		return &suite.Mismatch{Why: "the start was answered", Expected: "silence", Seen: wire.Lines(all)}
	}
	return nil
}
