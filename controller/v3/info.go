package v3

import "net/http"

// Root answers GET / to whoever wants JSON: where everything is. The cf command reads it when it is told of an API.
func (a *API) Root(w http.ResponseWriter, r *http.Request) {
	a.anybody(func(_ *API, c *call) error {
		at := func(path string) object { return object{"href": c.base() + path} }
		v3 := at("/v3")
		v3["meta"] = object{"version": Version}
		return c.json(http.StatusOK, object{"links": object{
			"self": at(""), "login": at(""), "uaa": at(""), "log_cache": at(""), "cloud_controller_v3": v3, "cloud_controller_v2": nil, "app_ssh": nil,
		}})
	})(w, r)
}

func (a *API) index(c *call) error {
	return c.json(http.StatusOK, object{"links": object{
		"self": object{"href": c.base() + "/v3"}, "apps": c.href("apps"), "organizations": c.href("organizations"), "spaces": c.href("spaces"),
		"routes": c.href("routes"), "domains": c.href("domains"), "packages": c.href("packages"), "builds": c.href("builds"),
		"droplets": c.href("droplets"), "processes": c.href("processes"), "buildpacks": c.href("buildpacks"), "audit_events": c.href("audit_events"),
	}})
}

func (a *API) info(c *call) error {
	return c.json(http.StatusOK, object{
		"name": "minicf", "build": "", "version": 0, "description": "Cloud Foundry of 2012, in one process", "custom": object{},
		"cli_configuration": object{"minimum": nil, "recommended": nil}, "links": object{"self": c.href("info"), "support": object{"href": ""}},
	})
}
