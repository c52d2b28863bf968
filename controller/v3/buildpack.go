package v3

import (
	"slices"
	"strings"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/framework"
)

// A buildpack is, here, one of three things: a staging plugin of 2012 by its framework's name (`-b sinatra`), a real buildpack by its directory or
// Git URL, which the stager's plugin "buildpack" runs, or one of the names that are usual today.

// usual are the names that a Cloud Foundry of today has. Detection then decides, as it would without.
func usual() []string {
	return []string{"ruby_buildpack", "nodejs_buildpack", "python_buildpack", "java_buildpack", "php_buildpack", "binary_buildpack", "default", "null"}
}

// checkBuildpacks says which of the names is nothing that could stage an app.
func checkBuildpacks(names []string) error {
	if len(names) > 1 {
		return unprocessable("Buildpacks: minicf stages with one; %d were given", len(names))
	}
	for _, name := range names {
		if _, plugin := framework.Lookup(name); !plugin && !slices.Contains(usual(), name) && !isLocation(name) {
			return unprocessable("Buildpack \"%s\" must be a framework (%s), or a directory or Git URL of a buildpack", name, strings.Join(frameworks(), ", "))
		}
	}
	return nil
}

func isLocation(name string) bool {
	return strings.HasPrefix(name, "/") || strings.Contains(name, "://") || strings.HasPrefix(name, "git@")
}

// frameworks are the names of the staging plugins.
func frameworks() []string {
	var all []string
	for _, f := range framework.All() {
		all = append(all, f.Name)
	}
	return all
}

// overrides are what buildpacks and command say of an app's kind. With a command of the user's own an app is a standalone one, unless a
// framework was named: those of 2012 know how they are started.
func overrides(buildpacks []string, command string) client.Overrides {
	o := client.Overrides{Command: command}
	for _, name := range buildpacks {
		_, plugin := framework.Lookup(name)
		switch {
		case plugin && name != "buildpack":
			o.Framework = name
		case isLocation(name):
			o.Buildpack = name
		case name == "binary_buildpack":
			o.Framework = standalone
		}
	}
	if command != "" && o.Framework == "" && o.Buildpack == "" {
		o.Framework = standalone
	}
	return o
}

const standalone = "standalone"

// plugin is a staging plugin in the list of buildpacks.
type plugin struct {
	head
	name     string
	position int
}

func (a *API) listBuildpacks(c *call) error {
	var all []plugin
	for i, name := range frameworks() {
		all = append(all, plugin{head{GUID: "framework-" + name, CreatedAt: epoch(), UpdatedAt: epoch()}, name, i + 1})
	}
	l := listing[plugin]{
		filters: map[string]filter[plugin]{
			"names":     oneOf(func(p plugin) string { return p.name }),
			"stacks":    oneOf(func(plugin) string { return localStack }),
			"lifecycle": oneOf(func(plugin) string { return "buildpack" }),
		},
		orders: map[string]func(a, b plugin) int{"position": func(a, b plugin) int { return a.position - b.position }},
	}
	return list(c, l, all, func(p plugin) object {
		return p.view(object{
			"name": p.name, "position": p.position, "enabled": true, "locked": true, "stack": localStack, "state": "READY",
			"filename": "stager/plugin/" + p.name, "lifecycle": "buildpack", "links": object{},
		})
	})
}
