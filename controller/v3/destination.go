package v3

import (
	"net/http"
	"slices"
)

func (c *call) viewMapping(r route) object {
	return object{
		"destinations": viewDestinations(r),
		"links":        object{"self": c.href("routes", r.GUID, "destinations"), "route": c.href("routes", r.GUID)},
	}
}

func (a *API) listDestinations(c *call) error {
	r, err := a.route(c)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewMapping(r))
}

func (a *API) addDestinations(c *call) error     { return a.setDestinations(c, false) }
func (a *API) replaceDestinations(c *call) error { return a.setDestinations(c, true) }

// setDestinations maps a route to apps, besides those that it leads to or instead of them.
func (a *API) setDestinations(c *call, instead bool) error {
	var body struct {
		Destinations []struct {
			App struct {
				GUID    string `json:"guid"`
				Process *struct {
					Type string `json:"type"`
				} `json:"process"`
			} `json:"app"`
			Port     *int    `json:"port"`
			Weight   *int    `json:"weight"`
			Protocol *string `json:"protocol"`
		} `json:"destinations"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	r, err := a.route(c)
	if err != nil {
		return err
	}
	var apps []string
	for _, d := range body.Destinations {
		x, err := a.apps.Get(c.Context(), d.App.GUID)
		switch {
		case err != nil:
			return unprocessable("App(s) with guid(s) \"%s\" do not exist or you do not have access.", d.App.GUID)
		case x.Space != r.Space:
			return unprocessable("Routes cannot be mapped to destinations in different spaces.")
		case d.App.Process != nil && d.App.Process.Type != web:
			return notHere("processes but web")
		case d.Protocol != nil && *d.Protocol != "http1":
			return notHere("routes of the protocol " + *d.Protocol)
		}
		apps = append(apps, x.GUID)
	}
	if r, err = a.mapRoute(c, r, apps, instead); err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewMapping(r))
}

// mapRoute makes a route lead to apps, and tells all that are concerned.
func (a *API) mapRoute(c *call, r route, apps []string, instead bool) (route, error) {
	concerned := slices.Clone(apps)
	r, err := edit(c.Context(), a.routes, "Route", r.GUID, func(r *route) error {
		if instead {
			for _, d := range r.Destinations {
				concerned = append(concerned, d.App)
			}
			r.Destinations = slices.DeleteFunc(r.Destinations, func(d destination) bool { return !slices.Contains(apps, d.App) })
		}
		for _, app := range apps {
			if !r.leadsTo(app) {
				r.Destinations = append(r.Destinations, destination{newGUID(), app})
			}
		}
		r.UpdatedAt = now()
		return nil
	})
	if err != nil {
		return r, err
	}
	slices.Sort(concerned)
	for _, app := range slices.Compact(concerned) {
		if err := a.warnOfPort(c, app); err != nil {
			return r, err
		}
		if err := a.readjust(c.Context(), app); err != nil {
			return r, err
		}
	}
	return r, nil
}

// warnOfPort tells that an app has to be started anew before its first route leads anywhere.
func (a *API) warnOfPort(c *call, guid string) error {
	x, err := a.apps.Get(c.Context(), guid)
	if err != nil || x.State != started {
		return nil //nolint:nilerr // there is nothing to warn of
	}
	urls, err := a.urls(c.Context(), guid)
	if err == nil && len(urls) == 1 {
		c.warn("The DEA of 2012 gives a port to an app that has a route when it starts: if " + x.Name + " had none, restart it.")
	}
	return err
}

func (a *API) deleteDestination(c *call) error {
	r, err := a.route(c)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Destinations, func(d destination) bool { return d.GUID == c.param("destination") })
	if i < 0 {
		return unprocessable("Unable to unmap route from destination. Ensure the route has a destination with this guid.")
	}
	app := r.Destinations[i].App
	_, err = edit(c.Context(), a.routes, "Route", r.GUID, func(r *route) error {
		r.Destinations = slices.DeleteFunc(r.Destinations, func(d destination) bool { return d.GUID == c.param("destination") })
		r.UpdatedAt = now()
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.readjust(c.Context(), app); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}
