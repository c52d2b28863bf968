package v3

import (
	"net/http"
)

// space holds apps and routes.
type space struct {
	head
	Name string `json:"name"`
	Org  string `json:"org"` // GUID
}

func (a *API) spaceListing(c *call) listing[space] {
	return listing[space]{
		filters: map[string]filter[space]{
			"names":              named(func(s space) string { return s.Name }),
			"organization_guids": oneOf(func(s space) string { return s.Org }),
		},
		orders: map[string]func(a, b space) int{"name": func(a, b space) int { return compareNames(a.Name, b.Name) }},
		include: map[string]func([]space) (string, []object, error){
			"organization": func(some []space) (string, []object, error) {
				orgs, err := a.orgsOf(c, some)
				return "organizations", orgs, err
			},
		},
	}
}

// orgsOf are the organizations of spaces, each once.
func (a *API) orgsOf(c *call, some []space) ([]object, error) {
	all, err := a.orgs.All(c.Context())
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, s := range some {
		wanted[s.Org] = true
	}
	return viewAll(only(all, func(o organization) bool { return wanted[o.GUID] }), c.viewOrganization), nil
}

func (c *call) viewSpace(s space) object {
	return s.view(object{
		"name":          s.Name,
		"relationships": object{"organization": related(s.Org), "quota": related("")},
		"links": object{
			"self": c.href("spaces", s.GUID), "organization": c.href("organizations", s.Org),
			"apply_manifest": object{"href": c.href("spaces", s.GUID, "actions", "apply_manifest")["href"], "method": "POST"},
		},
	})
}

func (a *API) listSpaces(c *call) error {
	all, err := a.spaces.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, a.spaceListing(c), all, c.viewSpace)
}

func (a *API) showSpace(c *call) error {
	s, err := find(c.Context(), a.spaces, "Space", c.param("guid"))
	if err != nil {
		return err
	}
	answer := c.viewSpace(s)
	if err := a.spaceListing(c).addIncluded(answer, c.URL.Query(), []space{s}); err != nil {
		return err
	}
	return c.json(http.StatusOK, answer)
}

// spaceChange is what can be said of a space.
type spaceChange struct {
	Name          *string `json:"name"`
	Relationships struct {
		Organization relation `json:"organization"`
	} `json:"relationships"`
	Metadata *metadata `json:"metadata"`
}

func (ch spaceChange) apply(s *space) error {
	if ch.Name != nil {
		s.Name = *ch.Name
	}
	s.note(ch.Metadata)
	return checkName("Space", s.Name)
}

func (a *API) createSpace(c *call) error {
	var ch spaceChange
	if err := c.read(&ch); err != nil {
		return err
	}
	s := space{head: newHead(), Org: ch.Relationships.Organization.guid()}
	if err := ch.apply(&s); err != nil {
		return err
	}
	if _, err := a.orgs.Get(c.Context(), s.Org); err != nil {
		return unprocessable("Invalid organization. Ensure the organization exists and you have access to it.")
	}
	if err := a.nameSpace(c, s, func() error { return add(c.Context(), a.spaces, s) }); err != nil {
		return err
	}
	a.record(c, event{Type: "audit.space.create", Target: target{s.GUID, "space", s.Name}, Space: s.GUID, Org: s.Org})
	return c.json(http.StatusCreated, c.viewSpace(s))
}

// nameSpace does something by which a space gets a name, if that is free in its organization.
func (a *API) nameSpace(c *call, s space, do func() error) error {
	a.naming.Lock()
	defer a.naming.Unlock()
	all, err := a.spaces.All(c.Context())
	if err != nil {
		return err
	}
	for _, other := range all {
		if sameName(other.Name, s.Name) && other.Org == s.Org && other.GUID != s.GUID {
			return unprocessable("Space '%s' already exists.", s.Name)
		}
	}
	return do()
}

func (a *API) changeSpace(c *call) error {
	var ch spaceChange
	if err := c.read(&ch); err != nil {
		return err
	}
	s, err := find(c.Context(), a.spaces, "Space", c.param("guid"))
	if err != nil {
		return err
	}
	if err := ch.apply(&s); err != nil {
		return err
	}
	err = a.nameSpace(c, s, func() error {
		s, err = edit(c.Context(), a.spaces, "Space", s.GUID, func(s *space) error { s.UpdatedAt = now(); return ch.apply(s) })
		return err
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewSpace(s))
}

func (a *API) deleteSpace(c *call) error {
	s, err := find(c.Context(), a.spaces, "Space", c.param("guid"))
	if err != nil {
		return err
	}
	return a.async(c, "space.delete", func() error { return a.removeSpace(c, s) })
}

// removeSpace deletes a space with all that is in it; the space itself goes last, so that what was interrupted can be repeated.
func (a *API) removeSpace(c *call, s space) error {
	apps, err := a.apps.All(c.Context())
	if err != nil {
		return err
	}
	for _, in := range only(apps, func(x app) bool { return x.Space == s.GUID }) {
		if err := a.removeApp(c, in); err != nil {
			return err
		}
	}
	routes, err := a.routes.All(c.Context())
	if err != nil {
		return err
	}
	for _, r := range only(routes, func(r route) bool { return r.Space == s.GUID }) {
		if err := a.removeRoute(c, r); err != nil {
			return err
		}
	}
	a.record(c, event{Type: "audit.space.delete-request", Target: target{s.GUID, "space", s.Name}, Space: s.GUID, Org: s.Org})
	return drop(c.Context(), a.spaces, s.GUID)
}
