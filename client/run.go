package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// StartError says that an instance was asked for and did not come.
type StartError struct {
	App   protocol.ID
	Index int
	Err   error
}

func (e *StartError) Error() string { return fmt.Sprintf("start %s/%d: %v", e.App, e.Index, e.Err) }

func (e *StartError) Unwrap() error { return e.Err }

// Hint says where the app's last words are.
func (e *StartError) Hint() string {
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return "the DEA's log says what it did; an app must listen on the port of -p or $VCAP_APP_PORT within a minute"
	}
	return "its logs are in apps/*/logs below the DEA's base_dir; `minicf doctor` says whether its runtime is installed"
}

// ErrCrashed is why an instance did not come when it ended before it was ready.
var ErrCrashed = errors.New("it ended before it was ready (droplet.exited CRASHED)")

// Run asks a DEA for an instance and waits until it is routed, which the first router.register of the app from that DEA
// tells; an app without URIs is never routed, so that its heartbeat is waited for. The error is a *StartError.
func Run(ctx context.Context, b *bus.Bus, dea string, req protocol.StartRequest) (protocol.Route, error) {
	w, err := watch(b, dea, req)
	if err != nil {
		return protocol.Route{}, err
	}
	defer w.stop()
	if err := b.Flush(ctx); err != nil { // or the DEA might be faster than our subscriptions
		return protocol.Route{}, err
	}
	if err := Start(b, dea, req); err != nil {
		return protocol.Route{}, err
	}
	route, err := w.wait(ctx)
	if err != nil {
		err = &StartError{App: req.Droplet, Index: int(req.Index), Err: err}
	}
	return route, err
}

// watcher listens for what becomes of an instance.
type watcher struct {
	routed chan protocol.Route
	ended  chan protocol.Exited
	subs   []*bus.Subscription
}

func watch(b *bus.Bus, dea string, req protocol.StartRequest) (*watcher, error) {
	w := &watcher{routed: make(chan protocol.Route, 1), ended: make(chan protocol.Exited, 1)}
	routes, err := bus.Subscribe(b, protocol.RouterRegister, func(r protocol.Route) {
		if r.DEA == dea && r.App == req.Droplet && r.Port != nil {
			offer(w.routed, r)
		}
	})
	if err != nil {
		return nil, err
	}
	exits, err := bus.Subscribe(b, protocol.DropletExited, func(e protocol.Exited) {
		if e.Droplet == req.Droplet && e.Index == req.Index && e.Version == req.Version {
			offer(w.ended, e)
		}
	})
	if err != nil {
		return nil, err
	}
	beats, err := bus.Subscribe(b, protocol.DEAHeartbeat, func(h protocol.Heartbeat) {
		if len(req.URIs) == 0 && h.DEA == dea && runs(h, req) {
			offer(w.routed, protocol.Route{DEA: dea, App: req.Droplet})
		}
	})
	w.subs = []*bus.Subscription{routes, exits, beats}
	return w, err
}

func runs(h protocol.Heartbeat, req protocol.StartRequest) bool {
	for _, e := range h.Droplets {
		if e.Droplet == req.Droplet && e.Index == req.Index && e.Version == req.Version && e.State == protocol.Running {
			return true
		}
	}
	return false
}

func offer[T any](c chan T, v T) {
	select {
	case c <- v:
	default: // one is enough
	}
}

func (w *watcher) wait(ctx context.Context) (protocol.Route, error) {
	select {
	case r := <-w.routed:
		return r, nil
	case e := <-w.ended:
		if e.Reason == protocol.ExitCrashed {
			return protocol.Route{}, ErrCrashed
		}
		return protocol.Route{}, fmt.Errorf("it was ended (droplet.exited %s)", e.Reason)
	case <-ctx.Done():
		return protocol.Route{}, ctx.Err()
	}
}

func (w *watcher) stop() {
	for _, s := range w.subs {
		s.Stop()
	}
}
