package v3

import (
	"net/http"
	"regexp"
	"strings"
)

// domain is one under which routes are. All are shared by all organizations.
type domain struct {
	head
	Name string `json:"name"`
}

// domainName is what can be one: labels of letters, digits and -, separated by dots.
var domainName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

func domainListing() listing[domain] {
	return listing[domain]{
		filters: map[string]filter[domain]{
			"names": oneOf(func(d domain) string { return d.Name }),
			// No domain belongs to an organization.
			"organization_guids": func(domain, []string) bool { return false },
		},
	}
}

func (c *call) viewDomain(d domain) object {
	return d.view(object{
		"name": d.Name, "internal": false, "router_group": nil, "supported_protocols": []string{"http"},
		"relationships": object{"organization": related(""), "shared_organizations": object{"data": []object{}}},
		"links":         object{"self": c.href("domains", d.GUID), "route_reservations": c.href("domains", d.GUID, "route_reservations")},
	})
}

func (a *API) listDomains(c *call) error {
	all, err := a.domains.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, domainListing(), all, c.viewDomain)
}

// listOrganizationDomains lists those that an organization can use: all of them.
func (a *API) listOrganizationDomains(c *call) error {
	if _, err := find(c.Context(), a.orgs, "Organization", c.param("guid")); err != nil {
		return err
	}
	return a.listDomains(c)
}

// defaultDomain is the oldest one.
func (a *API) defaultDomain(c *call) (domain, error) {
	all, err := a.domains.All(c.Context())
	if err != nil {
		return domain{}, err
	}
	all = only(all, func(domain) bool { return true })
	if len(all) == 0 {
		return domain{}, notFound("Domain")
	}
	return all[0], nil
}

func (a *API) showDefaultDomain(c *call) error {
	d, err := a.defaultDomain(c)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewDomain(d))
}

func (a *API) showDomain(c *call) error {
	d, err := find(c.Context(), a.domains, "Domain", c.param("guid"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewDomain(d))
}

func (a *API) createDomain(c *call) error {
	var body struct {
		Name          string `json:"name"`
		Internal      bool   `json:"internal"`
		Relationships struct {
			Organization relation `json:"organization"`
		} `json:"relationships"`
		Metadata *metadata `json:"metadata"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	d := domain{head: newHead(), Name: strings.ToLower(body.Name)}
	d.note(body.Metadata)
	switch {
	case body.Internal:
		return notHere("internal domains: apps here meet through the router alone")
	case !domainName.MatchString(d.Name) || len(d.Name) > maxHostName:
		return unprocessable("Name does not comply with RFC 1035 standards")
	}
	if body.Relationships.Organization.guid() != "" {
		c.warn("minicf has no private domains: all organizations share " + d.Name)
	}
	a.naming.Lock()
	defer a.naming.Unlock()
	all, err := a.domains.All(c.Context())
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.Name == d.Name {
			return unprocessable("The domain name \"%s\" is already in use", d.Name)
		}
	}
	if err := add(c.Context(), a.domains, d); err != nil {
		return err
	}
	return c.json(http.StatusCreated, c.viewDomain(d))
}

func (a *API) deleteDomain(c *call) error {
	d, err := find(c.Context(), a.domains, "Domain", c.param("guid"))
	if err != nil {
		return err
	}
	return a.async(c, "domain.delete", func() error {
		routes, err := a.routes.All(c.Context())
		if err != nil {
			return err
		}
		for _, r := range only(routes, func(r route) bool { return r.Domain == d.GUID }) {
			if err := a.removeRoute(c, r); err != nil {
				return err
			}
		}
		return drop(c.Context(), a.domains, d.GUID)
	})
}

// showReservation answers whether a route is taken, for `cf check-route`.
func (a *API) showReservation(c *call) error {
	d, err := find(c.Context(), a.domains, "Domain", c.param("guid"))
	if err != nil {
		return err
	}
	all, err := a.routes.All(c.Context())
	if err != nil {
		return err
	}
	q := c.URL.Query()
	taken := only(all, func(r route) bool {
		return r.Domain == d.GUID && sameName(r.Host, q.Get("host")) && q.Get("path") == "" && q.Get("port") == ""
	})
	return c.json(http.StatusOK, object{"matching_route": len(taken) > 0})
}
