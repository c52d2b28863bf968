package healthmanager

import (
	"cmp"
	"slices"
	"time"

	"github.com/minicf/minicf/protocol"
)

// verdict is what is to be done about an app now, and when to look again; a zero next means when something happens.
type verdict struct {
	starts []start
	stops  []string // instance ids
	next   time.Time
}

// start is one index to start.
type start struct {
	index    int
	flapping bool
	urgent   bool // another one is going just now
}

// analyze compares what is wanted of an app with what is the case. It changes nothing, and knows no time but now.
//
//	the record has changed and was not read yet   wait
//	nobody knows the app                          leave it alone; with StopUnknown, stop what is old enough
//	no instance at an index that is wanted        start it, when its slot says so or it was missed for DropletLost
//	it has crashed more often than GiveUp         leave it
//	two instances in one place                    stop the younger one
//	instances that are not wanted                 stop them, once nothing has changed for StableState
//
// Instances that were not heard of for DropletLost must have been pruned before.
func analyze(a *app, r rules, now time.Time) verdict {
	var v verdict
	switch {
	case !a.stale.IsZero():
		return v
	case !a.wish.known():
		v.judgeUnknown(a, r, now)
	default:
		taken := v.judgeExtra(a, r, now)
		v.judgeMissing(a, taken, r, now)
	}
	for _, in := range a.instances { // whose silence would be noticed
		v.lookAt(in.seen.Add(r.DropletLost))
	}
	slices.Sort(v.stops)
	return v
}

func (v *verdict) lookAt(t time.Time) {
	if v.next.IsZero() || t.Before(v.next) {
		v.next = t
	}
}

// judgeUnknown is about apps that somebody started without the controller, as the tutorial's scripts do.
func (v *verdict) judgeUnknown(a *app, r rules, now time.Time) {
	if !r.StopUnknown {
		return
	}
	for _, in := range a.instances {
		v.stopFrom(in, in.first.Add(r.UnknownAge), r, now)
	}
}

// judgeExtra stops what is not wanted, and returns the indices that have an instance.
func (v *verdict) judgeExtra(a *app, r rules, now time.Time) (taken map[int]bool) {
	taken = map[int]bool{}
	for _, in := range byAge(a.instances) {
		wanted := in.at.version == a.wish.version && in.at.index >= 0 && in.at.index < a.wish.wanted()
		switch {
		case !wanted:
			v.stopFrom(in, a.reset.Add(r.StableState), r, now)
		case taken[in.at.index]:
			v.stopFrom(in, now, r, now)
		default:
			taken[in.at.index] = true
		}
	}
	return taken
}

// byAge puts the instances into the order in which they have a right to their place.
func byAge(instances map[string]*instance) []*instance {
	all := make([]*instance, 0, len(instances))
	for _, in := range instances {
		all = append(all, in)
	}
	running := func(in *instance) int {
		if in.state == protocol.Running {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b *instance) int {
		return cmp.Or(cmp.Compare(running(a), running(b)), cmp.Compare(a.since, b.since), cmp.Compare(a.id, b.id))
	})
	return all
}

// stopFrom stops an instance from a time on, and asks for it again when that has no effect.
func (v *verdict) stopFrom(in *instance, from time.Time, r rules, now time.Time) {
	if again := in.asked.Add(r.RestartTimeout); !in.asked.IsZero() && again.After(from) {
		from = again
	}
	if from.After(now) {
		v.lookAt(from)
		return
	}
	v.stops = append(v.stops, in.id)
}

// judgeMissing starts what is wanted and not there.
func (v *verdict) judgeMissing(a *app, taken map[int]bool, r rules, now time.Time) {
	for index := range a.wish.wanted() {
		if taken[index] {
			continue
		}
		due, s := a.reset.Add(r.DropletLost), slot{}
		if known := a.slots[place{a.wish.version, index}]; known != nil {
			due, s = known.due, *known
		}
		switch {
		case r.givesUp(s.crashes):
		case due.After(now):
			v.lookAt(due)
		default:
			v.starts = append(v.starts, start{index: index, flapping: r.flaps(s.crashes), urgent: s.urgent})
		}
	}
}

// performed notes that the verdict was carried out: the same is not asked for again at once.
func (a *app) performed(v verdict, r rules, now time.Time) {
	for _, s := range v.starts {
		known := a.slotAt(place{a.wish.version, s.index})
		known.due, known.urgent = now.Add(max(r.RestartTimeout, r.delay(known.crashes))), false
	}
	for _, id := range v.stops {
		if in := a.instances[id]; in != nil {
			in.asked = now
		}
	}
}
