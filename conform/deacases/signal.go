package deacases

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// Signal is what may be done to the DEA's process at the end of a run.
type Signal struct {
	Name string       // TERM: it shuts down; USR2: it is evacuated; KILL: it is killed, and somebody starts it again
	Send func() error // sends it
}

// signalChecks come last of all. Of each run only those of one signal are tried: after it there is no DEA any more, or another one.
func signalChecks() []check {
	is := func(signal, name, section, about string, run func(context.Context, *Kit, *farewell) error) check {
		return check{
			Case: suite.Case{Name: "signal/" + name, Source: "running " + section, Level: suite.Required, About: about},
			When: suite.Last, Run: func(ctx context.Context, k *Kit) error {
				f, err := k.farewell(ctx, signal)
				if err != nil {
					return err
				}
				return run(ctx, k, f)
			},
		}
	}
	return []check{
		is("TERM", "shutdown-exit", "§8.31, §3.12", "a DEA that is told to end (TERM) says router.unregister and droplet.exited DEA_SHUTDOWN of each app", exitsWith(protocol.ExitDEAShutdown)),
		is("TERM", "shutdown-apps", "§8.31, §3.12", "its apps end with it", appsEnd),
		is("USR2", "evacuation-exit", "§8.32, §3.12", "a DEA that is evacuated (USR2) says droplet.exited DEA_EVACUATION of each app at once, and nothing to the router", evacuationExit),
		is("USR2", "evacuation-status", "§8.32, §1.2 (dea.status)", "its dea.status then has the state SHUTTING_DOWN", evacuationStatus),
		is("USR2", "evacuation-refuses", "§3.12, §1.2 (1)", "it answers no dea.discover then", evacuationRefuses),
		is("USR2", "evacuation-end", "§8.32", "after a while its apps are unregistered and end, without a second droplet.exited", evacuationEnd),
		is("KILL", "kill-survival", "§8.33, §2.6", "an app survives a DEA that is killed and started again, and is registered as before", killSurvival),
		is("KILL", "kill-instance", "§8.33, §2.6", "its instance keeps its id, and the DEA has another one", killInstance),
	}
}

// farewell is an app that runs while the DEA is sent a signal.
type farewell struct {
	fixture
	sent wire.Mark
}

// farewell sends the signal, the first time that it is called.
func (k *Kit) farewell(ctx context.Context, signal string) (*farewell, error) {
	if k.Signal == nil || k.Signal.Name != signal {
		return nil, &suite.Skip{Why: "the DEA's process may not be sent " + signal + ": --pid PID --signal " + signal + " allows it"}
	}
	k.bye.once.Do(func() { k.bye.err = k.sayBye(ctx) })
	if k.bye.err != nil {
		return nil, fmt.Errorf("the DEA could not be sent %s while an app ran: %w", signal, k.bye.err)
	}
	return &k.bye, nil
}

func (k *Kit) sayBye(ctx context.Context) (err error) {
	f := &k.bye
	if f.app, err = k.launch(ctx, spec{name: "bye"}); err != nil {
		return err
	}
	if err = f.settle(ctx); err != nil {
		return err
	}
	k.letSettle(ctx, f.app)
	f.sent = k.wire.Now()
	k.leaving.Store(true)
	return k.Signal.Send()
}

// exited waits for the end of the app, and wants it to have a reason.
func (f *farewell) exited(ctx context.Context, why protocol.ExitReason) error {
	o, err := f.await(ctx, f.sent, protocol.DropletExited.String())
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "reason", Kind: wire.Is(why)}, {Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}}.Check("droplet.exited", o)
}

func exitsWith(why protocol.ExitReason) func(context.Context, *Kit, *farewell) error {
	return func(ctx context.Context, k *Kit, f *farewell) error {
		if err := f.exited(ctx, why); err != nil {
			return err
		}
		return inOrder(k.wire.Since(f.sent, f.tells), protocol.RouterUnregister.String(), protocol.DropletExited.String())
	}
}

func appsEnd(ctx context.Context, k *Kit, f *farewell) error {
	return k.ended(ctx, f.Process, "the app outlives its DEA")
}

func evacuationExit(ctx context.Context, k *Kit, f *farewell) error {
	if err := f.exited(ctx, protocol.ExitDEAEvacuation); err != nil {
		return err
	}
	return inOrder(k.wire.Since(f.sent, f.tells), protocol.DropletExited.String())
}

func evacuationStatus(ctx context.Context, k *Kit, _ *farewell) error {
	o, err := k.status(ctx, nil)
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "state", Kind: wire.Is("SHUTTING_DOWN")}}.Check("dea.status", o)
}

func evacuationRefuses(ctx context.Context, k *Kit, _ *farewell) error {
	return k.silence(ctx, protocol.DEADiscover.String(), k.fit("bye"), k.isHello)
}

func evacuationEnd(ctx context.Context, k *Kit, f *farewell) error {
	patience := 3 * k.Patience // apps are given 30 s by default
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-f.Gone:
	case <-limited.Done():
		return &suite.Mismatch{Why: "the app is still there", Expected: "its end within " + patience.String(), Seen: "process " + wire.Show(f.PID)}
	}
	if _, err := f.await(ctx, f.sent, protocol.RouterUnregister.String()); err != nil {
		return err
	}
	return inOrder(k.wire.Since(f.sent, f.tells), protocol.DropletExited.String(), protocol.RouterUnregister.String())
}

func killSurvival(ctx context.Context, k *Kit, f *farewell) error {
	o, err := f.await(ctx, f.sent, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	select {
	case <-f.Gone:
		return &suite.Mismatch{Why: "the app has ended", Expected: "process " + wire.Show(f.PID), Seen: "nothing"}
	default:
	}
	shape := wire.Shape{{Key: "private_instance_id", Kind: wire.Is(f.route["private_instance_id"])}}
	for _, key := range []string{"app", "host", "port", "uris"} {
		shape = append(shape, wire.Field{Key: key, Kind: wire.Is(f.route[key])})
	}
	return shape.Check("router.register", o)
}

func killInstance(ctx context.Context, k *Kit, f *farewell) error {
	m, err := k.await(ctx, f.sent, "a dea.heartbeat with "+f.droplet, func(m wire.Message) bool {
		all, _ := m.Object.Objects("droplets")
		return m.Subject == protocol.DEAHeartbeat.String() && len(all) > 0 && all[0].Text("droplet") == f.droplet
	}, f.said)
	if err != nil {
		return err
	}
	all, _ := m.Object.Objects("droplets")
	if err := (wire.Shape{{Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}, {Key: "state", Kind: wire.Is(protocol.Running)}}).Check("the entry of the heartbeat", all[0]); err != nil {
		return err
	}
	if m.Object.Text("dea") == k.id {
		return &suite.Mismatch{Why: "the DEA has the id of the one that was killed", Expected: "another id", Seen: k.id}
	}
	return nil
}
