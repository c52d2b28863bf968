// Package rack stages apps of the framework Rack.
//
// In goes an app with a config.ru, out comes a startup script that hands it to rackup. In 2012 this was the RackPlugin of
// vcap-staging.
package rack

import (
	"context"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "rack".
func (Plugin) Name() string { return "rack" }

// Stage writes the scripts. Whether there is a config.ru is rackup's to find out, as ever.
func (Plugin) Stage(_ context.Context, w *plugin.Workspace) error {
	setup, err := ruby.Prepare(w)
	if err != nil {
		return err
	}
	setup.Env["RACK_ENV"] = "${RACK_ENV:-production}"
	err = w.WriteStartup(func() (plugin.Script, error) {
		command := droplet.RuntimeToken + " -S rackup $@ config.ru -E $RACK_ENV"
		return plugin.Script{Env: setup.Env, Hook: setup.Hook, Command: command}, nil
	})
	if err != nil {
		return err
	}
	return w.WriteStop(plugin.StopText)
}
