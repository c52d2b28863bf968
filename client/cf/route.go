package cf

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Route is a host name, and the apps that it leads to.
type Route struct {
	GUID         string        `json:"guid"`
	Host         string        `json:"host"`
	URL          string        `json:"url"` // the whole name
	Destinations []Destination `json:"destinations"`
}

// Destination is an app that a route leads to.
type Destination struct {
	GUID string `json:"guid"`
	App  struct {
		GUID string `json:"guid"`
	} `json:"app"`
}

// LeadsTo is the destination that an app is of a route.
func (r Route) LeadsTo(app string) (Destination, bool) {
	for _, d := range r.Destinations {
		if d.App.GUID == app {
			return d, true
		}
	}
	return Destination{}, false
}

// Routes lists those of the space.
func (c *Client) Routes(ctx context.Context) ([]Route, error) {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return nil, err
	}
	return all[Route](ctx, c, "/v3/routes", url.Values{"space_guids": {space}})
}

// RoutesOf lists those of one app.
func (c *Client) RoutesOf(ctx context.Context, app string) ([]Route, error) {
	return all[Route](ctx, c, "/v3/apps/"+app+"/routes", url.Values{})
}

// MapRoute makes a name lead to an app, at once. A route that there is not is made.
func (c *Client) MapRoute(ctx context.Context, app, name string) (Route, error) {
	routes, err := c.Routes(ctx)
	if err != nil {
		return Route{}, err
	}
	r, found := routeNamed(routes, name)
	if !found {
		if r, err = c.createRoute(ctx, name); err != nil {
			return r, err
		}
	}
	if _, already := r.LeadsTo(app); already {
		return r, nil
	}
	var body struct {
		Destinations [1]struct {
			App struct {
				GUID string `json:"guid"`
			} `json:"app"`
		} `json:"destinations"`
	}
	body.Destinations[0].App.GUID = app
	return r, c.do(ctx, http.MethodPost, "/v3/routes/"+r.GUID+"/destinations", body, nil)
}

// UnmapRoute takes an app away from a name; the route stays.
func (c *Client) UnmapRoute(ctx context.Context, app, name string) error {
	routes, err := c.RoutesOf(ctx, app)
	if err != nil {
		return err
	}
	r, found := routeNamed(routes, name)
	if !found {
		return &NotFoundError{"route of the app", name, c.Place()}
	}
	d, _ := r.LeadsTo(app)
	return c.do(ctx, http.MethodDelete, "/v3/routes/"+r.GUID+"/destinations/"+d.GUID, nil, nil)
}

// DeleteRoute forgets a route.
func (c *Client) DeleteRoute(ctx context.Context, guid string) error {
	return c.do(ctx, http.MethodDelete, "/v3/routes/"+guid, nil, nil)
}

func routeNamed(routes []Route, name string) (Route, bool) {
	for _, r := range routes {
		if strings.EqualFold(r.URL, name) {
			return r, true
		}
	}
	return Route{}, false
}

// createRoute makes a route of a name, in the longest domain that fits.
func (c *Client) createRoute(ctx context.Context, name string) (Route, error) {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return Route{}, err
	}
	domains, err := all[App](ctx, c, "/v3/domains", url.Values{})
	if err != nil {
		return Route{}, err
	}
	name = strings.ToLower(name)
	var best App
	for _, d := range domains {
		if (name == d.Name || strings.HasSuffix(name, "."+d.Name)) && len(d.Name) > len(best.Name) {
			best = d
		}
	}
	if best.GUID == "" {
		return Route{}, &NotFoundError{"domain", "for " + name, c.Place()}
	}
	var r Route
	return r, c.do(ctx, http.MethodPost, "/v3/routes", map[string]any{
		"host":          strings.TrimSuffix(strings.TrimSuffix(name, best.Name), "."),
		"relationships": map[string]relation{"space": to(space), "domain": to(best.GUID)},
	}, &r)
}
