package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// stop ends the started members, last one first. cause is why: it reaches the members as the cause of their context.
func (r *run) stop(cause error) error {
	if cause == nil { // a member failed
		cause = context.Canceled
	}
	h := &halt{run: r, cause: cause, deadline: time.Now().Add(r.group.budget)}
	var errs []error
	for i := range slices.Backward(r.members) {
		errs = append(errs, h.member(i))
	}
	return errors.Join(errs...)
}

// halt is one stop of the whole group: its clock and its cause.
type halt struct {
	*run
	cause    error
	deadline time.Time // the budget's end; pushed back by drains that the budget does not count
}

// member drains, cancels and awaits the i-th member.
func (h *halt) member(i int) error {
	m, began := h.members[i], time.Now()
	drained, drainErr := h.drain(i)
	m.cancel(h.cause)
	limit := min(m.grace.Stop, h.allowance(i))
	if !awaitAll(limit, drained, m.done) {
		return errors.Join(drainErr, fmt.Errorf("%s did not stop within %s", m.name, limit.Round(time.Millisecond)))
	}
	h.group.log.Debug("component stopped", "component", m.name, "duration", time.Since(began))
	return errors.Join(drainErr, m.farewell(h.cause))
}

// drain lets the i-th member finish its work, if it can and is up. The channel is closed when Drain has returned. A Drain
// whose time is over gets a moment to notice; one that still does not return is waited for together with Run.
func (h *halt) drain(i int) (drained <-chan struct{}, err error) {
	m, done := h.members[i], make(chan struct{})
	d, ok := m.c.(Drainer)
	if !ok || !isClosed(m.ready) || isClosed(m.done) || m.grace.OnlyPatient && !h.patient() {
		close(done)
		return done, nil
	}
	began := time.Now()
	ctx, cancel := h.drainContext(i)
	defer cancel()
	var result error
	go func() {
		defer close(done)
		result = d.Drain(ctx)
	}()
	cut := h.awaitDrain(ctx, m, done)
	if cut {
		cancel()
		awaitAll(min(m.grace.Reserve, h.allowance(i)), done)
		h.group.log.Warn("drain cut short", "component", m.name, "duration", time.Since(began))
	} else if result != nil {
		err = fmt.Errorf("drain %s: %w", m.name, result)
	}
	if h.patient() {
		h.deadline = h.deadline.Add(time.Since(began))
	}
	return done, err
}

// awaitDrain reports whether the drain has to be cut: its time is over, someone is in a hurry, or the member is gone
// and there is nothing left to drain.
func (h *halt) awaitDrain(ctx context.Context, m *member, done <-chan struct{}) bool {
	select {
	case <-done:
		return ctx.Err() != nil
	case <-ctx.Done():
	case <-m.done:
	case <-h.group.hurry:
	}
	return true
}

// drainContext bounds a drain by its grace and by the budget, except in a patient stop.
func (h *halt) drainContext(i int) (context.Context, context.CancelFunc) {
	if h.patient() {
		return context.WithCancel(h.base)
	}
	grace := h.members[i].grace
	return context.WithTimeout(h.base, min(grace.Drain, h.allowance(i)-grace.Reserve))
}

func (h *halt) patient() bool { return errors.Is(h.cause, ErrPatientStop) }

// allowance is how long the i-th member may take now: what the budget has left, less the reserves of those that
// follow. When even the reserves are gone, it is an equal share of the rest.
func (h *halt) allowance(i int) time.Duration {
	left := max(time.Until(h.deadline), 0)
	free := left
	for _, next := range h.members[:i] {
		free -= next.grace.Reserve
	}
	return max(free, left/time.Duration(i+1))
}

// awaitAll reports whether all channels are closed before the limit is over.
func awaitAll(limit time.Duration, all ...<-chan struct{}) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, c := range all {
		select {
		case <-c:
		case <-timer.C:
			return !slices.ContainsFunc(all, isOpen)
		}
	}
	return true
}

func isOpen(c <-chan struct{}) bool { return !isClosed(c) }
