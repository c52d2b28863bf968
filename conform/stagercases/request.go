package stagercases

import (
	"context"
	"encoding/json"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// requestChecks are about requests that differ from the tutorial's and are as good.
func requestChecks() []check {
	is := func(name, section string, level suite.Level, about string, a app) check {
		return check{
			Case: suite.Case{Name: "request/" + name, Source: "staging " + section, Level: level, About: about},
			Run: func(ctx context.Context, k *Kit) error {
				_, _, err := k.stage(ctx, a)
				return err
			},
		}
	}
	return []check{
		is("integer-id", "§1.4", suite.Core, "app_id may be an integer, as the cloud controller has it", app{change: wire.Object{"app_id": 42}}),
		is("no-id", "§1.4", suite.Required, "app_id may be missing", app{without: []string{"app_id"}}),
		is("unknown-keys", "§1.4", suite.Required, "keys that nobody knows do no harm, anywhere", app{
			change: wire.Object{"unknown": 1},
			props: wire.Object{
				"unknown": wire.Object{}, "framework": "sinatra", "runtime": "ruby19", "name": "hello",
				"runtime_info": wire.Object{"name": "ruby19", "executable": "ruby", "version": "1.9.3", "status": wire.Object{"name": "current"}, "series": "ruby19"},
			},
		}),
		is("empty-service", "§1.4", suite.Required, "services may hold an object without keys", app{props: wire.Object{"services": []wire.Object{{}}}}),
		is("of-the-controller", "§2.4", suite.Required, "services, environment and meta of the cloud controller are understood", app{props: wire.Object{
			"services": []wire.Object{{
				"name": "mydb", "label": "mysql-5.1", "type": "database", "vendor": "mysql", "version": "5.1", "plan": "free", "tags": []string{"mysql"},
				"plan_option": nil, "options": wire.Object{}, "credentials": wire.Object{"hostname": "10.0.0.5", "port": 3306, "password": "p"},
			}},
			"environment": []string{"FOO=bar", "BUNDLE_WITHOUT="}, "meta": wire.Object{"debug": nil, "console": nil, "command": nil},
		}}),
		{Case: suite.Case{
			Name: "request/integral-floats", Source: "staging §6 Q25", Level: suite.Required,
			About: "256.0 is as good an integer as 256",
		}, Run: knownStrict(wire.Object{"resources": json.RawMessage(`{"memory":256.0,"disk":256.0,"fds":1024}`)})},
		{Case: suite.Case{
			Name: "request/version-number", Source: "staging §6 Q25", Level: suite.Required,
			About: "a version that was not quoted, 1.9, is one",
		}, Run: knownStrict(wire.Object{"runtime_info": wire.Object{"name": "ruby19", "executable": "ruby", "version": 1.9}})},
	}
}

// knownStrict stages an app whose properties the stager of 2012 did not take: it gave no answer.
func knownStrict(props wire.Object) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		t := k.task(app{props: props})
		if err := t.send(); err != nil {
			return err
		}
		if !t.answered(ctx) {
			return &suite.Known{What: "numbers of another type are refused, and without a reply"}
		}
		_, err := t.staged(ctx)
		return err
	}
}

// silence is how long nothing must come, at most, to be sure that the stager has dropped a request, as that of 2012 did.
const silence = 10 * time.Second

// answered reports whether a request that was sent is answered at all.
func (t *task) answered(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, min(silence, t.k.Patience))
	defer cancel()
	_, ok := t.asked.Answer(ctx, nil)
	return ok
}
