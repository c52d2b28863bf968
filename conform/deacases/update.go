package deacases

import (
	"context"
	"slices"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

const deaUpdate = "dea.update"

func updateChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "update/new-uris", Source: "running §8.28, §1.2 (dea.update)", Level: suite.Required,
			About: "new URIs are registered, and then the old ones unregistered",
		}, Run: updateNew},
		{Case: suite.Case{
			Name: "update/difference", Source: "running §1.2 (dea.update)", Level: suite.Required,
			About: "a URI that the app keeps is neither registered nor unregistered",
		}, Run: updateDifference},
		{Case: suite.Case{
			Name: "update/no-empty-messages", Source: "running §10 (fix 16)", Level: suite.Required,
			About: "the router is told nothing about no URIs",
		}, Run: updateEmpty},
		{Case: suite.Case{
			Name: "update/extra-fields", Source: "running §1.2 (dea.update)", Level: suite.Required,
			About: "the whole start message, which the cloud controller sends, is understood",
		}, Run: updateWhole},
		{Case: suite.Case{
			Name: "update/registered-again", Source: "running §8.28", Level: suite.Required,
			About: "router.start then registers the new URIs",
		}, When: suite.Alone, Run: updateThenRouter},
		{Case: suite.Case{
			Name: "update/found", Source: "running §1.2 (dea.update)", Level: suite.Required,
			About: "the stats then have the new URIs",
		}, Run: updateFound},
		{Case: suite.Case{
			Name: "update/then-stop", Source: "running §1.2 (dea.update), §3.1", Level: suite.Required,
			About: "a stop then unregisters the new URIs",
		}, Run: updateThenStop},
		{Case: suite.Case{
			Name: "update/unknown-app", Source: "running §1.2 (dea.update)", Level: suite.Required,
			About: "an update of an app that the DEA does not have changes no other",
		}, Run: updateUnknown},
		{Case: suite.Case{
			Name: "update/uris-again", Source: "running §10 (fix 16)", Level: suite.Required,
			About: "an app that has lost all its URIs can be given some again",
		}, Run: updateAgain},
	}
}

// updated starts an app and gives it URIs: first its own one and another, then what is asked for. It returns the messages to the router
// from there on.
func (k *Kit) updated(ctx context.Context, uris ...string) (a *app, own string, mark wire.Mark, err error) {
	if a, err = k.start(ctx, spec{name: "update"}); err != nil {
		return a, "", 0, err
	}
	own = a.droplet + ".vcap.me"
	for i, u := range uris {
		if u == "own" {
			uris[i] = own
		}
	}
	mark = k.wire.Now()
	return a, own, mark, a.update(append([]string{}, uris...)) // never null, which is something else
}

func (a *app) update(uris []string) error {
	return a.k.wire.Send(deaUpdate, wire.Object{"droplet": a.droplet, "uris": uris})
}

// mentions waits for a message to the router of these URIs and no others.
func (a *app) mentions(ctx context.Context, after wire.Mark, subject string, uris ...string) (wire.Message, error) {
	what := "a " + subject + " of " + wire.Show(uris)
	return a.k.await(ctx, after, what, func(m wire.Message) bool {
		return m.Subject == subject && a.concerns(m) && wire.Same(m.Object["uris"], uris)
	}, a.said)
}

func updateNew(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx, "new.vcap.me")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	route, err := a.await(ctx, a.mark, protocol.RouterRegister.String())
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterUnregister.String(), own); err != nil {
		return err
	}
	said := k.wire.Since(mark, a.tells)
	if err := inOrder(said, protocol.RouterRegister.String(), protocol.RouterUnregister.String()); err != nil {
		return err
	}
	if want := route.With(wire.Object{"uris": []string{"new.vcap.me"}}); !wire.Same(said[0].Object, want) {
		return &suite.Mismatch{Why: "the registration differs in more than its URIs", Expected: want.String(), Seen: said[0].String()}
	}
	return sameRoute(route).Check("router.unregister", said[1].Object)
}

func updateDifference(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx, "new.vcap.me", "own")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterRegister.String(), "new.vcap.me"); err != nil {
		return err
	}
	return k.never(ctx, mark, "message about the URI that is kept", func(m wire.Message) bool {
		uris, _ := m.Object.Texts("uris")
		return a.tells(m) && slices.Contains(uris, own)
	})
}

func updateEmpty(ctx context.Context, k *Kit) error {
	a, _, mark, err := k.updated(ctx, "new.vcap.me", "own")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterRegister.String(), "new.vcap.me"); err != nil {
		return err
	}
	err = k.never(ctx, mark, "message without URIs", func(m wire.Message) bool {
		return a.tells(m) && wire.Same(m.Object["uris"], []string{})
	})
	if err != nil {
		return &suite.Known{What: "dea.update sends router.register and router.unregister also when they have no URIs"}
	}
	return nil
}

func updateWhole(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "update"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.wire.Send(deaUpdate, a.message.Without("index").With(wire.Object{"uris": []string{"new.vcap.me"}})); err != nil {
		return err
	}
	_, err = a.mentions(ctx, mark, protocol.RouterRegister.String(), "new.vcap.me")
	return err
}

func updateThenRouter(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx, "new.vcap.me")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterUnregister.String(), own); err != nil {
		return err
	}
	mark = k.wire.Now()
	if err := k.routerStart(nil); err != nil {
		return err
	}
	_, err = a.mentions(ctx, mark, protocol.RouterRegister.String(), "new.vcap.me")
	return err
}

func updateFound(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx, "new.vcap.me")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterUnregister.String(), own); err != nil {
		return err
	}
	o, err := a.find(ctx, wire.Object{"include_stats": true})
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "uris", Kind: wire.Is([]string{"new.vcap.me"})}}.Check("stats", o.Object("stats"))
}

func updateThenStop(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx, "new.vcap.me")
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterUnregister.String(), own); err != nil {
		return err
	}
	mark = k.wire.Now()
	a.stop()
	_, err = a.mentions(ctx, mark, protocol.RouterUnregister.String(), "new.vcap.me")
	return err
}

func updateUnknown(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	mark := k.wire.Now()
	if err := k.wire.Send(deaUpdate, wire.Object{"droplet": "conform-unknown", "uris": []string{"new.vcap.me"}}); err != nil {
		return err
	}
	return k.never(ctx, mark, "message to the router", func(m wire.Message) bool {
		uris, _ := m.Object.Texts("uris")
		return f.tells(m) && !wire.Same(uris, f.message["uris"]) || m.Object.Text("app") == "conform-unknown"
	})
}

func updateAgain(ctx context.Context, k *Kit) error {
	a, own, mark, err := k.updated(ctx)
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterUnregister.String(), own); err != nil {
		return err
	}
	mark = k.wire.Now()
	if err := a.update([]string{"new.vcap.me"}); err != nil {
		return err
	}
	if _, err := a.mentions(ctx, mark, protocol.RouterRegister.String(), "new.vcap.me"); err != nil {
		return &suite.Known{What: "an app that has no URIs cannot be given any"}
	}
	return nil
}
