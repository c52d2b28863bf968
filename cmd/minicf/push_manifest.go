package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

// manifest is what is wanted of the apps that are pushed.
type manifest struct {
	file string // "" without one
	text []byte // as it stands there, for the controller to check: it knows the lines
	apps []manifestApp
}

// manifestApp is one of them, with what the flags say.
type manifestApp struct {
	name string
	path string // of its files
	said map[string]any
}

// yaml is the app alone as a manifest: JSON is YAML.
func (a manifestApp) yaml() ([]byte, error) {
	return json.Marshal(map[string]any{"applications": []map[string]any{a.said}})
}

// readManifest finds out which apps are meant.
func (s *session) readManifest(f pushFlags) (manifest, error) {
	m, base := manifest{file: f.manifest}, s.dir
	if m.file == "" {
		m.file = "manifest.yml"
	}
	text, err := os.ReadFile(s.path(m.file))
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.manifest == "":
		m.file = ""
	case err != nil:
		return m, &coded{error: err, code: exitNotFound}
	default:
		m.text, base = text, filepath.Dir(s.path(m.file))
	}
	said, err := chooseApps(m, f.name)
	if err != nil {
		return m, err
	}
	if len(said) > 1 && f.aboutOne() {
		return m, &coded{error: usageError("the manifest has %d apps: flags must be about one", len(said)), code: exitUsage, hint: "name it: `minicf push NAME`"}
	}
	for _, app := range said {
		path := base
		if p, ok := app["path"].(string); ok {
			path = filepath.Join(base, p)
			if filepath.IsAbs(p) {
				path = p
			}
		}
		if f.path != "" {
			path = s.path(f.path)
		}
		name, _ := app["name"].(string)
		if name == "" {
			name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		}
		app["name"] = name
		if err := f.apply(s, app); err != nil {
			return m, err
		}
		m.apps = append(m.apps, manifestApp{name, path, app})
	}
	return m, nil
}

// chooseApps are the apps of a manifest: all, or the one of a name. The only app of a manifest takes any name.
func chooseApps(m manifest, name string) ([]map[string]any, error) {
	var read struct {
		Applications []map[string]any `yaml:"applications"`
	}
	if err := yaml.Unmarshal(m.text, &read); err != nil {
		return nil, &coded{error: fmt.Errorf("%s: %s", m.file, yaml.FormatError(err, false, true)), code: exitUsage}
	}
	all := read.Applications
	switch {
	case m.text == nil:
		all = []map[string]any{{}}
	case len(all) == 0:
		return nil, &coded{error: fmt.Errorf("%s has no applications", m.file), code: exitUsage, hint: "it begins with `applications:`, and each of them with `- name: NAME`"}
	}
	if name == "" {
		return all, nil
	}
	var known []string
	for _, app := range all {
		if n, _ := app["name"].(string); strings.EqualFold(n, name) {
			return []map[string]any{app}, nil
		}
		known = append(known, fmt.Sprint(app["name"]))
	}
	if len(all) == 1 {
		all[0]["name"] = name
		return all, nil
	}
	return nil, &coded{error: fmt.Errorf("%s has no application %s", m.file, name), code: exitNotFound, hint: "it has " + strings.Join(known, ", ")}
}

// aboutOne reports whether flags were given that can only be meant for one app.
func (f pushFlags) aboutOne() bool {
	for _, flag := range []string{"path", "instances", "memory", "disk", "command", "buildpack", "random-route", "no-route"} {
		if f.changed(flag) {
			return true
		}
	}
	return false
}

var amount = regexp.MustCompile(`(?i)^[0-9]+([MGT]B?)?$`)

// apply has the flags win over what the manifest says of an app.
func (f pushFlags) apply(s *session, app map[string]any) error {
	values := map[string]any{}
	if f.changed("instances") {
		if err := checkInstances(f.instances); err != nil {
			return err
		}
		values["instances"] = f.instances
	}
	for flag, value := range map[string]string{"memory": f.memory, "disk": f.disk} {
		if !f.changed(flag) {
			continue
		}
		if !amount.MatchString(value) {
			return usageError("--%s %s: want a number with a unit, such as 64M or 1G", flag, value)
		}
		key := map[string]string{"memory": "memory", "disk": "disk_quota"}[flag]
		values[key] = withUnit(value)
	}
	if f.changed("command") {
		values["command"] = f.command
	}
	if f.changed("buildpack") {
		delete(app, "buildpack")
		app["buildpacks"] = []string{s.buildpack(f.buildpack)}
	}
	setValues(app, values)
	return f.applyRoutes(app)
}

// setValues sets what is said of the process web, wherever the manifest says it.
func setValues(app, values map[string]any) {
	processes, _ := app["processes"].([]any)
	for key, value := range values {
		app[key] = value
		if key == "disk_quota" {
			delete(app, "disk-quota")
		}
		for _, p := range processes {
			if p, ok := p.(map[string]any); ok && p["type"] == "web" {
				delete(p, key)
				delete(p, strings.ReplaceAll(key, "_", "-"))
			}
		}
	}
}

// applyRoutes gives an app its own name for a route, unless something else was said.
func (f pushFlags) applyRoutes(app map[string]any) error {
	if f.random && f.noRoute {
		return usageError("--random-route and --no-route contradict each other")
	}
	if f.random || f.noRoute {
		for _, key := range []string{"routes", "no-route", "random-route", "default-route"} {
			delete(app, key)
		}
	}
	switch {
	case f.random:
		app["random-route"] = true
	case f.noRoute:
		app["no-route"] = true
	case app["routes"] == nil && app["no-route"] != true && app["random-route"] != true:
		app["default-route"] = true
	}
	return nil
}

// withUnit is an amount as the API wants it; a bare number is MB.
func withUnit(value string) string {
	if strings.ContainsAny(value, "mMgGtT") {
		return value
	}
	return value + "M"
}

// buildpack is its name; a directory that is here goes by its whole path, as the stager has it.
func (s *session) buildpack(name string) string {
	if info, err := os.Stat(s.path(name)); strings.ContainsRune(name, filepath.Separator) && err == nil && info.IsDir() {
		return s.path(name)
	}
	return name
}
