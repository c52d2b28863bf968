package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// parseInstance reads APP/INDEX; an APP alone is its instance 0.
func parseInstance(arg string) (app string, index int, err error) {
	app, digits := arg, "0"
	if at := strings.LastIndexByte(arg, '/'); at >= 0 {
		app, digits = arg[:at], arg[at+1:]
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || app == "" {
		return "", 0, usageError("%q is no instance: APP/INDEX is wanted, as in hello/0", arg)
	}
	return app, int(n), nil
}

// findInstance asks the DEAs for one instance of an app. One that runs answers at once; else it is the crash that is left of the last.
func findInstance(ctx context.Context, b *bus.Bus, app string, index int) (protocol.FoundInstance, error) {
	running, err := gather(ctx, b, protocol.DEAFindDroplet, protocol.FindRequest{Selection: protocol.Selection{
		Droplet: protocol.ID(app), Indices: []protocol.Int{protocol.Int(index)}, States: []protocol.State{protocol.Running, protocol.Starting},
	}}, 1, deaWait)
	if err != nil {
		return protocol.FoundInstance{}, err
	}
	if len(running) > 0 {
		return running[0], nil
	}
	all, err := findInstances(ctx, b, app)
	if err != nil {
		return protocol.FoundInstance{}, err
	}
	return pick(app, all, index)
}

// findInstances asks the DEAs for the instances of an app: for each index those that run, or the last crash. There is at least one.
func findInstances(ctx context.Context, b *bus.Bus, app string) ([]protocol.FoundInstance, error) {
	all, err := gather(ctx, b, protocol.DEAFindDroplet, protocol.FindRequest{Selection: protocol.Selection{Droplet: protocol.ID(app)}}, 0, deaWait)
	if err == nil && len(all) == 0 {
		err = needDEA(ctx, b)
	}
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, &coded{
			error: fmt.Errorf("no DEA knows an instance of %s", app), code: exitNotFound,
			hint: "`minicf dea instances` lists all; crashed ones are kept for an hour, stopped ones not at all",
		}
	}
	return newest(all), nil
}

// newest leaves out crashes that somebody took the place of.
func newest(all []protocol.FoundInstance) []protocol.FoundInstance {
	slices.SortFunc(all, func(a, b protocol.FoundInstance) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(crashed(a), crashed(b)), cmp.Compare(b.StateTimestamp, a.StateTimestamp), cmp.Compare(a.Instance, b.Instance))
	})
	var best []protocol.FoundInstance
	for _, in := range all {
		if n := len(best); crashed(in) == 1 && n > 0 && best[n-1].Index == in.Index {
			continue
		}
		best = append(best, in)
	}
	return best
}

// crashed is 1 for what is left of a crash, 0 for what runs.
func crashed(in protocol.FoundInstance) int {
	if in.State == protocol.Crashed {
		return 1
	}
	return 0
}

// pick finds an index among the instances of an app.
func pick(app string, all []protocol.FoundInstance, index int) (protocol.FoundInstance, error) {
	var there []string
	for _, in := range all {
		if int(in.Index) == index {
			return in, nil
		}
		if n := strconv.Itoa(int(in.Index)); !slices.Contains(there, n) {
			there = append(there, n)
		}
	}
	return protocol.FoundInstance{}, &coded{error: fmt.Errorf("%s has no instance %d, only %s", app, index, strings.Join(there, ", ")), code: exitNotFound}
}
