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

// match returns the instances that a request chooses: those that fit every filter it has. An empty
// list is a filter that nothing fits.
func (r *registry) match(want protocol.StopRequest) []*instance {
	var found []*instance
	for _, in := range r.all {
		if in.fits(want) {
			found = append(found, in)
		}
	}
	return found
}

func (in *instance) fits(want protocol.StopRequest) bool {
	switch {
	case in.request.Droplet != want.Droplet,
		want.Version != "" && in.request.Version != want.Version,
		want.Instances != nil && !slices.Contains(want.Instances, in.id),
		want.Indices != nil && !slices.Contains(want.Indices, in.request.Index),
		want.States != nil && !slices.Contains(want.States, in.state):
		return false
	}
	return true
}

// count is how many instances of an app this DEA knows, retained crashes included: the more, the
// later it offers itself for another one.
func (r *registry) count(app protocol.ID) int {
	n := 0
	for _, in := range r.in(protocol.Starting, protocol.Running, protocol.Crashed) {
		if in.request.Droplet == app {
			n++
		}
	}
	return n
}
