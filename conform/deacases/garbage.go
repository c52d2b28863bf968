package deacases

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// garbageChecks send what no component should ever send. In 2012 one malformed message was enough for a DEA to hear no other again, so
// they come last.
func garbageChecks() []check {
	is := func(name, about string, payloads func(*Kit) []string, level suite.Level) check {
		return check{
			Case: suite.Case{Name: "garbage/" + name, Source: "running §0, §10 (fix 1)", Level: level, About: about},
			When: suite.Last, Run: func(ctx context.Context, k *Kit) error { return k.swallows(ctx, subjectOf(k, name), payloads(k)) },
		}
	}
	all := func(*Kit) []string { return malformed() }
	return []check{
		is("dea.discover", "a malformed dea.discover is dropped, and everything goes on", func(k *Kit) []string {
			return append(malformed(), k.fit("x").With(wire.Object{"runtime_info": nil}).String(), k.fit("x").With(wire.Object{"limits": nil}).String(),
				k.fit("x").With(wire.Object{"limits": wire.Object{"mem": "much"}}).String())
		}, suite.Core),
		is("dea.start", "a malformed start is dropped, and everything goes on", all, suite.Core),
		is("dea.stop", "a malformed dea.stop is dropped, and everything goes on", all, suite.Required),
		is("dea.update", "a malformed dea.update is dropped, and everything goes on", func(*Kit) []string {
			return append(malformed(), `{"droplet":"x"}`, `{"droplet":"x","uris":{}}`)
		}, suite.Required),
		is("dea.find.droplet", "a malformed dea.find.droplet is dropped, and everything goes on", all, suite.Required),
		is("dea.status", "a malformed dea.status does no harm", all, suite.Required),
		is("dea.locate", "a malformed dea.locate does no harm", all, suite.Required),
		is("droplet.status", "a malformed droplet.status does no harm", all, suite.Required),
		is("router.start", "a malformed router.start does no harm", all, suite.Required),
		is("healthmanager.start", "a malformed healthmanager.start does no harm", all, suite.Required),
		is("vcap.component.discover", "a malformed vcap.component.discover does no harm", all, suite.Required),
		{Case: suite.Case{
			Name: "garbage/null-uris", Source: "running §10 (fix 8)", Level: suite.Required,
			About: "uris that are null mean none",
		}, When: suite.Last, Run: nothingFor("uris")},
		{Case: suite.Case{
			Name: "garbage/null-services", Source: "running §10 (fix 8)", Level: suite.Required,
			About: "services that are null mean none",
		}, When: suite.Last, Run: nothingFor("services")},
	}
}

func subjectOf(k *Kit, name string) string {
	if name == "dea.start" {
		return "dea." + k.id + ".start"
	}
	return name
}

// malformed are payloads that mean nothing on any subject.
func malformed() []string {
	return []string{
		"{oops", "null", "[]", `"text"`, "7", "\x00\xff\xfe", `{"droplet":`, `{"droplet":{},"limits":[],"runtime_info":7,"uris":"x","services":3,"index":-1}`,
		strings.Repeat("[", 20_000), `{"droplet":"` + strings.Repeat("x", 200_000) + `"}`,
	}
}

// swallows sends payloads and wants the DEA to react to a sane message afterwards.
func (k *Kit) swallows(ctx context.Context, subject string, payloads []string) error {
	for _, p := range payloads {
		if _, err := k.wire.Ask(subject, []byte(p)); err != nil {
			return err
		}
		if k.answers(ctx, 2*promptly) {
			continue
		}
		if k.chatters(ctx) {
			k.wedged.Store(true)
			return &suite.Known{What: fmt.Sprintf("the DEA hears nothing any more after %s %.60q", subject, p)}
		}
		k.gone.Store(true)
		return &suite.Mismatch{Why: fmt.Sprintf("the DEA is gone after %s %.60q", subject, p), Expected: "everything goes on", Seen: "silence"}
	}
	return nil
}

// chatters reports whether the DEA still says something by itself.
func (k *Kit) chatters(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, surveyLimit)
	defer cancel()
	_, ok := k.wire.Wait(ctx, k.wire.Now(), func(m wire.Message) bool {
		return k.advertises(m) || m.Subject == protocol.DEAHeartbeat.String() && m.Object.Text("dea") == k.id
	})
	return ok
}

// nothingFor starts an app with a list that is null. In 2012 that made a zombie that was STARTING for ever.
func nothingFor(key string) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.launch(ctx, spec{name: "null", change: wire.Object{key: nil}})
		defer a.end(ctx)
		if err != nil {
			return err
		}
		if _, err = a.entry(ctx, a.mark, protocol.Running); err == nil {
			return nil
		}
		if !k.answers(ctx, promptly) {
			k.wedged.Store(true)
			return &suite.Known{What: "a start whose " + key + " are null stops the DEA from hearing anything"}
		}
		mark := k.wire.Now()
		if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if _, zombie := a.entry(limited, mark, protocol.Starting); zombie == nil {
			return &suite.Known{What: "an app whose " + key + " are null is STARTING for ever, and holds its memory"}
		}
		return err
	}
}
