package v3

import (
	"context"
	"errors"
	"net/http"

	"github.com/minicf/minicf/bus"
)

// What is wanted of an app stands in its record; here it is made the case. Both happen under the app's lock, so that of two changes at once the
// platform hears last of the one that was written last.

// changeRunning changes the record of an app, and has the platform adjust what runs.
func (a *API) changeRunning(ctx context.Context, guid string, change func(*app) error) (app, error) {
	defer a.busy.Lock(guid)()
	x, err := edit(ctx, a.apps, "App", guid, func(x *app) error {
		x.UpdatedAt = now()
		return change(x)
	})
	if err != nil {
		return x, err
	}
	return x, a.adjust(ctx, x)
}

// adjust has the platform do what the record says, without a restart. The caller holds the app's lock.
func (a *API) adjust(ctx context.Context, x app) error {
	w, err := a.wanted(ctx, x)
	if err != nil {
		return err
	}
	return a.Platform.Adjust(ctx, w)
}

// wanted is what the platform has to know of an app.
func (a *API) wanted(ctx context.Context, x app) (Wanted, error) {
	d, memory, err := a.dropletOf(ctx, x)
	if err != nil {
		return Wanted{}, err
	}
	urls, err := a.urls(ctx, x.GUID)
	if err != nil {
		return Wanted{}, err
	}
	w := Wanted{
		ID: x.GUID, Name: x.Name, Instances: x.Process.Instances, Memory: memory, Disk: x.Process.Disk, URIs: urls,
		Env: x.environment(memory), Stopped: x.State != started,
	}
	if d != nil {
		w.Droplet, w.Framework, w.Runtime = bitsID(d.GUID), d.Framework, d.Runtime
	}
	return w, nil
}

// dropletOf is an app's current droplet, nil when it has none, and the memory that an instance gets, in MB.
func (a *API) dropletOf(ctx context.Context, x app) (*droplet, int, error) {
	if x.Droplet == "" {
		return nil, memoryOf(x, nil), nil
	}
	d, err := a.droplets.Get(ctx, x.Droplet)
	if errors.Is(err, bus.ErrNoRecord) {
		return nil, memoryOf(x, nil), nil
	}
	if err != nil {
		return nil, 0, err
	}
	return &d, memoryOf(x, &d), nil
}

func (a *API) startApp(c *call) error   { return a.launch(c, "audit.app.start", false) }
func (a *API) restartApp(c *call) error { return a.launch(c, "audit.app.restart", true) }

// launch starts an app, one that runs already only if it is to be started anew.
func (a *API) launch(c *call, kind string, anew bool) error {
	x, err := a.run(c.Context(), c.param("guid"), anew)
	if err != nil {
		return err
	}
	a.recordApp(c, kind, x, nil)
	return c.json(http.StatusOK, c.viewApp(x))
}

func (a *API) run(ctx context.Context, guid string, anew bool) (app, error) {
	defer a.busy.Lock(guid)()
	already := false
	x, err := edit(ctx, a.apps, "App", guid, func(x *app) error {
		if x.Droplet == "" {
			return unprocessable("Assign a droplet before starting this app.")
		}
		already = x.State == started
		x.State, x.UpdatedAt = started, now()
		return nil
	})
	if err != nil || already && !anew {
		return x, err
	}
	w, err := a.wanted(ctx, x)
	if err != nil {
		return x, err
	}
	return x, a.Platform.Start(ctx, w)
}

func (a *API) stopApp(c *call) error {
	x, err := a.changeRunning(c.Context(), c.param("guid"), func(x *app) error { x.State = stopped; return nil })
	if err != nil {
		return err
	}
	a.recordApp(c, "audit.app.stop", x, nil)
	return c.json(http.StatusOK, c.viewApp(x))
}

// SpinDown stops an app that nobody uses, as the health manager asks for.
func (a *API) SpinDown(ctx context.Context, guid string) error {
	_, err := a.changeRunning(ctx, guid, func(x *app) error { x.State = stopped; return nil })
	return err
}

// useDroplet makes a droplet an app's current one, for the next start.
func (a *API) useDroplet(c *call) error {
	var body relation
	if err := c.read(&body); err != nil {
		return err
	}
	x, err := a.app(c)
	if err != nil {
		return err
	}
	d, err := a.droplets.Get(c.Context(), body.guid())
	if err != nil || d.App != x.GUID {
		return unprocessable("Unable to assign current droplet. Ensure the droplet exists and belongs to this app.")
	}
	x, err = edit(c.Context(), a.apps, "App", x.GUID, func(x *app) error { x.Droplet, x.UpdatedAt = d.GUID, now(); return nil })
	if err != nil {
		return err
	}
	a.recordApp(c, "audit.app.droplet.mapped", x, map[string]any{"request": map[string]any{"droplet_guid": d.GUID}})
	return c.json(http.StatusOK, c.viewCurrent(x))
}

func (c *call) viewCurrent(x app) object {
	o := related(x.Droplet)
	o["links"] = object{
		"self": c.href("apps", x.GUID, "relationships", "current_droplet"), "related": c.href("apps", x.GUID, "droplets", "current"),
	}
	return o
}

func (a *API) showCurrent(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	if x.Droplet == "" {
		return notFound("Droplet")
	}
	return c.json(http.StatusOK, c.viewCurrent(x))
}
