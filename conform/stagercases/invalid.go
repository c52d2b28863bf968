package stagercases

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// invalidChecks send requests that cannot be staged. In 2012 there was no reply to them.
func invalidChecks() []check {
	is := func(name, about string, message func(t *task) any) check {
		return check{
			Case: suite.Case{Name: "invalid/" + name, Source: "staging §5.1 S12, §6 Q2", Level: suite.Required, About: about + " is answered with an error"},
			Run:  func(ctx context.Context, k *Kit) error { return k.refused(ctx, message) },
		}
	}
	raw := func(text string) func(*task) any { return func(*task) any { return []byte(text) } }
	properties := func(change wire.Object, without ...string) func(*task) any {
		return func(t *task) any {
			p := t.request["properties"].(wire.Object).With(change).Without(without...)
			return t.request.With(wire.Object{"properties": p})
		}
	}
	return []check{
		is("no-json", "what is no JSON", raw("{x}")),
		is("truncated", "JSON that breaks off", raw(`{"app_id": `)),
		is("empty", "an empty message", raw("")),
		is("null", "null", raw("null")),
		is("list", "a list", raw("[]")),
		is("no-download-uri", "a request without download_uri", func(t *task) any { return t.request.Without("download_uri") }),
		is("no-properties", "a request without properties", func(t *task) any { return t.request.Without("properties") }),
		is("no-framework", "a request without framework_info", properties(nil, "framework_info")),
		is("no-resources", "a request without resources", properties(nil, "resources")),
		is("missing-resource", "a request whose resources lack one", properties(wire.Object{"resources": wire.Object{"memory": 256, "disk": 256}})),
		is("wrong-type", "a request whose memory is a text", properties(wire.Object{"resources": wire.Object{"memory": "256", "disk": 256, "fds": 1024}})),
		is("services-no-list", "a request whose services are no list", properties(wire.Object{"services": "none"})),
		is("properties-no-object", "a request whose properties are a list", func(t *task) any { return t.request.With(wire.Object{"properties": []int{1}}) }),
		{Case: suite.Case{
			Name: "invalid/goes-on", Source: "staging §1.5", Level: suite.Core,
			About: "after all that a good request is staged like any other",
		}, When: suite.Last, Run: invalidGoesOn},
	}
}

// refused sends a message that is made of a good request, and wants an error for a reply.
func (k *Kit) refused(ctx context.Context, message func(*task) any) error {
	t := k.task(app{})
	q, err := k.wire.Ask(k.Queue, message(t))
	if err != nil {
		return err
	}
	t.asked = q
	if !t.answered(ctx) {
		return &suite.Known{What: "a request that makes no sense gets no reply"}
	}
	o, err := t.reply(ctx)
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "task_id", Kind: wire.Hex(32)}, {Key: "error", Kind: wire.Matching("an error", "^"+prefix)}}.Check("the reply", o)
}

func invalidGoesOn(ctx context.Context, k *Kit) error {
	for _, payload := range [][]byte{
		[]byte("{x}"), nil, []byte("\x00\xff\xfe"), []byte(strings.Repeat("[", 20_000)), json.RawMessage(fmt.Sprintf(`{"app_id":%q}`, strings.Repeat("x", 500_000))),
	} {
		if _, err := k.wire.Ask(k.Queue, payload); err != nil {
			return err
		}
	}
	_, _, err := k.stage(ctx, app{})
	return err
}
