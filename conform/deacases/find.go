package deacases

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/conform/component"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

const findDroplet = "dea.find.droplet"

func findChecks() []check {
	found := func(name, about string, filters func(*fixture) wire.Object) check {
		return check{Case: suite.Case{Name: "find/" + name, Source: "running §1.2 (dea.find.droplet)", Level: suite.Required, About: about}, Run: findBy(filters, true)}
	}
	missed := func(name, about string, filters func(*fixture) wire.Object) check {
		return check{Case: suite.Case{Name: "find/" + name, Source: "running §1.2 (dea.find.droplet)", Level: suite.Required, About: about}, Run: findBy(filters, false)}
	}
	return []check{
		{Case: suite.Case{
			Name: "find/shape", Source: "running §1.2 (dea.find.droplet)", Level: suite.Required,
			About: "an instance is described with all its keys, those of unused ports being null",
		}, Run: findShape},
		{Case: suite.Case{
			Name: "find/integer-id", Source: "running §8.10", Level: suite.Required,
			About: "the id may be an integer, and is answered as a string",
		}, Run: findInteger},
		found("by-version", "the right version finds the instance", func(*fixture) wire.Object { return wire.Object{"version": modelVersion} }),
		missed("by-other-version", "another version finds nothing", func(*fixture) wire.Object { return wire.Object{"version": "other"} }),
		found("by-index", "the right index finds the instance", func(*fixture) wire.Object { return wire.Object{"indices": []int{7, 0}} }),
		missed("by-other-index", "another index finds nothing", func(*fixture) wire.Object { return wire.Object{"indices": []int{7}} }),
		found("by-instance", "the right instance id finds the instance", func(f *fixture) wire.Object {
			return wire.Object{"instances": []string{newID(), f.beat.Text("instance")}}
		}),
		missed("by-other-instance", "another instance id finds nothing", func(*fixture) wire.Object { return wire.Object{"instances": []string{newID()}} }),
		found("by-state", "the right state finds the instance", func(*fixture) wire.Object { return wire.Object{"states": []string{"CRASHED", "RUNNING"}} }),
		missed("by-other-state", "another state finds nothing", func(*fixture) wire.Object { return wire.Object{"states": []string{"CRASHED"}} }),
		missed("by-all", "all filters must fit", func(f *fixture) wire.Object {
			return wire.Object{"version": modelVersion, "indices": []int{0}, "instances": []string{f.beat.Text("instance")}, "states": []string{"STARTING"}}
		}),
		missed("unknown-app", "an app that the DEA does not have is not answered", func(*fixture) wire.Object { return wire.Object{"droplet": "conform-unknown"} }),
		{Case: suite.Case{
			Name: "find/each-instance", Source: "running §1.2 (dea.find.droplet)", Level: suite.Required,
			About: "each instance that fits is a message of its own",
		}, Run: findEach},
		{Case: suite.Case{
			Name: "find/instance-ids", Source: "running §10 (fix 7), §5.7", Level: suite.Required,
			About: "instance_ids, as the cloud controller writes it, is a filter like instances",
		}, Run: findInstanceIDs},
		{Case: suite.Case{
			Name: "find/no-stats", Source: "running §1.2 (dea.find.droplet)", Level: suite.Required,
			About: "stats are there only when asked for",
		}, Run: findNoStats},
		{Case: suite.Case{
			Name: "find/stats", Source: "running §1.2 (dea.find.droplet)", Level: suite.Required,
			About: "stats have name, host, port, uris, uptime, quotas in bytes and cores",
		}, Run: findStats},
		{Case: suite.Case{
			Name: "find/usage", Source: "running §1.2, §3.10", Level: suite.Required,
			About: "within seconds the stats have the usage: time, cpu, mem in KB and disk in bytes",
		}, Run: findUsage},
	}
}

// findBy wants the model app to be found by filters, or not to be.
func findBy(filters func(*fixture) wire.Object, want bool) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		f, err := k.theModel(ctx)
		if err != nil {
			return err
		}
		if _, err := f.find(ctx, nil); err != nil {
			return err
		}
		if !want {
			request := wire.Object{"droplet": f.droplet}.With(filters(f))
			return k.silence(ctx, findDroplet, request, func(o wire.Object) bool { return o.Text("dea") == k.id })
		}
		o, err := f.find(ctx, filters(f))
		if err != nil {
			return err
		}
		return wire.Shape{{Key: "instance", Kind: wire.Is(f.beat.Text("instance"))}}.Check("the answer to dea.find.droplet", o)
	}
}

func findShape(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := f.find(ctx, nil)
	if err != nil {
		return err
	}
	instance := f.beat.Text("instance")
	return wire.Shape{
		{Key: "dea", Kind: wire.Is(k.id)}, {Key: "version", Kind: wire.Is(modelVersion)}, {Key: "droplet", Kind: wire.Is(f.droplet)},
		{Key: "instance", Kind: wire.Is(instance)}, {Key: "index", Kind: wire.Is(0)}, {Key: "state", Kind: wire.Is(protocol.Running)},
		{Key: "state_timestamp", Kind: wire.Int()}, {Key: "file_uri", Kind: wire.Matching("http://…/droplets/", "^http://.*/droplets/$")},
		{Key: "credentials", Kind: wire.Texts()}, {Key: "staged", Kind: wire.Is("model-0-" + instance)},
		{Key: "debug_ip", Kind: wire.Null()}, {Key: "debug_port", Kind: wire.Null()}, {Key: "console_ip", Kind: wire.Null()}, {Key: "console_port", Kind: wire.Null()},
	}.Check("the answer to dea.find.droplet", o)
}

func findInteger(ctx context.Context, k *Kit) error {
	id := integerID()
	a, err := k.start(ctx, spec{change: wire.Object{"droplet": id}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	o, err := a.find(ctx, wire.Object{"droplet": id})
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "droplet", Kind: wire.Is(fmt.Sprint(id))}}.Check("the answer to dea.find.droplet", o)
}

// pair starts two instances of an app, with the indices 0 and 1.
func (k *Kit) pair(ctx context.Context) (*app, error) {
	if k.single {
		return k.prepare(spec{}), k.oneOnly()
	}
	a, err := k.launch(ctx, spec{name: "pair", memory: 2 * appMemory, change: wire.Object{"limits": wire.Object{"mem": appMemory}}})
	if err != nil {
		return a, err
	}
	mark := a.mark
	a.message["index"] = 1
	err = a.again()
	a.mark = mark
	if err != nil {
		return a, err
	}
	_, err = a.routes(ctx, 2)
	return a, err
}

// instances asks for the instances of an app, of which there are some, and returns the answers that come in a while.
func (a *app) instances(ctx context.Context, filters wire.Object) ([]wire.Object, error) {
	q, err := a.k.wire.Ask(findDroplet, wire.Object{"droplet": a.droplet}.With(filters))
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, a.k.Patience)
	defer cancel()
	q.Answer(limited, nil) // what follows comes soon, or not at all
	a.k.pause(ctx)
	var mine []wire.Object
	for _, m := range q.Answers() {
		if a.isMine(m.Object) {
			mine = append(mine, m.Object)
		}
	}
	return mine, nil
}

func findEach(ctx context.Context, k *Kit) error {
	a, err := k.pair(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	all, err := a.instances(ctx, nil)
	if err != nil {
		return err
	}
	indices := map[string]bool{}
	for _, o := range all {
		indices[wire.Show(o["index"])] = true
	}
	if len(all) != 2 || !indices["0"] || !indices["1"] {
		return &suite.Mismatch{Why: "not each instance was an answer", Expected: "index 0 and index 1", Seen: wire.Show(all)}
	}
	return nil
}

func findInstanceIDs(ctx context.Context, k *Kit) error {
	a, err := k.pair(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	second, err := a.find(ctx, wire.Object{"indices": []int{1}})
	if err != nil {
		return err
	}
	all, err := a.instances(ctx, wire.Object{"instance_ids": []string{second.Text("instance")}})
	switch {
	case err != nil:
		return err
	case len(all) == 1 && all[0].Text("instance") == second.Text("instance"):
		return nil
	case len(all) == 2:
		return &suite.Known{What: "instance_ids is ignored: any instance of the app answers"}
	}
	return &suite.Mismatch{Why: "another instance was found", Expected: second.String(), Seen: wire.Show(all)}
}

func findNoStats(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := f.find(ctx, wire.Object{"include_stats": false})
	if err != nil {
		return err
	}
	if _, has := o["stats"]; has {
		return &suite.Mismatch{Why: "stats came unasked", Expected: "no stats", Seen: o.String()}
	}
	return nil
}

// statsShape are the figures of the model app.
func statsShape(f *fixture) wire.Shape {
	port, _ := f.route.Int("port")
	return append(wire.Shape{
		{Key: "name", Kind: wire.Is("model")}, {Key: "host", Kind: wire.Is(f.route.Text("host"))}, {Key: "port", Kind: wire.Is(port)},
		{Key: "uris", Kind: wire.Is(f.message["uris"])}, {Key: "uptime", Kind: wire.Number()},
	}, quotas(appMemory, modelDisk, modelFDs)...)
}

func findStats(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := f.find(ctx, wire.Object{"include_stats": true})
	if err != nil {
		return err
	}
	return append(statsShape(f), wire.Field{Key: "cores", Kind: wire.Int()}).Check("stats", o.Object("stats"))
}

func findUsage(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	o, err := k.eventually(ctx, "usage in the stats", func() (wire.Object, error) {
		o, err := f.find(ctx, wire.Object{"include_stats": true})
		return o.Object("stats").Object("usage"), err
	})
	if err != nil {
		return err
	}
	err = wire.Shape{
		{Key: "time", Kind: component.RubyTime()}, {Key: "cpu", Kind: wire.Number()}, {Key: "mem", Kind: wire.Number()}, {Key: "disk", Kind: wire.Int()},
	}.Check("usage", o)
	if mem, _ := o.Number("mem"); err == nil && (mem < 100 || mem > appMemory*1024) {
		err = &suite.Mismatch{Why: "mem cannot be the KB that the app uses", Expected: "some thousand KB", Seen: o.String()}
	}
	return err
}
