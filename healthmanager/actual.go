package healthmanager

import (
	"time"

	"github.com/minicf/minicf/protocol"
)

// app is all that is known of an app: what is wanted of it, and what is the case.
type app struct {
	id     protocol.ID
	wish   wish
	stale  time.Time // when it was said that the record has changed; zero once it was read since
	listed time.Time // when the controller has last mentioned it
	reset  time.Time // when something else was wanted last: nothing is missed before that has had its time
	due    time.Time // when there may be something to do; zero when nothing is planned

	instances map[string]*instance // alive, by instance id
	slots     map[place]*slot      // what has happened where
	crashes   map[string]*crash    // what is left of crashes, by instance id
	told      bool                 // that nobody knows it
}

// place is where an instance stands: two in one place are one too many.
type place struct {
	version protocol.Text
	index   int
}

// instance is one that a heartbeat has told of.
type instance struct {
	id    string
	at    place
	state protocol.State // STARTING or RUNNING
	since int64          // of the state, epoch seconds
	dea   string
	first time.Time // when it was first heard of
	seen  time.Time // the last time
	asked time.Time // when its stop was last asked for
}

// slot is the history of a place.
type slot struct {
	crashes int       // in a row
	crashed time.Time // the last one
	due     time.Time // when a start may be asked for
	urgent  bool      // its DEA is going
}

// crash is what a DEA keeps of an instance that has crashed.
type crash struct {
	since   int64 // epoch seconds
	seen    time.Time
	counted bool // its exit was heard of
}

func newApp(id protocol.ID, now time.Time) *app {
	return &app{id: id, reset: now, instances: map[string]*instance{}, slots: map[place]*slot{}, crashes: map[string]*crash{}}
}

// beat takes a heartbeat's word for one instance. It reports whether that was news.
func (a *app) beat(e protocol.HeartbeatEntry, dea string, now time.Time) (news bool) {
	switch e.State {
	case protocol.Crashed:
		_, alive := a.instances[e.Instance]
		delete(a.instances, e.Instance)
		a.crashOf(e.Instance, e.StateTimestamp).seen = now
		return alive
	case protocol.Starting, protocol.Running:
	default:
		return false
	}
	in := a.instances[e.Instance]
	if in == nil {
		in = &instance{id: e.Instance, first: now}
		a.instances[e.Instance], news = in, true
	}
	in.at, in.state, in.since, in.dea, in.seen = place{e.Version, int(e.Index)}, e.State, e.StateTimestamp, dea, now
	return news
}

func (a *app) crashOf(instance string, since int64) *crash {
	c := a.crashes[instance]
	if c == nil {
		c = &crash{since: since}
		a.crashes[instance] = c
	}
	return c
}

// exit takes up that an instance is gone. What that means for its place, and when, is in the rules; where another one lives it
// means nothing.
func (a *app) exit(e protocol.Exited, r rules, now time.Time) {
	delete(a.instances, e.Instance)
	if e.Reason == protocol.ExitCrashed {
		c := a.crashOf(e.Instance, e.CrashTimestamp)
		if c.seen = now; c.counted {
			return // a DEA that was killed told of it before
		}
		c.counted = true
	}
	at := place{e.Version, int(e.Index)}
	for _, in := range a.instances {
		if in.at == at {
			return
		}
	}
	s := a.slotAt(at)
	switch e.Reason {
	case protocol.ExitCrashed:
		if now.Sub(s.crashed) > r.FlappingTimeout {
			s.crashes = 0
		}
		s.crashes++
		s.crashed, s.due = now, now.Add(r.delay(s.crashes))
	case protocol.ExitDEAShutdown, protocol.ExitDEAEvacuation:
		s.due, s.urgent = now, true
	default: // somebody stopped it, who may know why
		s.due = now.Add(r.DropletLost)
	}
}

func (a *app) slotAt(at place) *slot {
	s := a.slots[at]
	if s == nil {
		s = &slot{}
		a.slots[at] = s
	}
	return s
}

// prune forgets what nobody has told of for long: instances whose DEA is silent, crashes that their DEA has thrown away, and the
// history of versions that are not wanted any more.
func (a *app) prune(r rules, now time.Time) {
	for id, in := range a.instances {
		if now.Sub(in.seen) >= r.DropletLost {
			delete(a.instances, id)
		}
	}
	for id, c := range a.crashes {
		if now.Sub(c.seen) >= r.DropletLost {
			delete(a.crashes, id)
		}
	}
	for at, s := range a.slots {
		if at.version != a.wish.version && now.Sub(s.crashed) > r.FlappingTimeout && now.Sub(s.due) > r.FlappingTimeout {
			delete(a.slots, at)
		}
	}
}

// empty says that nothing is known of the app that would be missed.
func (a *app) empty() bool {
	return !a.wish.known() && a.stale.IsZero() && len(a.instances)+len(a.crashes)+len(a.slots) == 0
}

// touch forgives the silence of a time in which nobody could be heard.
func (a *app) touch(now time.Time) {
	a.reset, a.due = now, now
	for _, in := range a.instances {
		in.seen = now
	}
	for _, c := range a.crashes {
		c.seen = now
	}
}
