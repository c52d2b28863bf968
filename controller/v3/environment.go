package v3

import (
	"net/http"
)

// showEnv answers with all that an app will find in its environment, by where it comes from.
func (a *API) showEnv(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	s, err := find(c.Context(), a.spaces, "Space", x.Space)
	if err != nil {
		return err
	}
	urls, err := a.urls(c.Context(), x.GUID)
	if err != nil {
		return err
	}
	_, memory, err := a.dropletOf(c.Context(), x)
	if err != nil {
		return err
	}
	application := object{
		"application_id": x.GUID, "application_name": x.Name, "name": x.Name, "application_uris": urls, "uris": urls,
		"space_id": s.GUID, "space_name": s.Name, "organization_id": s.Org, "users": nil,
		"limits": object{"mem": memory, "disk": x.Process.Disk},
	}
	return c.json(http.StatusOK, object{
		"staging_env_json": object{}, "running_env_json": object{}, "environment_variables": x.Env,
		"system_env_json": object{"VCAP_SERVICES": object{}}, "application_env_json": object{"VCAP_APPLICATION": application},
	})
}

func (c *call) viewVariables(x app) object {
	return object{"var": x.Env, "links": object{"self": c.href("apps", x.GUID, "environment_variables"), "app": c.href("apps", x.GUID)}}
}

func (a *API) showVariables(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.viewVariables(x))
}

// changeVariables changes what the next start will set.
func (a *API) changeVariables(c *call) error {
	var body struct {
		Var map[string]*string `json:"var"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	x, err := edit(c.Context(), a.apps, "App", c.param("guid"), func(x *app) error {
		x.UpdatedAt = now()
		return setEnv(x, body.Var)
	})
	if err != nil {
		return err
	}
	a.recordApp(c, "audit.app.update", x, map[string]any{"request": map[string]any{"environment_variables": "[PRIVATE DATA HIDDEN]"}})
	return c.json(http.StatusOK, c.viewVariables(x))
}
