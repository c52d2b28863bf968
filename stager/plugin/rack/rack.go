// Package rack stages apps of the framework Rack.
//
// In goes an app with a config.ru, out comes a startup script that hands it to rackup: the machine's, or the one of the app's
// bundle. In 2012 this was the RackPlugin of vcap-staging.
package rack

import (
	"context"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "rack".
func (Plugin) Name() string { return "rack" }

// Stage writes the scripts. Whether there is a config.ru is rackup's to find out, as ever.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	app, autoconfig, err := ruby.Prepare(ctx, w, "test")
	if err != nil {
		return err
	}
	command := app.Ruby(ruby.Load(autoconfig) + "-S " + rackup(w, app))
	env := app.Env(ruby.Web, autoconfig, map[string]string{"RACK_ENV": "${RACK_ENV:-production}"})
	err = w.WriteStartup(func() (plugin.Script, error) {
		return plugin.Script{Env: env, Hook: app.Hook(), Command: command}, nil
	})
	if err != nil {
		return err
	}
	return w.WriteStop(w.StopText())
}

// rackup is the program and its arguments. Rack of today is told the address, too.
func rackup(w *plugin.Workspace, app *ruby.App) string {
	program := "rackup"
	if app.Bundled() {
		program = app.Program(program)
	}
	if w.Modern() {
		return program + " " + app.Args() + " -o " + ruby.Address + ` config.ru -E "$RACK_ENV"`
	}
	return program + " " + app.Args() + " config.ru -E $RACK_ENV"
}
