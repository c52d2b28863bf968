package deacases

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// fixture is an app that many cases only look at. It is made for the first that needs it.
type fixture struct {
	*app
	*depot.Process
	beat  wire.Object // what the first heartbeat said of it
	route wire.Object // its registration

	once sync.Once
	err  error
}

// get returns the fixture, made by do. Who comes later gets the same, and the same error.
func (f *fixture) get(ctx context.Context, do func(context.Context, *fixture) error) (*fixture, error) {
	f.once.Do(func() { f.err = do(ctx, f) })
	if f.err != nil {
		return nil, fmt.Errorf("the app that this is about did not come to run: %w", f.err)
	}
	return f, nil
}

// The model app is one that runs, with everything that an app can have.
const (
	modelVersion   = "8f14e45fceea167a5a36dedd4bea2543-3"
	modelPartition = "conform-partition"
	modelDisk      = 300 // MB
	modelFDs       = 300
)

// modelStartup says in comments what the DEA made of the runtime's token, and leaves what it was given.
const modelStartup = `#!/bin/sh
# first: %VCAP_LOCAL_RUNTIME% second: %VCAP_LOCAL_RUNTIME%
ulimit -n > logs/fds
ln -s /etc app/outside
ln -s hello.txt app/inside
echo 'out of the app' > logs/stdout.log
` + runPuppet

const helloText = "Hello from here\n"

// theModel returns the model app.
func (k *Kit) theModel(ctx context.Context) (*fixture, error) {
	return k.model.get(ctx, func(ctx context.Context, f *fixture) (err error) {
		if f.app, err = k.launch(ctx, modelSpec(k)); err != nil {
			return err
		}
		return f.settle(ctx)
	})
}

// settle waits until the app of a fixture runs, and remembers how it came.
func (f *fixture) settle(ctx context.Context) (err error) {
	if f.beat, err = f.entry(ctx, f.mark, protocol.Running); err != nil {
		return err
	}
	if f.route, err = f.await(ctx, f.mark, protocol.RouterRegister.String()); err != nil {
		return err
	}
	f.Process, err = f.process(ctx)
	return err
}

func modelSpec(k *Kit) spec {
	return spec{
		name: "model", startup: modelStartup,
		files: []depot.Entry{
			{Name: "app/hello.txt", Text: helloText}, {Name: "app/.hidden", Text: "dot"},
			{Name: "app/run.sh", Mode: 0o755, Text: "#!/bin/sh\n"}, {Name: "app/link", Link: "hello.txt"},
			{Name: "app/listing/"}, {Name: "app/listing/b.txt", Text: strings.Repeat("b", 1229)}, {Name: "app/listing/a.txt", Text: strings.Repeat("a", 402)},
			{Name: "app/listing/c/"}, {Name: "app/listing/.d", Text: "d"},
		},
		change: wire.Object{
			"version": modelVersion, "cc_partition": modelPartition,
			"limits":       wire.Object{"mem": appMemory, "disk": modelDisk, "fds": modelFDs},
			"runtime_info": k.runtime.With(wire.Object{"environment": wire.Object{"CONFORM_RUNTIME": "of the runtime"}}),
			"services":     modelServices(),
			"env":          []string{"FOO=bar", "SP=a b c", "SQ='single $HOME'", "DOLLAR=$HOME", "EMPTY=", "EQUALS=a=b"},
		},
	}
}

// modelServices are bound services as the cloud controller describes them.
func modelServices() []wire.Object {
	return []wire.Object{
		{
			"name": "mydb", "label": "mysql-5.1", "type": "database", "vendor": "mysql", "version": "5.1", "tier": "free", "plan": "free",
			"tags": []string{"mysql", "mysql-5.1"}, "plan_option": nil, "options": wire.Object{},
			"credentials": wire.Object{"hostname": "10.0.0.5", "port": 3306, "user": "u", "password": `$HOME "x" \ <&> €` + "\nend"},
		},
		{
			"name": "other", "label": "mysql-5.1", "type": "database", "vendor": "mysql", "version": "5.1", "plan": "paid",
			"credentials": wire.Object{"user": "v"},
		},
		{
			"name": "cache", "label": "redis-2.2", "type": "key-value", "vendor": "redis", "version": "2.2", "plan": "free",
			"tags": []string{}, "credentials": wire.Object{"host": "10.0.0.6", "port": 6379},
		},
	}
}

// theCrash returns an app that ran and then ended with the status 7.
func (k *Kit) theCrash(ctx context.Context) (*fixture, error) {
	return k.crashed.get(ctx, func(ctx context.Context, f *fixture) (err error) {
		if f.app, err = k.launch(ctx, spec{name: "crash"}); err != nil {
			return err
		}
		if err = f.settle(ctx); err != nil {
			return err
		}
		if _, err = f.Do(ctx, exit(7)); err != nil {
			return err
		}
		f.app.give() // a crash reserves nothing
		_, err = f.await(ctx, f.mark, protocol.DropletExited.String())
		return err
	})
}

// retire stops the fixtures, for cases that need an empty DEA.
func (k *Kit) retire(ctx context.Context) {
	for _, f := range []*fixture{&k.model, &k.crashed} {
		if f.app != nil {
			f.end(ctx)
		}
	}
}
