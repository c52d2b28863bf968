package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// maxBody is how long the description of an app may be, in bytes.
const maxBody = 1 << 20

// healthTimeout is how long the health manager may take to say how many instances run.
const healthTimeout = time.Second

// shownApp is an app in an answer: its record, and what is the case.
type shownApp struct {
	app
	Version protocol.Text `json:"version"`
	// Running is how many indices have a running instance; null when no health manager says so.
	Running *int `json:"running_instances"`
}

// listApps answers with all apps, in the order of their ids.
func (c *Controller) listApps(w http.ResponseWriter, r *http.Request) error {
	all, err := c.apps.All(r.Context())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, app.deleted)
	slices.SortFunc(all, func(a, b app) int { return cmp.Compare(a.ID, b.ID) })
	writeJSON(w, http.StatusOK, c.show(r.Context(), all...))
	return nil
}

// showApp answers with one app.
func (c *Controller) showApp(w http.ResponseWriter, r *http.Request) error {
	a, err := c.apps.Get(r.Context(), param(r, "id"))
	if err != nil {
		return err
	}
	if a.deleted() {
		return bus.ErrNoRecord
	}
	writeJSON(w, http.StatusOK, c.show(r.Context(), a)[0])
	return nil
}

// putApp runs the app's newest droplet, with what the body says of it.
func (c *Controller) putApp(w http.ResponseWriter, r *http.Request) error {
	return c.changeApp(w, r, c.deploy)
}

// patchApp changes what the body names.
func (c *Controller) patchApp(w http.ResponseWriter, r *http.Request) error {
	return c.changeApp(w, r, c.alter)
}

func (c *Controller) changeApp(w http.ResponseWriter, r *http.Request, f func(context.Context, string, change) (app, error)) error {
	ch, err := readChange(w, r)
	if err != nil {
		return err
	}
	if err := c.refuseAPIApp(r.Context(), param(r, "id")); err != nil {
		return err
	}
	a, err := f(r.Context(), param(r, "id"), ch)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, shownApp{app: a, Version: a.version()})
	return nil
}

func (c *Controller) deleteApp(w http.ResponseWriter, r *http.Request) error {
	if err := c.refuseAPIApp(r.Context(), param(r, "id")); err != nil {
		return err
	}
	if err := c.remove(r.Context(), param(r, "id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// refuseAPIApp keeps apps of the CF API from being changed behind its back: it would not know.
func (c *Controller) refuseAPIApp(ctx context.Context, id string) error {
	a, err := c.apps.Get(ctx, id)
	if err == nil && a.FromAPI && !a.deleted() {
		return failure{http.StatusConflict, 100, "The app " + a.Name + " belongs to the CF API: change it there, with the cf command"}
	}
	return nil // what else is wrong is found by whoever changes it
}

// readChange reads the body. A key that nobody knows is an error: it would have no effect.
func readChange(w http.ResponseWriter, r *http.Request) (change, error) {
	var ch change
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&ch); err != nil && !errors.Is(err, io.EOF) {
		return ch, badRequest("want JSON: %v", err)
	}
	if d.More() {
		return ch, badRequest("want one JSON object and no more")
	}
	return ch, nil
}

// show adds to apps what the health manager knows of them. Of stopped ones none runs.
func (c *Controller) show(ctx context.Context, all ...app) []shownApp {
	shown := make([]shownApp, len(all))
	ask := protocol.HealthRequest{}
	at := map[protocol.ID]int{}
	for i, a := range all {
		shown[i] = shownApp{app: a, Version: a.version()}
		if !a.started() {
			shown[i].Running = new(int)
			continue
		}
		at[protocol.ID(a.ID)] = i
		ask.Droplets = append(ask.Droplets, protocol.AppVersion{Droplet: protocol.ID(a.ID), Version: a.version()})
	}
	for _, h := range c.askHealth(ctx, ask) {
		if i, ok := at[h.Droplet]; ok && h.Version == shown[i].Version {
			shown[i].Running = &h.Healthy
		}
	}
	return shown
}

func (c *Controller) askHealth(ctx context.Context, ask protocol.HealthRequest) []protocol.HealthReply {
	if len(ask.Droplets) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	all, err := bus.Gather(ctx, c.bus, protocol.HealthManagerHealth, ask, len(ask.Droplets))
	if err != nil {
		c.log.Warn("the health manager was not asked", "error", err)
	}
	return all
}
