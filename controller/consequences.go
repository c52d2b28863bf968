package controller

import "slices"

// step is one thing to do on the bus because a record has changed.
type step struct {
	do      action
	indices []int // to start or to stop
}

type action string

const (
	startIndices action = "start"           // dea.discover and dea.<id>.start for each
	stopIndices  action = "stop"            // dea.stop of these indices
	stopAll      action = "stop all"        // dea.stop of the whole app, retained crashes included
	tellURIs     action = "dea.update"      // the app's URIs
	tellUpdated  action = "droplet.updated" // the health manager reads the record again
)

// consequences are the steps of the cloud controller's update flow, in its order. before is the zero app for one that is new.
//
//	another state    STARTED: start all indices; else stop all; droplet.updated
//	another version  stop all, start all indices; droplet.updated
//	more instances   start those that are new; droplet.updated
//	fewer            stop the highest; droplet.updated
//	other URIs       dea.update
//
// Everything else, memory or environment, is for the next start.
func consequences(before, after app) []step {
	switch {
	case before.started() && after.started() && before.version() == after.version():
		return adjustments(before, after)
	case !after.started() && before.State == after.State:
		return nil
	}
	var steps []step
	if before.started() || !after.started() {
		steps = append(steps, step{do: stopAll})
	}
	if after.started() {
		steps = append(steps, step{startIndices, span(0, after.Instances)})
	}
	return append(steps, step{do: tellUpdated})
}

// adjustments are the steps for an app that runs on.
func adjustments(before, after app) []step {
	var steps []step
	switch {
	case after.Instances > before.Instances:
		steps = append(steps, step{startIndices, span(before.Instances, after.Instances)}, step{do: tellUpdated})
	case after.Instances < before.Instances:
		steps = append(steps, step{stopIndices, span(after.Instances, before.Instances)}, step{do: tellUpdated})
	}
	if !slices.Equal(slices.Sorted(slices.Values(before.URIs)), slices.Sorted(slices.Values(after.URIs))) {
		steps = append(steps, step{do: tellURIs})
	}
	return steps
}

// span is from, from+1, … up to but without to.
func span(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}
