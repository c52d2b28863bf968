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
	if w.Modern() {
		err = InstallModules(ctx, w)
	} else {
		err = installTree(ctx, w, m)
	}
	if err != nil {
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
	return w.WriteStop(w.StopText())
}

// app is one app while it is staged.
type app struct {
	w        *plugin.Workspace
	manifest manifest
	start    *command // the start command that autoconfigure made, if it made one
}

// Env is what the startup script sets for a Node.js of today: the port in PORT, that this is no development, and where the
// programs are that the modules bring.
func Env() map[string]string {
	return map[string]string{
		"NODE_ENV": "${NODE_ENV:-production}", "PATH": "$PWD/app/node_modules/.bin:$PATH", "PORT": "$VCAP_APP_PORT",
	}
}

// script is the startup script.
func (a *app) script(ctx context.Context) (plugin.Script, error) {
	if a.start == nil {
		start, err := a.startCommand(ctx)
		if err != nil {
			return plugin.Script{}, err
		}
		a.start = &start
	}
	node := droplet.RuntimeToken + " $NODE_ARGS " + a.start.text
	if !a.w.Modern() {
		return plugin.Script{Command: node + " $@"}, nil
	}
	s := plugin.Script{Command: node + ` "$@"`, Env: Env()}
	if a.start.shell {
		s.Command = "( " + a.start.text + " )"
	}
	return s, nil
}
