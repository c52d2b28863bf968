package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/node/semver"
)

const (
	shrinkwrapFile = "npm-shrinkwrap.json"
	lockFile       = "package-lock.json"
	maxLock        = 64 << 20 // bytes; those of large apps have a few million
)

// InstallModules sees to it that the app has the modules that its package.json asks for. Those that it has brought in
// node_modules are taken as they are, and when none is missing nothing is run. It is for a Node.js of today; a plugin of
// another framework may call it for an app that has a package.json.
func InstallModules(ctx context.Context, w *plugin.Workspace) error {
	pkg, err := readObject(w, packageFile)
	if err != nil || pkg == nil {
		return err
	}
	if err := checkEngine(w, pkg); err != nil {
		return err
	}
	lock := ""
	for _, name := range []string{lockFile, shrinkwrapFile} { // npm prefers the latter
		if w.Has("app/" + name) {
			lock = name
		}
	}
	missing, err := missingModules(w, pkg, lock)
	if err != nil || len(missing) == 0 {
		return err
	}
	if w.Modules == nil {
		return &plugin.StagingError{Message: "the app needs modules that it has not brought (" + missing[0] + "), and none can be installed here"}
	}
	if lock == "" {
		w.Log.Warn("There is no package-lock.json: the newest modules that package.json allows are installed, which may be others the next time.")
	} else {
		w.Log.Info("Installing the modules of " + lock + ". Node version " + string(w.App.RuntimeInfo.Version))
	}
	return w.Modules.Install(ctx, w, lock)
}

// checkEngine holds the version of the runtime against what package.json demands of it.
func checkEngine(w *plugin.Workspace, pkg map[string]any) error {
	engines, _ := pkg["engines"].(map[string]any)
	rng, _ := engines["node"].(string)
	version := string(w.App.RuntimeInfo.Version)
	if rng == "" || version == "" {
		return nil
	}
	fits, err := semver.Satisfies(version, rng)
	switch {
	case err != nil:
		return &plugin.StagingError{Message: fmt.Sprintf("engines.node of package.json: %v", err)}
	case !fits:
		return &plugin.StagingError{
			Message: fmt.Sprintf("Node version requirement %s is not compatible with the current node version %s", rng, version),
			Tip:     "change engines.node in package.json, or install another Node.js on this machine",
		}
	}
	return nil
}

// missingModules are the modules that the app needs to run and has not brought: of all that the lock file names, when it
// does that place by place, else of those that package.json asks for itself.
func missingModules(w *plugin.Workspace, pkg map[string]any, lock string) ([]string, error) {
	wanted, _ := pkg["dependencies"].(map[string]any)
	optional, _ := pkg["optionalDependencies"].(map[string]any)
	maps.DeleteFunc(wanted, func(name string, _ any) bool { return optional[name] != nil })
	places := slices.Sorted(maps.Keys(wanted))
	if lock != "" {
		locked, err := lockedModules(w, lock)
		if err != nil {
			return nil, err
		}
		places = append(places, locked...)
	}
	if pkg["workspaces"] != nil && len(places) == 0 {
		return []string{"of its workspaces"}, nil
	}
	var missing []string
	for _, name := range places {
		if !w.Has("app/node_modules/"+name) && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	return missing, nil
}

// lockedModules are the modules of a lock file of npm 7 and later, as paths below node_modules: not those for development, nor
// those that may be missing.
func lockedModules(w *plugin.Workspace, lock string) ([]string, error) {
	text, err := w.ReadAppMax(lock, maxLock)
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	var content struct {
		Packages map[string]struct{ Dev, Optional, DevOptional bool }
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return nil, syntaxError(lock, text, err)
	}
	var names []string
	for _, place := range slices.Sorted(maps.Keys(content.Packages)) {
		p := content.Packages[place]
		if name, ok := strings.CutPrefix(place, "node_modules/"); ok && !p.Dev && !p.Optional && !p.DevOptional {
			names = append(names, name)
		}
	}
	return names, nil
}

// installTree does as the stager of 2012 did: nothing for a runtime without npm, and else what npm-shrinkwrap.json says.
func installTree(ctx context.Context, w *plugin.Workspace, m manifest) error {
	if w.App.RuntimeInfo.NPM == "" {
		return nil
	}
	if m.ignoreNodeModules {
		w.Log.Warn("ignoreNodeModules in cloudfoundry.json is deprecated, native modules are detected automatically now")
	}
	text, err := w.ReadAppMax(shrinkwrapFile, maxLock)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	if text == nil {
		w.Log.Info("Skipping npm support: npm-shrinkwrap.json is not provided")
		return nil
	}
	var content json.RawMessage
	if err := json.Unmarshal(text, &content); err != nil {
		return syntaxError(shrinkwrapFile, text, err)
	}
	modules, ok := dependencies(content)
	if !ok {
		return nil
	}
	if w.Modules == nil {
		return &plugin.StagingError{Message: "modules cannot be installed here"}
	}
	w.Log.Info("Installing dependencies. Node version " + string(w.App.RuntimeInfo.Version))
	return w.Modules.InstallTree(ctx, w, modules)
}

// dependencies reads the modules below "dependencies", in the order of the file, in which they are installed and logged. What
// says neither where it is from nor of what version it is cannot be installed, and is left out.
func dependencies(text json.RawMessage) (modules []plugin.Module, ok bool) {
	var content struct{ Dependencies json.RawMessage }
	if json.Unmarshal(text, &content) != nil {
		return nil, false
	}
	names, values := entries(content.Dependencies)
	for i, name := range names {
		var m struct{ From, Version string }
		if json.Unmarshal(values[i], &m) != nil || m.From+m.Version == "" {
			continue
		}
		target := m.From
		if target == "" {
			target = m.Version
		}
		inner, _ := dependencies(values[i])
		modules = append(modules, plugin.Module{Name: name, Target: target, Dependencies: inner})
	}
	return modules, names != nil
}

// entries are the keys and values of an object, in its order; no keys at all when it is none.
func entries(text json.RawMessage) (keys []string, values []json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, nil
	}
	keys = []string{}
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return keys, values
		}
		keys, values = append(keys, key.(string)), append(values, value)
	}
	return keys, values
}
