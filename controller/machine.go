package controller

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/controller/v3"
	"github.com/minicf/minicf/protocol"
)

// machine is the controller as the CF API sees it. What the API wants of an app becomes the record of an app as any other, with the app's GUID
// as its id: the same code places its instances, and the health manager looks after them.
type machine struct{ *Controller }

var (
	_ v3.Stager   = machine{}
	_ v3.Platform = machine{}
)

// isOfAPI reports whether the CF API wants an app.
func (c *Controller) isOfAPI(id string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), lookPatience)
	defer cancel()
	a, err := c.apps.Get(ctx, id)
	return err == nil && a.FromAPI
}

// apiFDs is how many open files an app of the CF API gets: there is no way to ask for more.
const apiFDs = 1024

// Start runs an app with a droplet, anew if it runs already.
func (m machine) Start(ctx context.Context, w v3.Wanted) error {
	if _, err := m.droplets.Share(w.Droplet, w.ID); err != nil {
		return err
	}
	ch := wantedChange(w)
	ch.FromAPI = true
	_, err := m.deploy(ctx, w.ID, ch)
	return err
}

// wantedChange is all that the record of an app says.
func wantedChange(w v3.Wanted) change {
	fds, none := apiFDs, protocol.Services{}
	return change{
		Name: &w.Name, Instances: &w.Instances, URIs: w.URIs, Framework: &w.Framework, Runtime: &w.Runtime, Memory: &w.Memory, Disk: &w.Disk,
		FDs: &fds, Env: w.Env, Services: &none,
	}
}

// Adjust changes what needs no restart, and only if it is to be different.
func (m machine) Adjust(ctx context.Context, w v3.Wanted) error {
	a, err := m.apps.Get(ctx, w.ID)
	none := errors.Is(err, bus.ErrNoRecord) || a.deleted()
	if err != nil && !none {
		return err
	}
	running := err == nil && a.started()
	switch {
	case !w.Stopped && !running:
		return m.Start(ctx, w)
	case w.Stopped && !running:
		return nil
	}
	state := protocol.AppStarted
	if w.Stopped {
		state = protocol.AppStopped
	}
	if state == a.State && a.Instances == w.Instances && a.Name == w.Name && slices.Equal(hostNames(w.URIs), a.URIs) {
		return nil
	}
	_, err = m.alter(ctx, w.ID, change{Name: &w.Name, State: &state, Instances: &w.Instances, URIs: w.URIs})
	return err
}

// Renew stops an instance and starts it again.
func (m machine) Renew(ctx context.Context, id string, index int) error {
	a, err := m.apps.Get(ctx, id)
	if err != nil {
		return err
	}
	for _, do := range []action{stopIndices, startIndices} {
		m.errands.add(id, func(ctx context.Context) { m.carryOut(ctx, a, step{do, []int{index}}) })
	}
	return nil
}

// Forget stops an app, and forgets its droplet. One that was never started has nothing to forget.
func (m machine) Forget(ctx context.Context, id string) error {
	err := m.remove(ctx, id)
	if errors.Is(err, bus.ErrNoRecord) {
		return nil
	}
	return err
}

// Await looks at the instances of an app until enough says so: at once, and then whenever something has happened to one.
func (m machine) Await(ctx context.Context, id string, enough func([]v3.Instance) bool) ([]v3.Instance, error) {
	all, err := m.look(ctx, id)
	if err != nil || enough(all) {
		return all, err
	}
	w, err := client.Watch(ctx, m.bus, id)
	if err != nil {
		return all, err
	}
	defer w.Stop()
	for ctx.Err() == nil {
		fresh, err := m.look(ctx, id)
		if ctx.Err() != nil {
			break // it may not have heard all
		}
		if all = fresh; err != nil || enough(all) {
			return all, err
		}
		_ = w.Wait(ctx) // the loop ends with ctx
	}
	return all, nil
}

// look asks the DEAs how the instances do that an app should have.
func (m machine) look(ctx context.Context, id string) ([]v3.Instance, error) {
	a, err := m.apps.Get(ctx, id)
	if errors.Is(err, bus.ErrNoRecord) {
		return nil, nil
	}
	if err != nil || !a.started() {
		return nil, err
	}
	best := make([]v3.Instance, a.Instances)
	for i := range best {
		best[i] = v3.Instance{Index: i, State: "DOWN", Details: m.trouble.of(id), Uptime: 0}
	}
	missing := a.Instances
	for _, limit := range []int{a.Instances, 0} { // crashed ones answer too, so the first so many may not be all
		if missing == 0 {
			break
		}
		found, err := m.findInstances(ctx, a, limit)
		if err != nil {
			return nil, err
		}
		for _, in := range found {
			if i := int(in.Index); i >= 0 && i < len(best) && rank(string(in.State)) > rank(best[i].State) {
				best[i] = instanceOf(in)
			}
		}
		if len(found) < limit {
			break // who has not answered has nothing to say
		}
		missing = 0
		for _, in := range best {
			if in.State != string(protocol.Running) {
				missing++
			}
		}
	}
	return best, nil
}

// lookPatience is how long DEAs are given to say which instances they have.
const lookPatience = 300 * time.Millisecond

func (m machine) findInstances(ctx context.Context, a app, limit int) ([]protocol.FoundInstance, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	return bus.Gather(ctx, m.bus, protocol.DEAFindDroplet, protocol.FindRequest{
		Selection: protocol.Selection{
			Droplet: protocol.ID(a.ID), Version: a.version(), States: []protocol.State{protocol.Starting, protocol.Running, protocol.Crashed},
		},
		IncludeStats: true,
	}, limit)
}

// rank orders the states of instances of one index: the one that is best off counts.
func rank(state string) int {
	return slices.Index([]string{"DOWN", string(protocol.Crashed), string(protocol.Starting), string(protocol.Running)}, state)
}

func instanceOf(in protocol.FoundInstance) v3.Instance {
	i := v3.Instance{Index: int(in.Index), State: string(in.State)}
	s := in.Stats
	if s == nil {
		return i
	}
	i.Host, i.Uptime, i.MemQuota, i.DiskQuota, i.FDsQuota = s.Host, time.Duration(s.Uptime*float64(time.Second)), s.MemQuota, s.DiskQuota, s.FDsQuota
	if s.Port != nil {
		i.Port = *s.Port
	}
	if u := s.Usage; u != nil {
		const percent, kilobyte = 100, 1 << 10
		i.CPU, i.Mem, i.Disk = u.CPU/percent, int64(u.Mem*kilobyte), u.Disk
	}
	return i
}
