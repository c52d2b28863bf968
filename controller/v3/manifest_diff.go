package v3

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/goccy/go-yaml"
)

// change is one line of a manifest's difference from what is there (after RFC 6902).
type difference struct {
	Op    string `json:"op"`   // add or replace
	Path  string `json:"path"` // /applications/0/memory
	Was   any    `json:"was,omitempty"`
	Value any    `json:"value"`
}

// diffManifest answers with what applying a manifest would change.
func (a *API) diffManifest(c *call) error {
	s, m, err := a.manifestFor(c)
	if err != nil {
		return err
	}
	plans, err := a.plan(c, s, m)
	if err != nil {
		return err
	}
	all := []difference{}
	for i, p := range plans {
		more, err := a.diff(c.Context(), fmt.Sprintf("/applications/%d", i), p)
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	return c.json(http.StatusAccepted, object{"diff": all})
}

// diff compares an app with what would become of it. Only what the manifest says can differ.
func (a *API) diff(ctx context.Context, path string, p plan) ([]difference, error) {
	after := p.app
	if err := p.said.apply(&after); err != nil {
		return nil, err
	}
	var all []difference
	before := p.app
	compare := func(key string, said bool, was, value any) {
		switch {
		case !said || p.exists && fmt.Sprint(was) == fmt.Sprint(value):
		case p.exists && fmt.Sprint(was) != "" && fmt.Sprint(was) != "[]":
			all = append(all, difference{"replace", path + "/" + key, was, value})
		default:
			all = append(all, difference{"add", path + "/" + key, nil, value})
		}
	}
	m, said := p.said, p.said.process()
	compare("name", true, before.Name, after.Name)
	compare("stack", m.Stack != "", before.Stack, after.Stack)
	compare("buildpacks", m.Buildpacks != nil || m.Buildpack.Said, before.Buildpacks, after.Buildpacks)
	compare("instances", said.Instances != nil, before.Process.Instances, after.Process.Instances)
	compare("memory", said.Memory > 0, sizeOrNone(before.Process.Memory), sizeOrNone(after.Process.Memory))
	compare(diskKey(m), said.Disk > 0, sizeOrNone(before.Process.Disk), sizeOrNone(after.Process.Disk))
	compare("command", said.Command.Said, before.Process.Command, after.Process.Command)
	compare("health-check-type", said.HealthType != "", before.Process.Health.Type, after.Process.Health.Type)
	compare("health-check-http-endpoint", said.Endpoint != "", before.Process.Health.Endpoint, after.Process.Health.Endpoint)
	compare("timeout", said.Timeout != nil, numberOrNone(before.Process.Health.Timeout), numberOrNone(after.Process.Health.Timeout))
	for _, name := range slices.Sorted(maps.Keys(m.Env)) {
		compare("env/"+name, true, before.Env[name], after.Env[name])
	}
	has, err := a.currentRoutes(ctx, p.app)
	if err != nil {
		return nil, err
	}
	for i, r := range p.routes {
		if name := hostName(r.host, r.domain.Name); i < len(m.Routes) && !slices.Contains(has, name) {
			all = append(all, difference{"add", fmt.Sprintf("%s/routes/%d/route", path, i), nil, name})
		}
	}
	return all, nil
}

// diskKey is the key that the manifest has: there are two.
func diskKey(m application) string {
	if m.DiskToo > 0 {
		return "disk-quota"
	}
	return "disk_quota"
}

func sizeOrNone(mb int) string {
	if mb == 0 {
		return ""
	}
	return megabytes(mb)
}

func numberOrNone(n *int) any {
	if n == nil {
		return ""
	}
	return *n
}

// manifestOf is a manifest that makes an app what it is.
func (a *API) manifestOf(ctx context.Context, x app) ([]byte, error) {
	_, memory, err := a.dropletOf(ctx, x)
	if err != nil {
		return nil, err
	}
	names, err := a.currentRoutes(ctx, x)
	if err != nil {
		return nil, err
	}
	p := yaml.MapSlice{
		{Key: "type", Value: web}, {Key: "instances", Value: x.Process.Instances}, {Key: "memory", Value: megabytes(memory)},
		{Key: "disk_quota", Value: megabytes(x.Process.Disk)}, {Key: "health-check-type", Value: x.Process.Health.Type},
	}
	if x.Process.Command != "" {
		p = append(p, yaml.MapItem{Key: "command", Value: x.Process.Command})
	}
	app := yaml.MapSlice{{Key: "name", Value: x.Name}, {Key: "stack", Value: x.Stack}}
	if len(x.Buildpacks) > 0 {
		app = append(app, yaml.MapItem{Key: "buildpacks", Value: x.Buildpacks})
	}
	if len(x.Env) > 0 {
		app = append(app, yaml.MapItem{Key: "env", Value: x.Env})
	}
	var routes []yaml.MapSlice
	for _, name := range names {
		routes = append(routes, yaml.MapSlice{{Key: "route", Value: name}, {Key: "protocol", Value: "http1"}})
	}
	if len(routes) > 0 {
		app = append(app, yaml.MapItem{Key: "routes", Value: routes})
	} else {
		app = append(app, yaml.MapItem{Key: "no-route", Value: true})
	}
	app = append(app, yaml.MapItem{Key: "processes", Value: []yaml.MapSlice{p}})
	return yaml.Marshal(yaml.MapSlice{{Key: "applications", Value: []yaml.MapSlice{app}}})
}
