package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// StartError says that an instance was asked for and did not come.
type StartError struct {
	App      protocol.ID
	Index    int
	Instance string // its id, if the bus told it
	Err      error
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

// Run asks a DEA for an instance and waits until it runs and is routed; an app without URIs is never routed, so that its
// heartbeat is all there is to wait for. The route is where the instance itself is reached. The error is a *StartError
// when the instance crashed, was ended or did not come before ctx ended; ctx should have a deadline of more than the
// minute that a DEA gives an app.
func Run(ctx context.Context, b *bus.Bus, dea string, req protocol.StartRequest) (protocol.Route, error) {
	w := &watch{dea: dea, req: req, since: time.Now().Unix(), done: make(chan outcome, 1)}
	// One subscription to everything: the order of a heartbeat and a registration means something, and only within one
	// subscription is it kept.
	all, err := b.Tap(">", w.see)
	if err != nil {
		return protocol.Route{}, err
	}
	defer all.Stop()
	if err := b.Flush(ctx); err != nil { // or the DEA might be faster than the subscription
		return protocol.Route{}, err
	}
	if err := Start(b, dea, req); err != nil {
		return protocol.Route{}, err
	}
	o := outcome{}
	select {
	case o = <-w.done:
	case <-ctx.Done():
		o.err = fmt.Errorf("nothing was heard of it: %w", ctx.Err())
	}
	if o.err != nil {
		return protocol.Route{}, &StartError{App: req.Droplet, Index: int(req.Index), Instance: o.instance, Err: o.err}
	}
	return o.route, nil
}

// watch follows what becomes of one instance. Another one of the same app, index and version may be running at the same DEA:
// deploying an app again is enough for that.
type watch struct {
	dea   string
	req   protocol.StartRequest
	since int64 // epoch seconds: what the DEA says of earlier times is about another instance
	done  chan outcome

	instance string          // its id, once a heartbeat said that it runs
	asked    bool            // the router has asked for registrations: not every one is a new instance's
	route    *protocol.Route // the last registration
	over     bool
}

type outcome struct {
	route    protocol.Route
	instance string // its id, if it is known
	err      error
}

// see takes one message after the other, and tells done once.
func (w *watch) see(m bus.Message) {
	err := w.note(m)
	if w.over || err == nil && !w.arrived() {
		return
	}
	w.over = true
	o := outcome{route: protocol.Route{DEA: w.dea, App: w.req.Droplet}, instance: w.instance, err: err}
	if w.route != nil {
		o.route = *w.route
	}
	w.done <- o
}

// arrived reports whether the instance is there. The DEA says first that it runs and then where. One of somebody's making
// may never say the first; its registration is believed as long as it cannot be that of an older instance.
func (w *watch) arrived() bool {
	routed := w.route != nil || len(w.req.URIs) == 0
	return routed && w.instance != "" || w.route != nil && !w.asked
}

// note remembers what a message says of the instance. The error is why it will never come.
func (w *watch) note(m bus.Message) error {
	switch m.Subject {
	case protocol.RouterStart.String():
		w.asked, w.route = true, nil
	case protocol.DEAHeartbeat.String():
		if h, err := protocol.Decode[protocol.Heartbeat](m.Payload); err == nil {
			w.noteBeat(h)
		}
	case protocol.RouterRegister.String():
		r, err := protocol.Decode[protocol.Route](m.Payload)
		if err == nil && r.DEA == w.dea && r.App == w.req.Droplet && r.Port != nil {
			w.route = &r
		}
	case protocol.DropletExited.String():
		if e, err := protocol.Decode[protocol.Exited](m.Payload); err == nil {
			return w.ended(e)
		}
	}
	return nil
}

func (w *watch) noteBeat(h protocol.Heartbeat) {
	for _, e := range h.Droplets {
		if h.DEA == w.dea && w.same(e.Droplet, e.Index, e.Version) && e.State == protocol.Running && e.StateTimestamp >= w.since {
			w.instance, w.route = e.Instance, nil // what was registered before was another's
		}
	}
}

// ended tells whether an exit is this instance's. Before it runs its id is not known: then a crash after the start is
// its own, and everything else that of an older one.
func (w *watch) ended(e protocol.Exited) error {
	crashed := e.Reason == protocol.ExitCrashed
	lately := e.CrashTimestamp == 0 || e.CrashTimestamp >= w.since
	switch {
	case !w.same(e.Droplet, e.Index, e.Version):
		return nil
	case w.instance == "" && !(crashed && lately), w.instance != "" && e.Instance != w.instance:
		return nil
	}
	w.instance = e.Instance
	if crashed {
		return ErrCrashed
	}
	return fmt.Errorf("it was ended (droplet.exited %s)", e.Reason)
}

func (w *watch) same(app protocol.ID, index protocol.Int, version protocol.Text) bool {
	return app == w.req.Droplet && index == w.req.Index && version == w.req.Version
}
