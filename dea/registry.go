package dea

import (
	"slices"

	"github.com/minicf/minicf/protocol"
)

// registry holds the instances of a DEA in the order in which they came. It is guarded by DEA.mu.
type registry struct {
	all []*instance
}

func (r *registry) add(in *instance) { r.all = append(r.all, in) }

func (r *registry) remove(in *instance) {
	r.all = slices.DeleteFunc(r.all, func(other *instance) bool { return other == in })
}

// in returns the instances that are in one of the states.
func (r *registry) in(states ...protocol.State) []*instance {
	var found []*instance
	for _, in := range r.all {
		if slices.Contains(states, in.state) {
			found = append(found, in)
		}
	}
	return found
}

// match returns the instances that a selection chooses.
func (r *registry) match(want protocol.Selection) []*instance {
	var found []*instance
	for _, in := range r.all {
		if in.fits(want) {
			found = append(found, in)
		}
	}
	return found
}

func (in *instance) fits(want protocol.Selection) bool {
	switch {
	case in.request.Droplet != want.Droplet,
		want.Version != "" && in.request.Version != want.Version,
		want.Instances != nil && !slices.Contains(want.Instances, in.id),
		want.InstanceIDs != nil && !slices.Contains(want.InstanceIDs, in.id),
		want.Indices != nil && !slices.Contains(want.Indices, in.request.Index),
		want.States != nil && !slices.Contains(want.States, in.state):
		return false
	}
	return true
}

// known returns the instances that others may know of, retained crashes included.
func (r *registry) known() []*instance {
	return r.in(protocol.Starting, protocol.Running, protocol.Crashed)
}

// live returns the instances that run, or soon will.
func (r *registry) live() []*instance { return r.in(protocol.Starting, protocol.Running) }

// count is how many live instances of an app there are: the more, the later this DEA offers itself for another one. In
// 2012 retained crashes counted, too, and an app that had crashed was slow to be placed for an hour.
func (r *registry) count(app protocol.ID) int {
	n := 0
	for _, in := range r.live() {
		if in.request.Droplet == app {
			n++
		}
	}
	return n
}
