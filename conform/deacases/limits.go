package deacases

import (
	"context"
	"strconv"
	"strings"

	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
	"github.com/minicf/minicf/protocol"
)

// limitChecks look at what becomes of an app that takes too much. In 2012 limits were enforced in secure mode only.
func limitChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "limits/memory", Source: "running §3.10, §10 (fix 11)", Level: suite.Required,
			About: "an app that uses more memory than it may is stopped, and has crashed",
		}, Run: limitMemory},
		{Case: suite.Case{
			Name: "limits/memory-told", Source: "running §3.10", Level: suite.Required,
			About: "logs/err.log of such an app says which limit it was and what was used",
		}, Run: limitMemoryTold},
		{Case: suite.Case{
			Name: "limits/disk", Source: "running §3.10, §10 (fix 11)", Level: suite.Required,
			About: "an app that uses more disk than it may is stopped, and has crashed",
		}, Run: limitDisk},
		{Case: suite.Case{
			Name: "limits/open-files", Source: "running §3.7, §10 (fix 11)", Level: suite.Optional,
			About: "an app may have as many files open as its limit says",
		}, Run: limitFiles},
	}
}

// tooMuch is what the apps here take, in MB, where they may have appMemory.
const tooMuch = 3 * appMemory

// greedy starts an app, makes it do something, and returns it when it has crashed of that.
func (k *Kit) greedy(ctx context.Context, o puppet.Order) (*app, error) {
	a, err := k.start(ctx, spec{name: "greedy", change: wire.Object{"limits": wire.Object{"mem": appMemory, "disk": 2 * appMemory, "fds": 256}}})
	if err != nil {
		return a, err
	}
	p, err := a.process(ctx)
	if err != nil {
		return a, err
	}
	// How it ends shows; that it could not answer any more is no error.
	if _, err := p.Do(ctx, o); err != nil && ctx.Err() != nil {
		return a, err
	}
	exited, err := a.await(ctx, a.mark, protocol.DropletExited.String())
	if err != nil {
		return a, &suite.Known{What: "an app may use more than its limits"}
	}
	return a, crashedShape(a).Check("droplet.exited", exited)
}

func limitMemory(ctx context.Context, k *Kit) error {
	a, err := k.greedy(ctx, puppet.Order{Do: "eat", MB: tooMuch})
	defer a.end(ctx)
	return err
}

func limitDisk(ctx context.Context, k *Kit) error {
	a, err := k.greedy(ctx, puppet.Order{Do: "write", Path: "tmp/large", MB: tooMuch})
	defer a.end(ctx)
	return err
}

func limitMemoryTold(ctx context.Context, k *Kit) error {
	if _, err := k.viewer(ctx); err != nil {
		return err
	}
	a, err := k.greedy(ctx, puppet.Order{Do: "eat", MB: tooMuch})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	v, err := k.viewerOf(ctx, a)
	if err != nil {
		return err
	}
	p, err := v.get(ctx, "/logs/err.log")
	if err != nil {
		return err
	}
	want := "Memory limit of " + strconv.Itoa(appMemory) + "M exceeded."
	if !strings.Contains(p.body, want) || !strings.Contains(p.body, "Actual usage was ") {
		return &suite.Mismatch{Why: "logs/err.log says something else", Expected: want + "\nActual usage was …M, process terminated.", Seen: p.body}
	}
	return nil
}

func limitFiles(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	text, err := f.Read(ctx, "logs/fds")
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(text); got != strconv.Itoa(modelFDs) {
		return &suite.Known{What: "the limit of open files is not enforced: ulimit -n is " + got}
	}
	return nil
}
