// Package node stages Node.js apps.
//
// In goes an app with a package.json or a main file that can be guessed, out comes a startup script that runs it. On the way
// its modules are installed (modules.go), and the module that connected apps to their services without a word of configuration
// is put in front of it where the platform has that (autoconfig.go). In 2012 this was the NodePlugin of vcap-staging.
package node

import (
	"context"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "node".
func (Plugin) Name() string { return "node" }

// Stage reads what the app says of itself, installs its modules and writes the scripts, in the order of 2012.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	m, err := readManifest(w)
	if err != nil {
		return err
	}
	if err := installModules(ctx, w, m); err != nil {
		return err
	}
	a := &app{w: w, manifest: m}
	if err := a.autoconfigure(ctx); err != nil {
		return err
	}
	err = w.WriteStartup(func() (plugin.Script, error) { return a.script(ctx) })
	if err != nil {
		return err
	}
	return w.WriteStop(plugin.StopText)
}

// app is one app while it is staged.
type app struct {
	w        *plugin.Workspace
	manifest manifest
	start    string // the start command that autoconfigure made; "" when it did nothing
}

// script is the startup script.
func (a *app) script(ctx context.Context) (plugin.Script, error) {
	start := a.start
	if start == "" {
		var err error
		if start, err = a.startCommand(ctx); err != nil {
			return plugin.Script{}, err
		}
	}
	return plugin.Script{Command: droplet.RuntimeToken + " $NODE_ARGS " + start + " $@"}, nil
}
