package v3

import (
	"net/http"
)

// organization holds spaces. Everybody who may log in may do everything in all of them.
type organization struct {
	head
	Name      string `json:"name"`
	Suspended bool   `json:"suspended"`
}

// noQuota is the quota that every organization has: there are no limits.
const noQuota = "00000000-0000-4000-8000-000000000000"

func organizations() listing[organization] {
	return listing[organization]{
		filters: map[string]filter[organization]{"names": named(func(o organization) string { return o.Name })},
		orders:  map[string]func(a, b organization) int{"name": func(a, b organization) int { return compareNames(a.Name, b.Name) }},
	}
}

func (c *call) viewOrganization(o organization) object {
	return o.view(object{
		"name": o.Name, "suspended": o.Suspended, "relationships": object{"quota": related(noQuota)},
		"links": object{"self": c.href("organizations", o.GUID), "domains": c.href("organizations", o.GUID, "domains")},
	})
}

func (a *API) listOrganizations(c *call) error {
	all, err := a.orgs.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, organizations(), all, c.viewOrganization)
}

func (a *API) showOrganization(c *call) error {
	o, err := find(c.Context(), a.orgs, "Organization", c.param("guid"))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewOrganization(o))
}

// orgChange is what can be said of an organization.
type orgChange struct {
	Name      *string   `json:"name"`
	Suspended *bool     `json:"suspended"`
	Metadata  *metadata `json:"metadata"`
}

func (ch orgChange) apply(o *organization) error {
	if ch.Name != nil {
		o.Name = *ch.Name
	}
	if ch.Suspended != nil {
		o.Suspended = *ch.Suspended
	}
	o.note(ch.Metadata)
	return checkName("Organization", o.Name)
}

func (a *API) createOrganization(c *call) error {
	var ch orgChange
	if err := c.read(&ch); err != nil {
		return err
	}
	o := organization{head: newHead()}
	if err := ch.apply(&o); err != nil {
		return err
	}
	if err := a.nameOrganization(c, o, func() error { return add(c.Context(), a.orgs, o) }); err != nil {
		return err
	}
	a.record(c, event{Type: "audit.organization.create", Target: target{o.GUID, "organization", o.Name}, Org: o.GUID})
	return c.json(http.StatusCreated, c.viewOrganization(o))
}

// nameOrganization does something by which an organization gets a name, if that is free.
func (a *API) nameOrganization(c *call, o organization, do func() error) error {
	a.naming.Lock()
	defer a.naming.Unlock()
	all, err := a.orgs.All(c.Context())
	if err != nil {
		return err
	}
	for _, other := range all {
		if sameName(other.Name, o.Name) && other.GUID != o.GUID {
			return unprocessable("Organization '%s' already exists.", o.Name)
		}
	}
	return do()
}

func (a *API) changeOrganization(c *call) error {
	var ch orgChange
	if err := c.read(&ch); err != nil {
		return err
	}
	o, err := find(c.Context(), a.orgs, "Organization", c.param("guid"))
	if err != nil {
		return err
	}
	if err := ch.apply(&o); err != nil {
		return err
	}
	err = a.nameOrganization(c, o, func() error {
		o, err = edit(c.Context(), a.orgs, "Organization", o.GUID, func(o *organization) error { o.UpdatedAt = now(); return ch.apply(o) })
		return err
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewOrganization(o))
}

func (a *API) deleteOrganization(c *call) error {
	o, err := find(c.Context(), a.orgs, "Organization", c.param("guid"))
	if err != nil {
		return err
	}
	return a.async(c, "organization.delete", func() error {
		spaces, err := a.spaces.All(c.Context())
		if err != nil {
			return err
		}
		for _, s := range only(spaces, func(s space) bool { return s.Org == o.GUID }) {
			if err := a.removeSpace(c, s); err != nil {
				return err
			}
		}
		a.record(c, event{Type: "audit.organization.delete-request", Target: target{o.GUID, "organization", o.Name}, Org: o.GUID})
		return drop(c.Context(), a.orgs, o.GUID)
	})
}

// showQuota answers with the one that there is.
func (a *API) showQuota(c *call) error {
	if c.param("guid") != noQuota {
		return notFound("Organization quota")
	}
	return c.json(http.StatusOK, object{
		"guid": noQuota, "name": "unlimited", "created_at": stamp(epoch()), "updated_at": stamp(epoch()),
		"apps":     object{"total_memory_in_mb": nil, "per_process_memory_in_mb": nil, "total_instances": nil, "per_app_tasks": nil, "log_rate_limit_in_bytes_per_second": nil},
		"services": object{"paid_services_allowed": true, "total_service_instances": nil, "total_service_keys": nil},
		"routes":   object{"total_routes": nil, "total_reserved_ports": nil}, "domains": object{"total_domains": nil},
		"relationships": object{"organizations": object{"data": []object{}}},
	})
}
