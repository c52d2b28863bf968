package deacases

import (
	"context"
	"net"
	"strconv"
	"sync"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func stopChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "stop/port-closes", Source: "running §8.11", Level: suite.Core,
			About: "dea.stop ends the app: its process is gone, and its port closed",
		}, Run: stopCloses},
		{Case: suite.Case{
			Name: "stop/order", Source: "running §8.25, §10", Level: suite.Core,
			About: "router.unregister comes before droplet.exited",
		}, Run: stopOrder},
		{Case: suite.Case{
			Name: "stop/unregistration", Source: "running §1.2 (router.unregister)", Level: suite.Required,
			About: "router.unregister has the dea, app, host, port and uris of the registration",
		}, Run: stopUnregistration},
		{Case: suite.Case{
			Name: "stop/exit", Source: "running §1.2 (droplet.exited)", Level: suite.Core,
			About: "droplet.exited has droplet, version, instance, index, cc_partition and the reason STOPPED, and no crash_timestamp",
		}, Run: stopExit},
		{Case: suite.Case{
			Name: "stop/record-gone", Source: "running §8.25", Level: suite.Required,
			About: "an app that was stopped is not found any more",
		}, Run: stopForgets},
		{Case: suite.Case{
			Name: "stop/index", Source: "running §8.25, §11.4", Level: suite.Required,
			About: "indices and version stop these instances and no others",
		}, Run: stopSome(func(second wire.Object) wire.Object { return wire.Object{"version": "1-1", "indices": []int{1}} })},
		{Case: suite.Case{
			Name: "stop/instance", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "instances stops these instances and no others",
		}, Run: stopSome(func(second wire.Object) wire.Object {
			return wire.Object{"instances": []string{second.Text("instance")}}
		})},
		{Case: suite.Case{
			Name: "stop/state", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "states stops instances in these states",
		}, Run: stopByState},
		{Case: suite.Case{
			Name: "stop/other-version", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "another version stops nothing",
		}, Run: stopNothing(func(a *app) wire.Object { return wire.Object{"droplet": a.droplet, "version": "other"} })},
		{Case: suite.Case{
			Name: "stop/other-state", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "another state stops nothing",
		}, Run: stopNothing(func(a *app) wire.Object {
			return wire.Object{"droplet": a.droplet, "version": "1-1", "indices": []int{0}, "states": []string{"STARTING", "CRASHED"}}
		})},
		{Case: suite.Case{
			Name: "stop/other-index", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "another index stops nothing",
		}, Run: stopNothing(func(a *app) wire.Object { return wire.Object{"droplet": a.droplet, "indices": []int{3}} })},
		{Case: suite.Case{
			Name: "stop/unknown-app", Source: "running §1.2 (dea.stop)", Level: suite.Required,
			About: "a stop of an app that the DEA does not have stops nothing",
		}, Run: stopNothing(func(a *app) wire.Object { return wire.Object{"droplet": a.droplet + "-other"} })},
		{Case: suite.Case{
			Name: "stop/starting", Source: "running §3.1", Level: suite.Required,
			About: "an app that is starting is stopped, and never registered",
		}, Run: stopStarting},
		{Case: suite.Case{
			Name: "stop/downloading", Source: "running §10 (fix 5)", Level: suite.Required,
			About: "an app that is stopped while its droplet is downloaded is not started afterwards",
		}, Run: stopDownloading},
	}
}

// stopped starts an app and stops it, and returns what the DEA said from the stop to the exit.
func (k *Kit) stopped(ctx context.Context, s spec) (a *app, said []wire.Message, err error) {
	if a, err = k.start(ctx, s); err != nil {
		return a, nil, err
	}
	mark := k.wire.Now()
	a.stop()
	_, err = a.await(ctx, mark, protocol.DropletExited.String())
	return a, k.wire.Since(mark, a.tells), err
}

func stopCloses(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "closes"})
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
	k.letSettle(ctx, a)
	a.stop()
	if err := k.ended(ctx, p, "the app runs on after dea.stop"); err != nil {
		return err
	}
	return k.closes(ctx, address(route))
}

// address is where a registration leads.
func address(route wire.Object) string {
	port, _ := route.Int("port")
	return net.JoinHostPort(route.Text("host"), strconv.FormatInt(port, 10))
}

// closes waits until nobody listens at an address.
func (k *Kit) closes(ctx context.Context, addr string) error {
	_, err := k.eventually(ctx, "closed port at "+addr, func() (wire.Object, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return wire.Object{}, nil
		}
		return nil, conn.Close()
	})
	return err
}

func stopOrder(ctx context.Context, k *Kit) error {
	a, said, err := k.stopped(ctx, spec{})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	return inOrder(said, protocol.RouterUnregister.String(), protocol.DropletExited.String())
}

// inOrder wants messages of exactly these subjects.
func inOrder(said []wire.Message, subjects ...string) error {
	same := len(said) == len(subjects)
	for i := 0; same && i < len(said); i++ {
		same = said[i].Subject == subjects[i]
	}
	if same {
		return nil
	}
	return &suite.Mismatch{Why: "other messages, or in another order", Expected: wire.Show(subjects), Seen: wire.Lines(said)}
}

func stopUnregistration(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	a.stop()
	o, err := a.await(ctx, mark, protocol.RouterUnregister.String())
	if err != nil {
		return err
	}
	return sameRoute(route).Check("router.unregister", o)
}

// sameRoute is a message to the router about the same endpoint.
func sameRoute(route wire.Object) wire.Shape {
	var s wire.Shape
	for _, key := range []string{"dea", "app", "host", "port", "uris"} {
		s = append(s, wire.Field{Key: key, Kind: wire.Is(route[key])})
	}
	return s
}

func stopExit(ctx context.Context, k *Kit) error {
	a, _, err := k.stopped(ctx, spec{change: wire.Object{"version": "7-7", "index": 2, "cc_partition": "other"}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	entry, err := a.entry(ctx, a.mark, protocol.Running)
	if err != nil {
		return err
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if _, has := exited["crash_timestamp"]; has {
		return &suite.Mismatch{Why: "a stop is no crash", Expected: "no crash_timestamp", Seen: exited.String()}
	}
	return wire.Shape{
		{Key: "droplet", Kind: wire.Is(a.droplet)}, {Key: "version", Kind: wire.Is("7-7")}, {Key: "instance", Kind: wire.Is(entry.Text("instance"))},
		{Key: "index", Kind: wire.Is(2)}, {Key: "reason", Kind: wire.Is(protocol.ExitStopped)}, {Key: "cc_partition", Kind: wire.Is("other")},
	}.Check("droplet.exited", exited)
}

func stopForgets(ctx context.Context, k *Kit) error {
	a, _, err := k.stopped(ctx, spec{name: "stopped"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	return a.notFound(ctx)
}

// stopSome stops the second of two instances.
func stopSome(filters func(second wire.Object) wire.Object) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.pair(ctx)
		defer a.end(ctx)
		if err != nil {
			return err
		}
		second, err := a.find(ctx, wire.Object{"indices": []int{1}})
		if err != nil {
			return err
		}
		mark := k.wire.Now()
		if err := k.wire.Send(protocol.DEAStop.String(), wire.Object{"droplet": a.droplet}.With(filters(second))); err != nil {
			return err
		}
		exited, err := a.await(ctx, mark, protocol.DropletExited.String())
		if err != nil {
			return err
		}
		if err := (wire.Shape{{Key: "index", Kind: wire.Is(1)}, {Key: "instance", Kind: wire.Is(second.Text("instance"))}}).Check("droplet.exited", exited); err != nil {
			return err
		}
		left, err := a.instances(ctx, nil)
		if err == nil && (len(left) != 1 || wire.Show(left[0]["index"]) != "0") {
			err = &suite.Mismatch{Why: "other instances were stopped, too, or too few", Expected: "index 0 alone", Seen: wire.Show(left)}
		}
		return err
	}
}

// stopNothing sends a stop that is not about the app.
func stopNothing(message func(*app) wire.Object) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.start(ctx, spec{})
		defer a.end(ctx)
		if err != nil {
			return err
		}
		mark := k.wire.Now()
		if err := k.wire.Send(protocol.DEAStop.String(), message(a)); err != nil {
			return err
		}
		if err := k.never(ctx, mark, "message about the app", a.tells); err != nil {
			return err
		}
		_, err = a.find(ctx, wire.Object{"states": []string{"RUNNING"}})
		return err
	}
}

func stopByState(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "states"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.wire.Send(protocol.DEAStop.String(), wire.Object{"droplet": a.droplet, "states": []string{"STARTING", "RUNNING"}}); err != nil {
		return err
	}
	_, err = a.await(ctx, mark, protocol.DropletExited.String())
	return err
}

func stopStarting(ctx context.Context, k *Kit) error {
	a, p, err := k.held(ctx, spec{name: "held"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	k.letSettle(ctx, a)
	mark := k.wire.Now()
	a.stop()
	exited, err := a.await(ctx, mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if err := (wire.Shape{{Key: "reason", Kind: wire.Is(protocol.ExitStopped)}}).Check("droplet.exited", exited); err != nil {
		return err
	}
	if err := k.ended(ctx, p, "the app runs on after dea.stop"); err != nil {
		return err
	}
	return inOrder(k.wire.Since(a.mark, a.tells), protocol.RouterUnregister.String(), protocol.DropletExited.String())
}

func stopDownloading(ctx context.Context, k *Kit) error {
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	a, err := k.launch(ctx, spec{name: "slow", download: &depot.Download{Gate: gate}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	if _, err := a.file.Fetched(limited); err != nil {
		return k.missing("a request for the droplet", "nothing")
	}
	a.stop()
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	if err := (wire.Shape{{Key: "reason", Kind: wire.Is(protocol.ExitStopped)}}).Check("droplet.exited", exited); err != nil {
		return err
	}
	open()
	k.wait(ctx, 2*k.Quiet) // it would have to be unpacked and started
	if len(a.stage.Processes()) > 0 {
		return &suite.Known{What: "an app that was stopped while its droplet was downloaded is started when it has come"}
	}
	return nil
}
