package deacases

import (
	"context"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

func refusalChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "refuse/no-sha1", Source: "running §8.27, §3.2 (6)", Level: suite.Required,
			About: "a start without sha1 is dropped without a word",
		}, Run: dropped(spec{name: "nosha", without: []string{"sha1"}})},
		{Case: suite.Case{
			Name: "refuse/no-uri", Source: "running §8.27, §3.2 (6)", Level: suite.Required,
			About: "a start that does not say where the droplet is is dropped without a word",
		}, Run: dropped(spec{name: "nouri", without: []string{"executableUri", "executableFile"}})},
		{Case: suite.Case{
			Name: "refuse/too-big", Source: "running §8.27, §3.2 (4)", Level: suite.Core,
			About: "a start for which there is no memory is dropped without a word",
		}, Run: dropped(spec{name: "big", change: wire.Object{"limits": wire.Object{"mem": 1 << 30}}})},
		{Case: suite.Case{
			Name: "refuse/unknown-runtime", Source: "running §8.22, §3.2 (7)", Level: suite.Required,
			About: "a start whose runtime the DEA does not have is dropped without a word",
		}, Run: dropped(spec{name: "cobol", change: wire.Object{
			"runtime_info": wire.Object{"name": "conform-cobol", "executable": "/bin/sh", "version_flag": "-c 'echo 1'", "version_output": "1"},
		}})},
	}
}

// dropped wants that nothing is heard of an app that is started, nor seen of its process.
func dropped(s spec) func(context.Context, *Kit) error {
	return func(ctx context.Context, k *Kit) error {
		a, err := k.launch(ctx, s)
		defer a.end(ctx)
		if err != nil {
			return err
		}
		if err := k.never(ctx, a.mark, "message about the app", a.concerns); err != nil {
			return err
		}
		if err := k.wire.Send(protocol.HealthManagerStart.String(), nil); err != nil { // one that is still starting would be listed
			return err
		}
		if err := k.never(ctx, a.mark, "message about the app", a.concerns); err != nil {
			return err
		}
		if all := a.stage.Processes(); len(all) > 0 {
			return &suite.Mismatch{Why: "the app was started all the same", Expected: "no process", Seen: wire.Show(all[0].Report)}
		}
		return nil
	}
}
