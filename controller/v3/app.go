package v3

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/minicf/minicf/client"
)

// app is what a user wants of an app. What the platform makes of it follows when the app is started, see run.go.
type app struct {
	head
	Name       string            `json:"name"`
	Space      string            `json:"space"` // GUID
	State      string            `json:"state"` // started or stopped
	Buildpacks []string          `json:"buildpacks"`
	Stack      string            `json:"stack"`
	Env        map[string]string `json:"env"`
	Droplet    string            `json:"droplet"` // GUID of the current one; "" before the first
	Process    process           `json:"process"`
}

// The states of an app.
const (
	started = "STARTED"
	stopped = "STOPPED"
)

// localStack is the one that there is: this machine.
const localStack = "local"

// newApp is one of which nothing is known but its name.
func newApp(name, space string) app {
	return app{
		head: newHead(), Name: name, Space: space, State: stopped, Buildpacks: []string{}, Stack: localStack, Env: map[string]string{},
		Process: newProcess(),
	}
}

func (a *API) appListing(c *call) listing[app] {
	return listing[app]{
		filters: map[string]filter[app]{
			"names":       named(func(x app) string { return x.Name }),
			"space_guids": oneOf(func(x app) string { return x.Space }),
			"stacks":      oneOf(func(x app) string { return x.Stack }),
			"organization_guids": func(x app, guids []string) bool {
				s, err := a.spaces.Get(c.Context(), x.Space)
				return err == nil && slices.Contains(guids, s.Org)
			},
			"lifecycle_type": oneOf(func(app) string { return "buildpack" }),
		},
		orders: map[string]func(a, b app) int{
			"name":  func(a, b app) int { return compareNames(a.Name, b.Name) },
			"state": func(a, b app) int { return strings.Compare(a.State, b.State) },
		},
		include: map[string]func([]app) (string, []object, error){
			"space": func(some []app) (string, []object, error) {
				all, err := a.spacesOf(c, some)
				return "spaces", viewAll(all, c.viewSpace), err
			},
			"space.organization": func(some []app) (string, []object, error) {
				spaces, err := a.spacesOf(c, some)
				if err != nil {
					return "", nil, err
				}
				all, err := a.orgsOf(c, spaces)
				return "organizations", all, err
			},
		},
	}
}

// spacesOf are the spaces of apps, each once.
func (a *API) spacesOf(c *call, some []app) ([]space, error) {
	all, err := a.spaces.All(c.Context())
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, x := range some {
		wanted[x.Space] = true
	}
	return only(all, func(s space) bool { return wanted[s.GUID] }), nil
}

func (c *call) viewApp(x app) object {
	return x.view(object{
		"name": x.Name, "state": x.State, "lifecycle": viewLifecycle(x.Buildpacks, x.Stack),
		"relationships": object{"space": related(x.Space), "current_droplet": related(x.Droplet)},
		"links": object{
			"self": c.href("apps", x.GUID), "space": c.href("spaces", x.Space), "processes": c.href("apps", x.GUID, "processes"),
			"packages": c.href("apps", x.GUID, "packages"), "environment_variables": c.href("apps", x.GUID, "environment_variables"),
			"current_droplet": c.href("apps", x.GUID, "droplets", "current"), "droplets": c.href("apps", x.GUID, "droplets"),
		},
	})
}

func viewLifecycle(buildpacks []string, stack string) object {
	return object{"type": "buildpack", "data": object{"buildpacks": buildpacks, "stack": stack}}
}

func (a *API) listApps(c *call) error {
	all, err := a.apps.All(c.Context())
	if err != nil {
		return err
	}
	return list(c, a.appListing(c), all, c.viewApp)
}

// app is the one that the path names.
func (a *API) app(c *call) (app, error) { return find(c.Context(), a.apps, "App", c.param("guid")) }

func (a *API) showApp(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	answer := c.viewApp(x)
	if err := a.appListing(c).addIncluded(answer, c.URL.Query(), []app{x}); err != nil {
		return err
	}
	return c.json(http.StatusOK, answer)
}

// appChange is what can be said of an app.
type appChange struct {
	Name      *string `json:"name"`
	Lifecycle *struct {
		Type string `json:"type"`
		Data struct {
			Buildpacks []string `json:"buildpacks"`
			Stack      string   `json:"stack"`
		} `json:"data"`
	} `json:"lifecycle"`
	Metadata *metadata `json:"metadata"`
}

// apply changes the app. Buildpacks were checked.
func (ch appChange) apply(x *app) error {
	if ch.Name != nil {
		x.Name = *ch.Name
	}
	if l := ch.Lifecycle; l != nil {
		if l.Type != "" && l.Type != "buildpack" {
			return notHere("apps of the lifecycle " + l.Type + ": the stager of 2012 makes droplets")
		}
		if l.Data.Buildpacks != nil {
			x.Buildpacks = l.Data.Buildpacks
		}
		if l.Data.Stack != "" {
			x.Stack = l.Data.Stack
		}
	}
	x.note(ch.Metadata)
	if err := checkBuildpacks(x.Buildpacks); err != nil {
		return err
	}
	return checkName("App", x.Name)
}

func (a *API) createApp(c *call) error {
	var body struct {
		appChange
		Env           map[string]*string `json:"environment_variables"`
		Relationships struct {
			Space relation `json:"space"`
		} `json:"relationships"`
	}
	if err := c.read(&body); err != nil {
		return err
	}
	x := newApp("", body.Relationships.Space.guid())
	if err := body.apply(&x); err != nil {
		return err
	}
	if err := setEnv(&x, body.Env); err != nil {
		return err
	}
	if _, err := a.spaces.Get(c.Context(), x.Space); err != nil {
		return unprocessable("Invalid space. Ensure that the space exists and you have access to it.")
	}
	if err := a.nameApp(c, x, func() error { return add(c.Context(), a.apps, x) }); err != nil {
		return err
	}
	a.recordApp(c, "audit.app.create", x, nil)
	return c.json(http.StatusCreated, c.viewApp(x))
}

// nameApp does something by which an app gets a name, if that is free in its space.
func (a *API) nameApp(c *call, x app, do func() error) error {
	a.naming.Lock()
	defer a.naming.Unlock()
	other, found, err := a.appNamed(c.Context(), x.Name, x.Space)
	if err != nil {
		return err
	}
	if found && other.GUID != x.GUID {
		return unprocessable("App with the name '%s' already exists.", x.Name)
	}
	return do()
}

func (a *API) appNamed(ctx context.Context, name, space string) (x app, found bool, err error) {
	all, err := a.apps.All(ctx)
	if err != nil {
		return x, false, err
	}
	for _, x := range all {
		if sameName(x.Name, name) && x.Space == space {
			return x, true, nil
		}
	}
	return x, false, nil
}

func (a *API) changeApp(c *call) error {
	var ch appChange
	if err := c.read(&ch); err != nil {
		return err
	}
	x, err := a.app(c)
	if err != nil {
		return err
	}
	if err := ch.apply(&x); err != nil {
		return err
	}
	err = a.nameApp(c, x, func() error {
		x, err = edit(c.Context(), a.apps, "App", x.GUID, func(x *app) error { x.UpdatedAt = now(); return ch.apply(x) })
		return err
	})
	if err != nil {
		return err
	}
	a.recordApp(c, "audit.app.update", x, nil)
	return c.json(http.StatusOK, c.viewApp(x))
}

func (a *API) deleteApp(c *call) error {
	x, err := a.app(c)
	if err != nil {
		return err
	}
	return a.async(c, "app.delete", func() error { return a.removeApp(c, x) })
}

// removeApp stops an app and forgets all that belongs to it; its record goes last, so that what was interrupted can be repeated.
func (a *API) removeApp(c *call, x app) error {
	defer a.busy.Lock(x.GUID)()
	ctx := c.Context()
	if err := a.unmap(ctx, x.GUID); err != nil {
		return err
	}
	if err := a.Platform.Forget(ctx, x.GUID); err != nil {
		return err
	}
	if err := a.dropBits(ctx, x.GUID, 0, ""); err != nil {
		return err
	}
	builds, err := a.builds.All(ctx)
	if err != nil {
		return err
	}
	for _, b := range only(builds, func(b build) bool { return b.App == x.GUID }) {
		if err := drop(ctx, a.builds, b.GUID); err != nil {
			return err
		}
	}
	a.recordApp(c, "audit.app.delete-request", x, nil)
	return drop(ctx, a.apps, x.GUID)
}

// recordApp keeps an event about an app.
func (a *API) recordApp(c *call, kind string, x app, data map[string]any) {
	org := ""
	if s, err := a.spaces.Get(c.Context(), x.Space); err == nil {
		org = s.Org
	}
	a.Tell(x.GUID, strings.TrimPrefix(kind, "audit.")+" by "+c.who.Name)
	a.record(c, event{Type: kind, Target: target{x.GUID, "app", x.Name}, Space: x.Space, Org: org, Data: data})
}

// environment is an app's own variables as messages have them, and those that people of today look for. What the DEA knows first stands
// before these: it replaces $NAME.
func (x app) environment(memory int) []string {
	env := []string{
		"PORT=$VCAP_APP_PORT", "CF_INSTANCE_PORT=$VCAP_APP_PORT", "CF_INSTANCE_IP=$VCAP_APP_HOST", "CF_INSTANCE_INTERNAL_IP=$VCAP_APP_HOST",
		"CF_INSTANCE_ADDR=$VCAP_APP_HOST:$VCAP_APP_PORT", "CF_INSTANCE_GUID=$VMC_APP_ID", "MEMORY_LIMIT=" + megabytes(memory),
	}
	return append(env, x.settings()...)
}

// settings are an app's own variables, in the order of their names.
func (x app) settings() []string {
	var all []string
	for name, value := range x.Env {
		all = append(all, name+"="+literal(value))
	}
	slices.Sort(all)
	return all
}

// literal is a value that the DEA, which replaces $NAME as the shell of 2012 did, makes the value of again: in single quotes nothing is replaced, and
// where there are quotes inside, a variable that is never set keeps $ and NAME apart.
func literal(value string) string {
	const nothing = "${MINICF_NOTHING}"
	switch {
	case strings.HasPrefix(value, "'"):
		return nothing + strings.ReplaceAll(value, "$", "$"+nothing)
	case !strings.Contains(value, "$"):
		return value
	case !strings.Contains(value, "'"):
		return "'" + value + "'"
	}
	return strings.ReplaceAll(value, "$", "$"+nothing)
}

// setEnv changes variables; nil takes one away.
func setEnv(x *app, changes map[string]*string) error {
	for name := range changes {
		switch {
		case strings.HasPrefix(strings.ToUpper(name), "VCAP_"):
			return unprocessable("Environment variable '%s' cannot start with VCAP_", name)
		case name == "PORT":
			return unprocessable("Environment variable 'PORT' cannot be set")
		}
		if err := client.CheckEnv([]string{name + "="}); err != nil {
			return unprocessable("%v", err)
		}
	}
	x.Env = merged(x.Env, changes)
	return nil
}
