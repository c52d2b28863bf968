package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// logPoll is how often a log file is looked for that is not there yet.
const logPoll = 250 * time.Millisecond

// followAll prints the logs of instances as they are written, until all of them are gone or ctx ends. The first thing that goes wrong is the error,
// but does not end the others.
func (p *logPrinter) followAll(ctx context.Context, all []protocol.FoundInstance, exits *exits) error {
	failed := make(chan error, len(all)*len(logFiles()))
	var wg sync.WaitGroup
	for _, in := range all {
		gone := exits.of(in.Instance)
		if in.State == protocol.Crashed {
			gone = closed()
		}
		for _, f := range logFiles() {
			wg.Go(func() {
				if err := p.follow(ctx, in, f, gone); err != nil {
					failed <- fileError(err, in, f.path)
				}
			})
		}
	}
	wg.Wait()
	if unreachable, ok := errors.AsType[*bus.UnreachableError](context.Cause(ctx)); ok {
		return unreachable
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// follow prints one log file, once it is there. A file that is not there when the instance is gone will never be.
func (p *logPrinter) follow(ctx context.Context, in protocol.FoundInstance, f logFile, gone <-chan struct{}) error {
	for last := false; ; {
		err := p.print(ctx, in, f, true)
		switch {
		case err == nil, ctx.Err() != nil:
			return nil
		case !errors.Is(err, client.ErrNoFile):
			return err
		case last:
			return nil
		}
		select {
		case <-gone:
			last = true
		case <-time.After(logPoll):
		case <-ctx.Done():
			return nil
		}
	}
}

func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// exits knows which instances are gone since it was made, from droplet.exited.
type exits struct {
	sub *bus.Subscription

	mu   sync.Mutex
	byID map[string]chan struct{}
	gone map[string]bool
}

func watchExits(b *bus.Bus) (*exits, error) {
	e := &exits{byID: map[string]chan struct{}{}, gone: map[string]bool{}}
	var err error
	e.sub, err = bus.Subscribe(b, protocol.DropletExited, func(x protocol.Exited) { e.note(x.Instance) })
	return e, err
}

func (e *exits) stop() { e.sub.Stop() }

func (e *exits) note(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone[id] {
		return // told twice, as by an evacuation
	}
	e.gone[id] = true
	close(e.channel(id))
}

// of returns a channel that is closed once the instance is gone.
func (e *exits) of(id string) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.channel(id)
}

func (e *exits) channel(id string) chan struct{} {
	if e.byID[id] == nil {
		e.byID[id] = make(chan struct{})
	}
	return e.byID[id]
}
