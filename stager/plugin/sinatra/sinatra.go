// Package sinatra stages apps of the framework Sinatra, among them the tutorial's.
//
// In goes an app with a Ruby file that requires sinatra, out comes a startup script that runs this file, with the gems of its
// bundle if it has one. In 2012 this was the SinatraPlugin of vcap-staging.
package sinatra

import (
	"context"
	"fmt"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "sinatra".
func (Plugin) Name() string { return "sinatra" }

// Stage writes the scripts that run the main file, which is the first one that fits the framework's detection rules.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	app, autoconfig, err := ruby.Prepare(ctx, w, "test")
	if err != nil {
		return err
	}
	env := app.Env(ruby.Web, autoconfig, map[string]string{"RACK_ENV": "${RACK_ENV:-production}"})
	err = w.WriteStartup(func() (plugin.Script, error) {
		main, err := mainFile(ctx, w)
		return plugin.Script{Env: env, Hook: app.Hook(), Command: command(app, main, autoconfig)}, err
	})
	if err != nil {
		return err
	}
	return w.WriteStop(w.StopText())
}

func command(app *ruby.App, main string, autoconfig bool) string {
	if !app.Bundled() {
		return app.Ruby(main + " " + app.Args())
	}
	return app.Ruby(ruby.Load(autoconfig) + "./" + main + " " + app.Args())
}

// mainFile is the first file that the request's rules find in the copy. The request is believed, not our own manifest: it may
// come from a controller with another one.
func mainFile(ctx context.Context, w *plugin.Workspace) (string, error) {
	files, err := framework.Match(ctx, w.App.FrameworkInfo.Detection, w.AppDir())
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	if len(files) == 0 {
		tip := "a Ruby file at the top of the app has to require 'sinatra'"
		if len(w.App.FrameworkInfo.Detection) == 0 {
			tip = "framework_info of the request has no detection rules, and without them no main file is found"
		}
		return "", &plugin.StagingError{Message: "Unable to determine Sinatra startup command", Tip: tip}
	}
	if err := plugin.CheckName(files[0]); err != nil {
		return "", &plugin.StagingError{Message: fmt.Sprintf("the app's main file cannot be called %q: %v", files[0], err), Tip: "rename it"}
	}
	return files[0], nil
}
