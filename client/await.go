package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

const (
	// lookPatience is how long DEAs are given to say which instances they have.
	lookPatience = 300 * time.Millisecond
	// lookPause is how long to wait between two looks when nothing is heard meanwhile.
	lookPause = 500 * time.Millisecond
)

// Watcher follows the instances of one app. It hears of what happens from the moment of Watch on, so watch first and
// then ask for instances.
type Watcher struct {
	bus     *bus.Bus
	app     protocol.ID
	news    chan struct{} // holds one: something has happened
	crashes chan protocol.Exited
	subs    []*bus.Subscription
}

// Watch begins to follow an app. Stop ends it.
func Watch(ctx context.Context, b *bus.Bus, app string) (*Watcher, error) {
	w := &Watcher{bus: b, app: protocol.ID(app), news: make(chan struct{}, 1), crashes: make(chan protocol.Exited, 16)}
	beats, e1 := bus.Subscribe(b, protocol.DEAHeartbeat, w.hearBeat)
	exits, e2 := bus.Subscribe(b, protocol.DropletExited, w.hearExit)
	for _, s := range []*bus.Subscription{beats, exits} {
		if s != nil {
			w.subs = append(w.subs, s)
		}
	}
	if err := errors.Join(e1, e2, b.Flush(ctx)); err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
}

// Stop ends the watch.
func (w *Watcher) Stop() {
	for _, s := range w.subs {
		s.Stop()
	}
}

func (w *Watcher) hearBeat(h protocol.Heartbeat) {
	for _, e := range h.Droplets {
		if e.Droplet == w.app {
			w.wake()
			return
		}
	}
}

func (w *Watcher) hearExit(e protocol.Exited) {
	if e.Droplet != w.app {
		return
	}
	if e.Reason == protocol.ExitCrashed {
		select {
		case w.crashes <- e:
		default: // there is one to tell of already
		}
	}
	w.wake()
}

func (w *Watcher) wake() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// Running waits until the indices 0 to n-1 run in a version. The error is a *StartError when one of them crashed before all
// did, or ctx ended first.
func (w *Watcher) Running(ctx context.Context, version protocol.Text, n int) error {
	ask := protocol.FindRequest{Selection: protocol.Selection{Droplet: w.app, Version: version, States: []protocol.State{protocol.Running}}}
	for lowest := 0; ; {
		missing, err := w.missing(ctx, ask, n)
		if err != nil || missing < 0 {
			return err
		}
		if ctx.Err() == nil { // or not all were heard
			lowest = missing
		}
		if err := w.crashed(version); err != nil {
			return err
		}
		if err := w.Wait(ctx); err != nil {
			return &StartError{App: w.app, Index: lowest, Err: fmt.Errorf("it does not run yet: %w", err)}
		}
	}
}

// missing is the lowest index that nobody runs, -1 when there is none.
func (w *Watcher) missing(ctx context.Context, ask protocol.FindRequest, n int) (int, error) {
	if n == 0 {
		return -1, nil
	}
	found, err := w.find(ctx, ask, n)
	running := map[int]bool{}
	for _, in := range found {
		running[int(in.Index)] = true
	}
	for index := range n {
		if !running[index] {
			return index, err
		}
	}
	return -1, err
}

// crashed is the first crash of a version that was not told yet.
func (w *Watcher) crashed(version protocol.Text) error {
	for {
		select {
		case e := <-w.crashes:
			if e.Version == version {
				return &StartError{App: w.app, Index: int(e.Index), Instance: e.Instance, Err: ErrCrashed}
			}
		default:
			return nil
		}
	}
}

// Wait returns when something has happened, or after a pause in which it might have happened unheard.
func (w *Watcher) Wait(ctx context.Context) error {
	pause := time.NewTimer(lookPause)
	defer pause.Stop()
	select {
	case <-w.news:
		return nil
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Gone waits until no instance is left of the indices from n on; with 0, none at all.
func (w *Watcher) Gone(ctx context.Context, n int) error {
	ask := protocol.FindRequest{Selection: protocol.Selection{Droplet: w.app, States: []protocol.State{protocol.Starting, protocol.Running}}}
	for {
		found, err := w.find(ctx, ask, 0)
		if err != nil {
			return err
		}
		left := 0
		for _, in := range found {
			if int(in.Index) >= n {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		if err := w.Wait(ctx); err != nil {
			return fmt.Errorf("%d instances of %s have not ended: %w", left, w.app, err)
		}
	}
}

// find asks the DEAs, until all have answered that may, or long enough.
func (w *Watcher) find(ctx context.Context, ask protocol.FindRequest, limit int) ([]protocol.FoundInstance, error) {
	enough, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	return bus.Gather(enough, w.bus, protocol.DEAFindDroplet, ask, limit)
}
