package deacases

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func discoverChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "discover/fits", Source: "running §8.5, §1.2", Level: suite.Core,
			About: "a request that fits, as the tutorial sends it, is answered with id, ip, port and version",
		}, Run: discoverFits},
		{Case: suite.Case{
			Name: "discover/of-the-controller", Source: "running §1.2", Level: suite.Required,
			About: "a request with everything that the cloud controller sends is answered",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, err := k.offer(ctx, k.fit("all").With(wire.Object{
				"name": "hello", "runtime": k.Runtime(), "prod": false, "sha": "8f14e45fceea167a5a36dedd4bea2543", "unknown": wire.Object{},
				"limits": wire.Object{"mem": appMemory, "disk": 256, "fds": 256},
			}))
			return err
		}},
		{Case: suite.Case{
			Name: "discover/integer-id", Source: "running §8.5, §0", Level: suite.Core,
			About: "the id of an app may be an integer",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, err := k.offer(ctx, k.fit("").With(wire.Object{"droplet": 1}))
			return err
		}},
		{Case: suite.Case{
			Name: "discover/unknown-runtime", Source: "running §1.2 (4), §2.3", Level: suite.Core,
			About: "a runtime that the DEA does not have is not answered",
		}, Run: refuse(func(k *Kit) wire.Object {
			return wire.Object{"runtime_info": k.runtime.With(wire.Object{"name": "conform-cobol"})}
		})},
		{Case: suite.Case{
			Name: "discover/too-big", Source: "running §1.2 (6)", Level: suite.Core,
			About: "more memory than there is is not answered",
		}, Run: refuse(func(*Kit) wire.Object { return wire.Object{"limits": wire.Object{"mem": 1 << 30}} })},
		{Case: suite.Case{
			Name: "discover/missing-executable", Source: "running §2.3 (1), §8.20", Level: suite.Required,
			About: "a program that is not there is not answered, unless the DEA has one of its own for the runtime, which it then runs",
		}, Run: discoverMissingExecutable},
		{Case: suite.Case{
			Name: "discover/failing-version-command", Source: "running §2.3 (2), §8.20", Level: suite.Required,
			About: "a version command that fails is not answered",
		}, Run: strictly(func(k *Kit) wire.Object {
			return wire.Object{"executable": "/bin/sh", "version_flag": "-c 'exit 3'", "version_output": "."}
		})},
		{Case: suite.Case{
			Name: "discover/no-version-output", Source: "running §2.3 (4), §8.20", Level: suite.Required,
			About: "a request that does not say which version it wants is not answered",
		}, Run: strictly(func(k *Kit) wire.Object { return wire.Object{"version_output": nil} })},
		{Case: suite.Case{
			Name: "discover/other-version", Source: "running §2.3 (5), §8.20", Level: suite.Optional,
			About: "a program of another version is not answered",
		}, Run: strictly(func(*Kit) wire.Object { return wire.Object{"version_output": "conform 0.0.0"} })}, // where nobody has it any more, a DEA may help itself
		{Case: suite.Case{
			Name: "discover/verified-again", Source: "running §8.21, §2.3", Level: suite.Required,
			About: "a request that was refused for its runtime does not spoil the next, which asks for what is there",
		}, Run: discoverVerifiedAgain},
		{Case: suite.Case{
			Name: "discover/production-app", Source: "running §1.2 (5)", Level: suite.Required,
			About: "an app that is marked for production is answered",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, err := k.offer(ctx, k.fit("prod").With(wire.Object{"prod": true}))
			return err
		}},
		{Case: suite.Case{
			Name: "discover/answers-once", Source: "running §1.1", Level: suite.Required,
			About: "one request is answered once",
		}, Run: discoverOnce},
	}
}

// fit is a request that the DEA can fulfil, in the words of the tutorial's scripts.
func (k *Kit) fit(name string) wire.Object {
	return wire.Object{"droplet": "conform-" + k.run + "-" + name, "limits": wire.Object{"mem": appMemory}, "runtime_info": k.runtime}
}

// offer asks who can run something, and wants the DEA to say that it can.
func (k *Kit) offer(ctx context.Context, request wire.Object) (wire.Object, error) {
	return k.answer(ctx, protocol.DEADiscover.String(), request, "an answer to dea.discover", k.isHello)
}

func (k *Kit) isHello(o wire.Object) bool { return o.Text("id") == k.id }

func discoverFits(ctx context.Context, k *Kit) error {
	o, err := k.offer(ctx, k.fit("fits"))
	if err != nil {
		return err
	}
	return k.helloShape().Check("the answer to dea.discover", o)
}

// refuse wants no answer to a request that is changed. That it was the change is made sure by asking without it.
func refuse(change func(*Kit) wire.Object) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		request := k.fit("refuse")
		if err := k.silence(ctx, protocol.DEADiscover.String(), request.With(change(k)), k.isHello); err != nil {
			return err
		}
		_, err := k.offer(ctx, request)
		return err
	}
}

// strictly wants no answer to a request whose runtime_info is changed, of a DEA that looks at it.
func strictly(change func(*Kit) wire.Object) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		if k.lenient {
			return &suite.Skip{Why: "the DEA serves this runtime by a program of its own, whatever the message says of one"}
		}
		return refuse(func(k *Kit) wire.Object { return wire.Object{"runtime_info": k.runtime.With(change(k))} })(ctx, k)
	}
}

func discoverMissingExecutable(ctx context.Context, k *Kit) error {
	const missing = "/nonexistent/conform/program"
	info := k.runtime.With(wire.Object{"executable": missing})
	if !k.lenient {
		return refuse(func(*Kit) wire.Object { return wire.Object{"runtime_info": info} })(ctx, k)
	}
	a, err := k.start(ctx, spec{name: "mapped", startup: modelStartup, change: wire.Object{"runtime_info": info}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	first, second, err := tokens(ctx, p)
	if err != nil {
		return err
	}
	if first == missing || !absolute(first) || first != second {
		return &suite.Mismatch{
			Why: "the app would run a program that is not there", Expected: "the path of the DEA's own program for the runtime", Seen: first + " and " + second,
		}
	}
	return nil
}

func discoverVerifiedAgain(ctx context.Context, k *Kit) error {
	wrong := k.fit("again").With(wire.Object{"runtime_info": k.runtime.With(wire.Object{"executable": "/nonexistent/conform", "version_output": "nothing"})})
	if _, err := k.wire.Ask(protocol.DEADiscover.String(), wrong); err != nil {
		return err
	}
	_, err := k.offer(ctx, k.fit("again"))
	return err
}

func discoverOnce(ctx context.Context, k *Kit) error {
	q, err := k.wire.Ask(protocol.DEADiscover.String(), k.fit("once"))
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	if _, ok := q.Answer(limited, func(m wire.Message) bool { return k.isHello(m.Object) }); !ok {
		return k.missing("an answer to dea.discover", wire.Lines(q.Answers()))
	}
	return k.once(ctx, q, k.isHello)
}

// once waits a while and wants that a request was answered no more than once.
func (k *Kit) once(ctx context.Context, q *wire.Question, fits func(wire.Object) bool) error {
	k.pause(ctx)
	var mine []wire.Message
	for _, m := range q.Answers() {
		if fits(m.Object) {
			mine = append(mine, m)
		}
	}
	if len(mine) > 1 {
		return &suite.Mismatch{Why: fmt.Sprintf("there were %d answers", len(mine)), Expected: "one", Seen: wire.Lines(mine)}
	}
	return nil
}
