package v3

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// route is a host name, and the apps that it leads to. The router of 2012 looks at nothing but the name.
type route struct {
	head
	Host         string        `json:"host"`
	Domain       string        `json:"domain"` // GUID
	Space        string        `json:"space"`  // GUID
	Destinations []destination `json:"destinations"`
}

// destination is an app that a route leads to.
type destination struct {
	GUID string `json:"guid"`
	App  string `json:"app"` // GUID
}

// maxHostName is that of a whole name, in bytes (RFC 1035).
const maxHostName = 253

// hostLabels are what may stand before the domain.
var hostLabels = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*)?$`)

// leadsTo reports whether an app is one of the destinations.
func (r route) leadsTo(app string) bool {
	return slices.ContainsFunc(r.Destinations, func(d destination) bool { return d.App == app })
}

// hostName is the whole name.
func hostName(host, domain string) string {
	if host == "" {
		return domain
	}
	return host + "." + domain
}

func (a *API) routeListing(c *call) listing[route] {
	return listing[route]{
		filters: map[string]filter[route]{
			"hosts":        oneOf(func(r route) string { return r.Host }),
			"domain_guids": oneOf(func(r route) string { return r.Domain }),
			"space_guids":  oneOf(func(r route) string { return r.Space }),
			"app_guids": anyOf(func(r route) []string {
				var all []string
				for _, d := range r.Destinations {
					all = append(all, d.App)
				}
				return all
			}),
			"organization_guids": func(r route, guids []string) bool {
				s, err := a.spaces.Get(c.Context(), r.Space)
				return err == nil && slices.Contains(guids, s.Org)
			},
			"paths":                  oneOf(func(route) string { return "" }),
			"ports":                  oneOf(func(route) string { return "" }),
			"service_instance_guids": func(route, []string) bool { return false },
		},
		include: map[string]func([]route) (string, []object, error){
			"domain": func(some []route) (string, []object, error) {
				wanted := map[string]bool{}
				for _, r := range some {
					wanted[r.Domain] = true
				}
				all, err := a.domains.All(c.Context())
				return "domains", viewAll(only(all, func(d domain) bool { return wanted[d.GUID] }), c.viewDomain), err
			},
			"space": func(some []route) (string, []object, error) {
				wanted := map[string]bool{}
				for _, r := range some {
					wanted[r.Space] = true
				}
				all, err := a.spaces.All(c.Context())
				return "spaces", viewAll(only(all, func(s space) bool { return wanted[s.GUID] }), c.viewSpace), err
			},
		},
	}
}

func viewDestinations(r route) []object {
	all := make([]object, len(r.Destinations))
	for i, d := range r.Destinations {
		all[i] = object{
			"guid": d.GUID, "app": object{"guid": d.App, "process": object{"type": web}}, "weight": nil, "port": nil, "protocol": "http1",
		}
	}
	return all
}

func (c *call) viewRoute(r route, domain string) object {
	return r.view(object{
		"protocol": "http", "host": r.Host, "path": "", "port": nil, "url": hostName(r.Host, domain), "destinations": viewDestinations(r),
		"options": object{}, "relationships": object{"space": related(r.Space), "domain": related(r.Domain)},
		"links": object{
			"self": c.href("routes", r.GUID), "space": c.href("spaces", r.Space), "destinations": c.href("routes", r.GUID, "destinations"),
			"domain": c.href("domains", r.Domain),
		},
	})
}

// listRoutes lists all routes, or those of the app in the path.
func (a *API) listRoutes(c *call) error {
	all, err := a.routes.All(c.Context())
	if err != nil {
		return err
	}
	if guid := c.param("guid"); guid != "" {
		if _, err := a.app(c); err != nil {
			return err
		}
		all = only(all, func(r route) bool { return r.leadsTo(guid) })
	}
	domains, err := a.domains.All(c.Context())
	if err != nil {
		return err
	}
	names := byGUID(domains)
	return list(c, a.routeListing(c), all, func(r route) object { return c.viewRoute(r, names[r.Domain].Name) })
}

func (a *API) route(c *call) (route, error) {
	return find(c.Context(), a.routes, "Route", c.param("guid"))
}

func (a *API) answerRoute(c *call, status int, r route) error {
	d, err := find(c.Context(), a.domains, "Domain", r.Domain)
	if err != nil {
		return err
	}
	return c.json(status, c.viewRoute(r, d.Name))
}

func (a *API) showRoute(c *call) error {
	r, err := a.route(c)
	if err != nil {
		return err
	}
	return a.answerRoute(c, http.StatusOK, r)
}

func (a *API) createRoute(c *call) error {
	var body struct {
		Host          string `json:"host"`
		Path          string `json:"path"`
		Port          *int   `json:"port"`
		Relationships struct {
			Space  relation `json:"space"`
			Domain relation `json:"domain"`
		} `json:"relationships"`
		Options  map[string]any `json:"options"`
		Metadata *metadata      `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	if body.Path != "" || body.Port != nil {
		return notHere("routes with a path or a port: the router of 2012 looks at the host name")
	}
	s, err := a.spaces.Get(c.Context(), body.Relationships.Space.guid())
	if err != nil {
		return unprocessable("Invalid space. Ensure that the space exists and you have access.")
	}
	d, err := a.domains.Get(c.Context(), body.Relationships.Domain.guid())
	if err != nil {
		return unprocessable("Invalid domain. Ensure that the domain exists and you have access.")
	}
	r := route{head: newHead(), Host: strings.ToLower(body.Host), Domain: d.GUID, Space: s.GUID, Destinations: []destination{}}
	r.note(body.Metadata)
	r, created, err := a.ensureRoute(c, r, d)
	if err != nil {
		return err
	}
	if !created {
		return unprocessable("Route already exists with host '%s' for domain '%s'.", r.Host, d.Name)
	}
	return c.json(http.StatusCreated, c.viewRoute(r, d.Name))
}

// ensureRoute adds a route, or finds the one of this name. One that belongs to another space is an error.
func (a *API) ensureRoute(c *call, r route, d domain) (got route, created bool, err error) {
	if !hostLabels.MatchString(r.Host) || len(hostName(r.Host, d.Name)) > maxHostName {
		return r, false, unprocessable("Host '%s' must be letters, digits, - and _, up to 63 of them", r.Host)
	}
	a.naming.Lock()
	defer a.naming.Unlock()
	all, err := a.routes.All(c.Context())
	if err != nil {
		return r, false, err
	}
	for _, other := range all {
		if other.Host != r.Host || other.Domain != r.Domain {
			continue
		}
		if other.Space != r.Space {
			return r, false, unprocessable("Route '%s' is already in use in another space.", hostName(r.Host, d.Name))
		}
		return other, false, nil
	}
	if err := add(c.Context(), a.routes, r); err != nil {
		return r, false, err
	}
	a.record(c, event{Type: "audit.route.create", Target: target{r.GUID, "route", hostName(r.Host, d.Name)}, Space: r.Space})
	return r, true, nil
}

func (a *API) changeRoute(c *call) error {
	var body struct {
		Options  map[string]any `json:"options"`
		Metadata *metadata      `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	r, err := edit(c.Context(), a.routes, "Route", c.param("guid"), func(r *route) error {
		r.note(body.Metadata)
		r.UpdatedAt = now()
		return nil
	})
	if err != nil {
		return err
	}
	return a.answerRoute(c, http.StatusOK, r)
}

func (a *API) deleteRoute(c *call) error {
	r, err := a.route(c)
	if err != nil {
		return err
	}
	return a.async(c, "route.delete", func() error { return a.removeRoute(c, r) })
}

// deleteUnmappedRoutes is `cf delete-orphaned-routes`.
func (a *API) deleteUnmappedRoutes(c *call) error {
	s, err := find(c.Context(), a.spaces, "Space", c.param("guid"))
	if err != nil {
		return err
	}
	if c.URL.Query().Get("unmapped") != "true" {
		return unprocessable("Mass delete not supported for routes. Use 'unmapped=true' parameter to delete all unmapped routes.")
	}
	return a.async(c, "space.delete_unmapped_routes", func() error {
		all, err := a.routes.All(c.Context())
		if err != nil {
			return err
		}
		for _, r := range only(all, func(r route) bool { return r.Space == s.GUID && len(r.Destinations) == 0 }) {
			if err := a.removeRoute(c, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeRoute deletes a route, and tells the apps that it led to.
func (a *API) removeRoute(c *call, r route) error {
	if err := drop(c.Context(), a.routes, r.GUID); err != nil {
		return err
	}
	a.record(c, event{Type: "audit.route.delete-request", Target: target{r.GUID, "route", r.Host}, Space: r.Space})
	for _, d := range r.Destinations {
		if err := a.readjust(c.Context(), d.App); err != nil {
			return err
		}
	}
	return nil
}

// readjust tells the platform of an app's names again. An app that is gone needs none.
func (a *API) readjust(ctx context.Context, guid string) error {
	defer a.busy.Lock(guid)()
	x, err := find(ctx, a.apps, "App", guid)
	if f, gone := err.(failure); gone && f.status == http.StatusNotFound { //nolint:errorlint // find returns it as it is
		return nil
	}
	if err != nil {
		return err
	}
	return a.adjust(ctx, x)
}

// urls are the names that lead to an app, in order.
func (a *API) urls(ctx context.Context, app string) ([]string, error) {
	routes, err := a.routes.All(ctx)
	if err != nil {
		return nil, err
	}
	routes = only(routes, func(r route) bool { return r.leadsTo(app) })
	if len(routes) == 0 {
		return []string{}, nil
	}
	domains, err := a.domains.All(ctx)
	if err != nil {
		return nil, err
	}
	names := byGUID(domains)
	all := make([]string, len(routes))
	for i, r := range routes {
		all[i] = hostName(r.Host, names[r.Domain].Name)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Compare(a, b) })
	return all, nil
}

// unmap takes an app away from all routes.
func (a *API) unmap(ctx context.Context, app string) error {
	all, err := a.routes.All(ctx)
	if err != nil {
		return err
	}
	for _, r := range only(all, func(r route) bool { return r.leadsTo(app) }) {
		_, err := edit(ctx, a.routes, "Route", r.GUID, func(r *route) error {
			r.Destinations = slices.DeleteFunc(r.Destinations, func(d destination) bool { return d.App == app })
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
