package deacases

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// killChecks look at how thoroughly an app is stopped.
func killChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "stop/script", Source: "running §8.25, §3.7", Level: suite.Required,
			About: "the droplet's stop script is called with the pid from run.pid",
		}, Run: killScript},
		{Case: suite.Case{
			Name: "stop/directory-gone", Source: "running §8.25, §3.1", Level: suite.Required,
			About: "the directory of an app that was stopped is removed",
		}, Run: killDirectory},
		{Case: suite.Case{
			Name: "stop/stubborn-app", Source: "running §10 (fix 14)", Level: suite.Required,
			About: "an app whose stop script does not end it, and which ignores signals, is ended all the same",
		}, Run: killStubborn},
		{Case: suite.Case{
			Name: "stop/children", Source: "running §10 (fix 14)", Level: suite.Required,
			About: "processes that the app has started end with it",
		}, Run: killChildren},
		{Case: suite.Case{
			Name: "stop/hanging-script", Source: "running §10 (fix 14)", Level: suite.Required,
			About: "a stop script that hangs holds up nothing else",
		}, When: suite.Alone, Run: killHanging},
	}
}

// ended waits until a process is gone.
func (k *Kit) ended(ctx context.Context, p *depot.Process, why string) error {
	ctx, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	select {
	case <-p.Gone:
		return nil
	case <-ctx.Done():
		return &suite.Mismatch{Why: why, Expected: "the end of process " + wire.Show(p.PID), Seen: "it is still there after " + k.Patience.String()}
	}
}

// outlives reports whether a process is there for longer than a DEA takes that sees to its end, and ends it.
func (k *Kit) outlives(ctx context.Context, p *depot.Process) bool {
	if k.ended(ctx, p, "") == nil {
		return false
	}
	_, _ = p.Do(ctx, exit(0))
	return true
}

// killScript lets the stop script be a puppet, too, on a stage of its own.
func killScript(ctx context.Context, k *Kit) error {
	stage := k.depot.Stage(exit(0))
	a, err := k.start(ctx, spec{name: "script", stop: "#!/bin/sh\nPUPPET " + quote(stage.URL) + ` "$@"` + "\nkill -9 $1\n"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	if err := k.pidKnown(ctx, a); err != nil {
		return err
	}
	a.stop()
	limited, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	script, err := stage.Process(limited, 0)
	if err != nil {
		return k.missing("a call of the stop script", "nothing")
	}
	if want := wire.Show(p.PID); strings.Join(script.Args, " ") != want {
		return &suite.Mismatch{Why: "the stop script has other arguments", Expected: want, Seen: strings.Join(script.Args, " ")}
	}
	return nil
}

// pidKnown waits until the DEA has read run.pid, which in 2012 it did every second, and measured the app.
func (k *Kit) pidKnown(ctx context.Context, a *app) error {
	_, err := k.eventually(ctx, "usage in the stats", func() (wire.Object, error) {
		o, err := a.find(ctx, wire.Object{"include_stats": true})
		return o.Object("stats").Object("usage"), err
	})
	return err
}

// pidPoll is how long a DEA may take to see the pid of an app that has started; in 2012 it looked every second.
const pidPoll = 3 * time.Second

// letSettle waits until the DEA knows the pid of an app, without which that of 2012 could not end it. One that does not tell is given the time.
func (k *Kit) letSettle(ctx context.Context, a *app) {
	ctx, cancel := context.WithTimeout(ctx, pidPoll)
	defer cancel()
	if k.pidKnown(ctx, a) != nil {
		<-ctx.Done()
	}
}

func killDirectory(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "directory"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	if _, err := os.Stat(p.Dir); err != nil || p.Dir == "" {
		return &suite.Skip{Why: "the DEA's disk cannot be seen from here"}
	}
	a.stop()
	_, err = k.eventually(ctx, "removal of "+p.Dir, func() (wire.Object, error) {
		if _, err := os.Lstat(p.Dir); os.IsNotExist(err) {
			return wire.Object{}, nil
		}
		return nil, nil
	})
	return err
}

func killStubborn(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "stubborn", stop: "#!/bin/sh\nexit 0\n"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	if _, err := p.Do(ctx, puppet.Order{Do: "endure"}); err != nil {
		return err
	}
	a.stop()
	if k.outlives(ctx, p) {
		return &suite.Known{What: "only the stop script ends an app; one that it does not end runs on"}
	}
	return nil
}

func killChildren(ctx context.Context, k *Kit) error {
	stage := k.depot.Stage()
	a, err := k.start(ctx, spec{name: "parent", startup: "#!/bin/sh\nPUPPET " + quote(stage.URL) + " &\n" + runPuppet})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	child, err := stage.Process(limited, 0)
	if err != nil {
		return k.missing("a sign of the app's child", "nothing")
	}
	a.stop()
	if k.outlives(ctx, child) {
		return &suite.Known{What: "processes that the app has started run on when it is stopped"}
	}
	return nil
}

func killHanging(ctx context.Context, k *Kit) error {
	stage := k.depot.Stage()
	a, err := k.start(ctx, spec{name: "hanging", stop: "#!/bin/sh\nPUPPET " + quote(stage.URL) + "\nkill -9 $1\n"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	if err := k.pidKnown(ctx, a); err != nil {
		return err
	}
	a.stop()
	limited, cancel := context.WithTimeout(ctx, k.Patience)
	defer cancel()
	script, err := stage.Process(limited, 0)
	if err != nil {
		return k.missing("a call of the stop script", "nothing")
	}
	defer func() { _, _ = script.Do(ctx, exit(0)) }()
	if !k.answers(ctx, promptly) {
		return &suite.Known{What: "while a stop script runs, the DEA does nothing else"}
	}
	return nil
}
