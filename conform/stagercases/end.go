package stagercases

import (
	"context"
	"regexp"
	"time"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// endChecks are about tasks that end in another way than by themselves.
func endChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "limit/duration", Source: "staging §5.1 S13, §6 Q1", Level: suite.Required, Slow: true,
			About: "a task that takes longer than max_staging_duration is ended, and answered with \"Staging timed out after N seconds.\"",
		}, Run: endLimit},
		{Case: suite.Case{
			Name: "signal/drain", Source: "staging §5.1 S14, §1.7", Level: suite.Required,
			About: "a stager that is asked to end (USR2) finishes the task that it has",
		}, When: suite.Last, Run: endDrain},
		{Case: suite.Case{
			Name: "signal/takes-no-more", Source: "staging §1.7", Level: suite.Required,
			About: "and takes no other",
		}, When: suite.Last, Run: endTakesNoMore},
	}
}

// longest is how long is waited for the limit of a stager; 120 s are usual.
const longest = 150 * time.Second

// endLimit lets a download never end, though it always goes on.
func endLimit(ctx context.Context, k *Kit) error {
	gate := make(chan struct{})
	defer close(gate)
	t := k.task(app{download: &depot.Download{Body: make([]byte, 10_000), Gate: gate, Drip: true}})
	if err := t.send(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	m, ok := t.asked.Answer(limited, nil)
	if !ok {
		return &suite.Known{What: "a task is never ended: there was no reply within " + longest.String()}
	}
	text := m.Object.Text("error")
	if !regexp.MustCompile(`^Staging task failed:\n Staging timed out after [0-9.]+ seconds\.`).MatchString(text) {
		return &suite.Mismatch{Why: "another error", Expected: prefix + "Staging timed out after N seconds.", Seen: m.String()}
	}
	return nil
}

// endDrain holds a task back while the stager is asked to end.
func endDrain(ctx context.Context, k *Kit) error {
	if k.Drain == nil {
		return notAllowed()
	}
	gate := make(chan struct{})
	t := k.task(app{download: &depot.Download{Gate: gate}})
	err := t.send()
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, k.Patience)
		defer cancel()
		_, err = t.file.Fetched(limited)
	}
	if err == nil {
		k.draining.Store(true)
		err = k.Drain()
	}
	k.pause(ctx)
	close(gate)
	if err != nil {
		return err
	}
	_, err = t.staged(ctx)
	return err
}

func notAllowed() error {
	return &suite.Skip{Why: "the stager's process may not be sent USR2: --pid PID allows it"}
}

func endTakesNoMore(ctx context.Context, k *Kit) error {
	if k.Drain == nil {
		return notAllowed()
	}
	t := k.task(app{})
	if err := t.send(); err != nil {
		return err
	}
	k.pause(ctx)
	if all := t.asked.Answers(); len(all) > 0 {
		return &suite.Mismatch{Why: "the request was answered", Expected: "silence", Seen: wire.Lines(all)}
	}
	return nil
}
