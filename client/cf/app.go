package cf

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The states of an app.
const (
	Started = "STARTED"
	Stopped = "STOPPED"
)

// App is what is wanted of an app.
type App struct {
	GUID      string    `json:"guid"`
	Name      string    `json:"name"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Process is how the instances of an app are made. Their number is what is wanted, not what runs.
type Process struct {
	GUID      string `json:"guid"` // that of the app, too
	Instances int    `json:"instances"`
	Memory    int    `json:"memory_in_mb"`
	Disk      int    `json:"disk_in_mb"`
	Command   string `json:"command"`
}

// SpaceGUID is that of the space which the client is about.
func (c *Client) SpaceGUID(ctx context.Context) (string, error) {
	c.mu.Lock()
	known := c.space
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	org, err := c.named(ctx, "organizations", cmp.Or(c.Org, DefaultOrg), url.Values{})
	if err != nil {
		return "", err
	}
	guid, err := c.named(ctx, "spaces", cmp.Or(c.Space, DefaultSpace), url.Values{"organization_guids": {org}})
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	c.space = guid
	c.mu.Unlock()
	return guid, nil
}

// named finds something by its name.
func (c *Client) named(ctx context.Context, collection, name string, query url.Values) (string, error) {
	query.Set("names", name)
	found, err := all[App](ctx, c, "/v3/"+collection, query)
	if err != nil {
		return "", err
	}
	for _, f := range found {
		if strings.EqualFold(f.Name, name) {
			return f.GUID, nil
		}
	}
	return "", &NotFoundError{strings.TrimSuffix(collection, "s"), name, c.Place()}
}

// Apps lists those of the space, in the order of their names.
func (c *Client) Apps(ctx context.Context) ([]App, error) {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return nil, err
	}
	return all[App](ctx, c, "/v3/apps", url.Values{"space_guids": {space}, "order_by": {"name"}})
}

// App finds an app by its name, in which case does not count; the error may be a *NotFoundError.
func (c *Client) App(ctx context.Context, name string) (App, error) {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return App{}, err
	}
	found, err := all[App](ctx, c, "/v3/apps", url.Values{"space_guids": {space}, "names": {name}})
	if err != nil {
		return App{}, err
	}
	for _, a := range found {
		if strings.EqualFold(a.Name, name) {
			return a, nil
		}
	}
	return App{}, &NotFoundError{"app", name, c.Place()}
}

// CheckManifest has the controller read a manifest, which changes nothing.
func (c *Client) CheckManifest(ctx context.Context, text []byte) error {
	return c.sendManifest(ctx, "manifest_diff", text, nil)
}

// ApplyManifest makes apps what a manifest says, and returns what the controller wants people to know about that.
func (c *Client) ApplyManifest(ctx context.Context, text []byte) (warnings []string, err error) {
	err = c.sendManifest(ctx, "actions/apply_manifest", text, &warnings)
	return warnings, err
}

func (c *Client) sendManifest(ctx context.Context, what string, text []byte, warnings *[]string) error {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return err
	}
	path := "/v3/spaces/" + space + "/" + what
	resp, err := c.send(ctx, http.MethodPost, path, "application/x-yaml", bytes.NewReader(text))
	if err != nil {
		return err
	}
	if told := resp.Header.Get("X-Cf-Warnings"); told != "" && warnings != nil {
		for _, w := range strings.Split(told, ",") {
			if plain, err := url.QueryUnescape(w); err == nil {
				*warnings = append(*warnings, plain)
			}
		}
	}
	return c.take(ctx, http.MethodPost, path, resp, nil)
}

// Process returns how an app's instances are made.
func (c *Client) Process(ctx context.Context, app string) (Process, error) {
	var p Process
	return p, c.get(ctx, "/v3/processes/"+app, &p)
}

// Processes lists those of the space's apps, by the GUID of the app.
func (c *Client) Processes(ctx context.Context) (map[string]Process, error) {
	space, err := c.SpaceGUID(ctx)
	if err != nil {
		return nil, err
	}
	found, err := all[Process](ctx, c, "/v3/processes", url.Values{"space_guids": {space}})
	byApp := map[string]Process{}
	for _, p := range found {
		byApp[p.GUID] = p
	}
	return byApp, err
}

// Scaling is what is to be different about a process. What is left out stays.
type Scaling struct {
	Instances *int `json:"instances,omitempty"`
	Memory    *int `json:"memory_in_mb,omitempty"` // from the next start on
	Disk      *int `json:"disk_in_mb,omitempty"`   // from the next start on
}

// Scale changes how many instances there are, and how large.
func (c *Client) Scale(ctx context.Context, app string, s Scaling) (Process, error) {
	var p Process
	return p, c.do(ctx, http.MethodPost, "/v3/processes/"+app+"/actions/scale", s, &p)
}

// Start, Stop and Restart return when that is recorded; [Client.AwaitRunning] waits for the instances.
func (c *Client) Start(ctx context.Context, app string) error { return c.act(ctx, app, "start") }

// Stop stops an app until it is started again.
func (c *Client) Stop(ctx context.Context, app string) error { return c.act(ctx, app, "stop") }

// Restart starts an app anew, with its current droplet.
func (c *Client) Restart(ctx context.Context, app string) error { return c.act(ctx, app, "restart") }

func (c *Client) act(ctx context.Context, app, what string) error {
	return c.do(ctx, http.MethodPost, "/v3/apps/"+app+"/actions/"+what, nil, nil)
}

// Delete stops an app and forgets all that belongs to it, except for its routes.
func (c *Client) Delete(ctx context.Context, app string) error {
	return c.do(ctx, http.MethodDelete, "/v3/apps/"+app, nil, nil)
}

// Env is the variables that were set for an app.
func (c *Client) Env(ctx context.Context, app string) (map[string]string, error) {
	var v variables
	err := c.get(ctx, "/v3/apps/"+app+"/environment_variables", &v)
	return v.Var, err
}

// SetEnv sets a variable, from the next start on; nil takes it away.
func (c *Client) SetEnv(ctx context.Context, app, name string, value *string) error {
	return c.do(ctx, http.MethodPatch, "/v3/apps/"+app+"/environment_variables", map[string]any{"var": map[string]*string{name: value}}, nil)
}

type variables struct {
	Var map[string]string `json:"var"`
}

// Event is something that somebody did with an app.
type Event struct {
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Actor     struct {
		Name string `json:"name"`
	} `json:"actor"`
	Data map[string]any `json:"data"`
}

// Events lists those of an app, the newest first.
func (c *Client) Events(ctx context.Context, app string) ([]Event, error) {
	return all[Event](ctx, c, "/v3/audit_events", url.Values{"target_guids": {app}, "order_by": {"-created_at"}})
}
