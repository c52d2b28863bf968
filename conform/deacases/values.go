package deacases

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// valueChecks send values that a shell would take for something else.
func valueChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "env/quotes", Source: "running §10 (fix 6)", Level: suite.Required,
			About: "quotes in a user's variable reach the app",
		}, Run: envOf(`say "hi" to it's owner`, `say hi to it's owner`)},
		{Case: suite.Case{
			Name: "env/no-commands", Source: "running §10 (fix 6)", Level: suite.Required,
			About: "$(command) in a user's variable is text, and nothing that is run",
		}, Run: envOf("a$(echo b)c", "abc")},
		{Case: suite.Case{
			Name: "env/apostrophe-in-credentials", Source: "running §3.6, §10 (fix 6)", Level: suite.Required,
			About: "an apostrophe in a service's credentials reaches the app, and harms no variable behind it",
		}, Run: envApostrophe},
	}
}

// envOf gives an app a variable. In 2012 it became something else.
func envOf(value, in2012 string) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.launch(ctx, spec{change: wire.Object{"env": []string{"CONFORM=" + value}}})
		defer a.end(ctx)
		if err != nil {
			return err
		}
		p, err := a.process(ctx)
		if err != nil {
			return err
		}
		if got := p.Env["CONFORM"]; got == in2012 {
			return &suite.Known{What: fmt.Sprintf("a shell made %q of %q", got, value)}
		}
		return sameEnv(p.Env, map[string]string{"CONFORM": value})
	}
}

func envApostrophe(ctx context.Context, k *Kit) error {
	credentials := wire.Object{"password": "it's"}
	a, err := k.launch(ctx, spec{change: wire.Object{
		"services": []wire.Object{{"name": "s", "label": "x-1", "vendor": "x", "type": "t", "version": "1", "credentials": credentials}},
	}})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		crashed := k.wire.Since(a.mark, func(m wire.Message) bool { return m.Subject == protocol.DropletExited.String() && a.concerns(m) })
		if len(crashed) > 0 {
			return &suite.Known{What: "an apostrophe in credentials keeps the app from starting"}
		}
		return err
	}
	services, err := wire.Parse([]byte(p.Env["VCAP_SERVICES"]))
	if err != nil {
		return &suite.Known{What: "an apostrophe in credentials corrupts the environment"}
	}
	bound, _ := services.Objects("x-1")
	if len(bound) != 1 || !wire.Same(bound[0]["credentials"], credentials) {
		return &suite.Mismatch{Why: "the credentials differ", Expected: credentials.String(), Seen: services.String()}
	}
	return nil
}
