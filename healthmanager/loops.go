package healthmanager

import (
	"context"
	"time"

	"github.com/minicf/minicf/protocol"
)

const (
	// busTimeout is how soon the bus must answer to count as being there.
	busTimeout = 2 * time.Second
	// retryPause is how long to wait before the controller is asked again when it did not answer.
	retryPause = time.Second
	// forgetAfter is when an app is forgotten of which nothing is known any more.
	forgetAfter = 4 * time.Minute
)

// readLoop reads what is wanted, in its interval and when something has changed.
func (m *Manager) readLoop(ctx context.Context) {
	interval := m.cfg.Intervals.DesiredStateUpdate.Std()
	timer := time.NewTimer(interval)
	defer timer.Stop()
	failed := false
	for {
		select {
		case <-m.dirty:
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		began := time.Now()
		all, err := m.read(ctx)
		switch {
		case err == nil:
			m.take(all, began)
			timer.Reset(interval)
		case ctx.Err() != nil:
			return
		default:
			if !failed {
				m.log.Warn("what is wanted is not known, trying again until it is", "error", err)
			}
			timer.Reset(min(retryPause, interval))
		}
		failed = err != nil
	}
}

// take compares what is wanted now with what was wanted before. began is when the reading did: what was changed after that must be
// read again.
func (m *Manager) take(all []protocol.BulkApp, began time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	listed := make(map[protocol.ID]bool, len(all))
	for _, b := range all {
		listed[b.ID] = true
		a := m.appOf(b.ID, now)
		a.listed = now
		m.wish(a, wishOf(b), began, now)
	}
	for id, a := range m.apps {
		if !listed[id] {
			m.wish(a, m.absent(a, now), began, now)
		}
	}
}

// absent is the wish for an app that the controller does not list: one that it once did is gone after a while.
func (m *Manager) absent(a *app, now time.Time) wish {
	w := a.wish
	if w.known() && w.state != protocol.AppDeleted && now.Sub(a.listed) >= m.cfg.Intervals.DesiredStateLost.Std() {
		w.state = protocol.AppDeleted
	}
	return w
}

func (m *Manager) wish(a *app, w wish, began, now time.Time) {
	if !a.wish.same(w) {
		a.reset = now
	}
	a.wish = w
	if !a.stale.After(began) {
		a.stale = time.Time{}
	}
	m.judge(a, now)
}

// lookLoop looks at all apps in its interval, and at single ones when their time has come.
func (m *Manager) lookLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for planned := time.Now(); ; {
		select {
		case <-timer.C:
		case <-m.look:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		// While this process or the bus slept nobody could be heard, so nobody is missed.
		if now.Sub(planned) > m.rules.DropletLost/2 || !m.busThere(ctx) {
			m.forgive()
		}
		planned = m.lookAround(time.Now())
		timer.Reset(time.Until(planned))
	}
}

// busThere asks the bus for a sign of life.
func (m *Manager) busThere(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	return m.bus.Flush(ctx) == nil
}

// lookAround judges what is due, everything if it is time for that, and says when to look again.
func (m *Manager) lookAround(now time.Time) (next time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := !now.Before(m.full)
	if all {
		m.full, m.done = now.Add(m.cfg.Intervals.DropletsAnalysis.Std()), true
	}
	m.next = m.full
	for id, a := range m.apps {
		if all && a.empty() && now.Sub(a.reset) > forgetAfter {
			delete(m.apps, id)
			continue
		}
		if all || !a.due.IsZero() && !a.due.After(now) {
			m.judge(a, now)
		}
		if !a.due.IsZero() && a.due.Before(m.next) {
			m.next = a.due
		}
	}
	return m.next
}

// judge does about an app what is to be done now. The caller holds the mutex.
func (m *Manager) judge(a *app, now time.Time) {
	a.prune(m.rules, now)
	v := analyze(a, m.rules, now)
	m.perform(a, v)
	a.performed(v, m.rules, now)
	if len(v.starts)+len(v.stops) > 0 {
		v = analyze(a, m.rules, now) // for when to look again
	}
	m.report(a)
	if a.due = v.next; !a.due.IsZero() && a.due.Before(m.next) {
		m.next = a.due
		poke(m.look)
	}
}

// perform asks for what a verdict says: one request for all indices that are to be started for the same reason.
func (m *Manager) perform(a *app, v verdict) {
	type reason struct{ flapping, urgent bool }
	indices := map[reason][]protocol.Int{}
	for _, s := range v.starts {
		r := reason{s.flapping, s.urgent}
		indices[r] = append(indices[r], protocol.Int(s.index))
	}
	for why, which := range indices {
		m.figures.starts.Add(int64(len(which)))
		m.queue.add(protocol.HMRequest{
			Droplet: a.id, Op: protocol.OpStart, LastUpdated: a.wish.updated, Version: a.wish.version, Indices: which, Flapping: protocol.Truth(why.flapping),
		}, a.priority(why.urgent, which))
	}
	if len(v.stops) > 0 {
		m.figures.stops.Add(int64(len(v.stops)))
		m.queue.add(protocol.HMRequest{Droplet: a.id, Op: protocol.OpStop, LastUpdated: a.wish.updated, Instances: v.stops}, high)
	}
}

// priority is that of a start of these indices.
func (a *app) priority(urgent bool, indices []protocol.Int) int {
	if urgent {
		return high
	}
	for _, i := range indices {
		if s := a.slots[place{a.wish.version, int(i)}]; s == nil || s.crashes == 0 {
			return normal
		}
	}
	return low
}

// report says once that there is an app which nobody knows.
func (m *Manager) report(a *app) {
	if a.told || a.wish.known() || len(a.instances) == 0 || !a.stale.IsZero() || !m.done {
		return
	}
	a.told = true
	if m.rules.StopUnknown {
		m.log.Info("app is not the controller's, and will be stopped", "app_id", a.id, "instances", len(a.instances), "age", m.rules.UnknownAge)
		return
	}
	m.log.Info("app is not the controller's, and left alone", "app_id", a.id, "instances", len(a.instances))
}
