package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// member is one component while it runs.
type member struct {
	spec
	cancel context.CancelCauseFunc
	ready  chan struct{} // closed when the component called ready
	done   chan struct{} // closed when its Run returned; err may be read then
	err    error
	told   bool // its end has been reported as the failure that stops the group
}

// run is one Group.Run.
type run struct {
	group   *Group
	base    context.Context // the caller's values without its cancel: each member is cancelled on its own, in turn
	members []*member       // those started, in order
	ended   chan *member    // every member whose Run returned; large enough for all, so that nobody blocks on it
}

// start brings the members up one by one. It returns the failure of a member, or nil when all are ready or ctx ended.
func (r *run) start(ctx context.Context) error {
	for _, s := range r.group.specs {
		if ctx.Err() != nil {
			return nil
		}
		began := time.Now()
		m := r.launch(s)
		select {
		case <-m.ready:
			r.group.log.Debug("component ready", "component", s.name, "duration", time.Since(began))
		case e := <-r.ended:
			return e.failure()
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// wait returns when the group has to stop: with the failure of a member, or nil when ctx ended.
func (r *run) wait(ctx context.Context) error {
	select {
	case e := <-r.ended:
		return e.failure()
	case <-ctx.Done():
		return nil
	}
}

// launch runs one component in a goroutine that stop waits for.
func (r *run) launch(s spec) *member {
	ctx, cancel := context.WithCancelCause(r.base)
	m := &member{spec: s, cancel: cancel, ready: make(chan struct{}), done: make(chan struct{})}
	r.members = append(r.members, m)
	go func() {
		m.err = s.c.Run(ctx, onceClose(m.ready))
		close(m.done)
		r.ended <- m
	}()
	return m
}

// failure says why a member ended that nobody asked to. Ending without an error is a failure too: a sandbox whose DEA
// went away silently is not running.
func (m *member) failure() error {
	m.told = true
	switch {
	case m.err != nil:
		return fmt.Errorf("%s: %w", m.name, m.err)
	case !isClosed(m.ready):
		return fmt.Errorf("%s ended before it was ready", m.name)
	}
	return fmt.Errorf("%s ended by itself", m.name)
}

// farewell is the error of a member that ended after it was asked to; the context's own error is how a stop looks.
func (m *member) farewell(cause error) error {
	if m.err == nil || m.told || errors.Is(m.err, context.Canceled) || errors.Is(m.err, cause) {
		return nil
	}
	return fmt.Errorf("%s: %w", m.name, m.err)
}

// onceClose returns a func that closes c the first time it is called.
func onceClose(c chan struct{}) func() { return sync.OnceFunc(func() { close(c) }) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
