package v3

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/minicf/minicf/bus"
)

// applyManifest makes apps what a manifest says. All of it is checked before any of it is done.
func (a *API) applyManifest(c *call) error {
	s, m, err := a.manifestFor(c)
	if err != nil {
		return err
	}
	plans, err := a.plan(c, s, m)
	if err != nil {
		return err
	}
	return a.async(c, "space.apply_manifest", func() error {
		for _, p := range plans {
			if err := a.carryOut(c, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *API) manifestFor(c *call) (space, manifest, error) {
	s, err := find(c.Context(), a.spaces, "Space", c.param("guid"))
	if err != nil {
		return s, manifest{}, err
	}
	m, err := c.readManifest()
	return s, m, err
}

// plan is what a manifest wants of one app.
type plan struct {
	said   application
	app    app // as it is, or as it begins
	exists bool
	space  space
	routes []plannedRoute
}

// plannedRoute is a route that an app shall have.
type plannedRoute struct {
	host   string
	domain domain
}

func (a *API) plan(c *call, s space, m manifest) ([]plan, error) {
	var all []plan
	for _, said := range m.Applications {
		x, exists, err := a.appNamed(c.Context(), said.Name, s.GUID)
		if err != nil {
			return nil, err
		}
		if !exists {
			x = newApp(said.Name, s.GUID)
		}
		p := plan{said: said, app: x, exists: exists, space: s}
		if p.routes, err = a.planRoutes(c, p); err != nil {
			return nil, forApp(said.Name, err)
		}
		tried := x // the change is tried on a copy
		if err := said.apply(&tried); err != nil {
			return nil, forApp(said.Name, err)
		}
		c.warnOf(said)
		all = append(all, p)
	}
	return all, nil
}

// forApp says which application of a manifest an error is about.
func forApp(name string, err error) error {
	if f, ok := err.(failure); ok { //nolint:errorlint // it is made here
		f.Detail = "For application '" + name + "': " + f.Detail
		return f
	}
	return err
}

// apply changes an app to what is said, except for its routes.
func (m application) apply(x *app) error {
	switch {
	case m.Docker != nil:
		return notHere("Docker images: the DEA of 2012 runs droplets")
	case len(m.Sidecars) > 0:
		return notHere("sidecars")
	case len(m.Services) > 0:
		return notHere("services yet")
	case m.Lifecycle != "" && m.Lifecycle != "buildpack":
		return notHere("apps of the lifecycle " + m.Lifecycle)
	}
	for _, p := range m.Processes {
		if p.Type != web {
			return notHere("process types but web: a droplet of 2012 has one startup script, so " + cmp.Or(p.Type, "(no type)") + " cannot be run")
		}
	}
	if m.Buildpack.Said {
		x.Buildpacks = []string{}
		if m.Buildpack.Text != "" {
			x.Buildpacks = []string{m.Buildpack.Text}
		}
	}
	if m.Buildpacks != nil {
		x.Buildpacks = m.Buildpacks
	}
	x.Stack = cmp.Or(m.Stack, x.Stack)
	if m.Metadata != nil {
		x.note(&metadata{Labels: texts(m.Metadata.Labels), Annotations: texts(m.Metadata.Annotations)})
	}
	x.UpdatedAt = now()
	return cmp.Or(
		checkName("App", x.Name), checkBuildpacks(x.Buildpacks), setEnv(x, texts(m.Env)), m.process().apply(&x.Process),
	)
}

// warnOf says which of the things that are said have no effect.
func (c *call) warnOf(m application) {
	if p := m.process(); p.HealthType != "" && p.HealthType != "port" {
		c.warn(m.Name + ": the DEA of 2012 knows one health check: an instance is well when its port is open.")
	}
	if m.Stack != "" && m.Stack != localStack {
		c.warn(m.Name + ": there is one stack here, the machine that minicf runs on; " + m.Stack + " is only remembered.")
	}
	if m.process().LogRate != "" {
		c.warn(m.Name + ": minicf does not limit how much an app may log.")
	}
}

// planRoutes finds the routes that an app shall have. Those that it has already stay.
func (a *API) planRoutes(c *call, p plan) ([]plannedRoute, error) {
	m := p.said
	if m.NoRoute {
		if len(m.Routes) > 0 || m.RandomRoute || m.DefaultRoute {
			return nil, unprocessable("Cannot use the combination of properties: no-route, routes")
		}
		return nil, nil
	}
	domains, err := a.domains.All(c.Context())
	if err != nil {
		return nil, err
	}
	var all []plannedRoute
	for _, r := range m.Routes {
		planned, err := parseRoute(r, domains)
		if err != nil {
			return nil, err
		}
		all = append(all, planned)
	}
	if len(all) > 0 || !m.RandomRoute && !m.DefaultRoute {
		return all, nil
	}
	has, err := a.urls(c.Context(), p.app.GUID)
	if err != nil || len(has) > 0 { // one is enough
		return nil, err
	}
	d, err := a.defaultDomain(c)
	if err != nil {
		return nil, err
	}
	host := asLabel(m.Name)
	if m.RandomRoute {
		host += "-" + bus.Hex(4)
	}
	return []plannedRoute{{host, d}}, nil
}

// asLabel makes a host name of an app's name.
func asLabel(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r == '_', r == ' ', r == '.':
			return '-'
		}
		return -1
	}, strings.ToLower(name))
	return strings.Trim(clean[:min(len(clean), maxLabel)], "-")
}

// maxLabel leaves room for what makes a name random.
const maxLabel = 50

// parseRoute finds the domain of a route, the longest one that fits.
func parseRoute(r namedRoute, domains []domain) (plannedRoute, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(r.Route), "http://"), "https://")
	switch {
	case name == "":
		return plannedRoute{}, unprocessable("Routes must have a route")
	case strings.ContainsAny(name, "/:"):
		return plannedRoute{}, notHere("routes with a path or a port, as " + r.Route + ": the router of 2012 looks at the host name")
	case r.Protocol != "" && r.Protocol != "http1":
		return plannedRoute{}, notHere("routes of the protocol " + r.Protocol)
	}
	var best plannedRoute
	for _, d := range domains {
		host, fits := strings.CutSuffix(name, "."+d.Name)
		if name == d.Name {
			host, fits = "", true
		}
		if fits && len(d.Name) > len(best.domain.Name) {
			best = plannedRoute{host, d}
		}
	}
	if best.domain.GUID == "" {
		return best, unprocessable("The route '%s' did not match any existing domains.", r.Route)
	}
	return best, nil
}

// carryOut does what was planned.
func (a *API) carryOut(c *call, p plan) error {
	x, err := a.ensureApp(c, p)
	if err != nil {
		return forApp(p.said.Name, err)
	}
	if p.said.NoRoute {
		if err := a.unmap(c.Context(), x.GUID); err != nil {
			return err
		}
	}
	for _, r := range p.routes {
		fresh := route{head: newHead(), Host: r.host, Domain: r.domain.GUID, Space: p.space.GUID, Destinations: []destination{}}
		got, _, err := a.ensureRoute(c, fresh, r.domain)
		if err == nil && !got.leadsTo(x.GUID) {
			_, err = a.mapRoute(c, got, []string{x.GUID}, false)
		}
		if err != nil {
			return forApp(p.said.Name, err)
		}
	}
	return a.readjust(c.Context(), x.GUID)
}

// ensureApp creates the app or changes it.
func (a *API) ensureApp(c *call, p plan) (app, error) {
	x, kind := p.app, "audit.app.update"
	var err error
	if !p.exists {
		kind = "audit.app.create"
		err = a.nameApp(c, x, func() error { return add(c.Context(), a.apps, x) })
	}
	if err == nil {
		x, err = edit(c.Context(), a.apps, "App", x.GUID, func(x *app) error { return p.said.apply(x) })
	}
	if err == nil {
		a.recordApp(c, kind, x, map[string]any{"request": map[string]any{"manifest": true}})
	}
	return x, err
}

// showManifest writes what would make the app again.
func (a *API) showManifest(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	text, err := a.manifestOf(c.Context(), x)
	if err != nil {
		return err
	}
	c.ResponseWriter.Header().Set("Content-Type", "application/x-yaml")
	c.WriteHeader(http.StatusOK)
	_, _ = c.ResponseWriter.Write(text)
	return nil
}

// currentRoutes are the names of an app's routes, in order.
func (a *API) currentRoutes(ctx context.Context, x app) ([]string, error) {
	all, err := a.urls(ctx, x.GUID)
	slices.Sort(all)
	return all, err
}
