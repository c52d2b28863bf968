// Package wsgi stages Python apps that gunicorn can serve: the framework wsgi.
//
// In goes an app whose wsgi.py has a callable `application`, out comes a startup script that hands it to gunicorn. In 2012 this
// was the WsgiPlugin of vcap-staging.
package wsgi

import (
	"context"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/python"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "wsgi".
func (Plugin) Name() string { return "wsgi" }

// Stage writes the scripts and gunicorn's configuration. Whether there is a wsgi.py is gunicorn's to find out, as ever.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	stage := period
	if w.Modern() {
		stage = modern
	}
	script, err := stage(ctx, w)
	if err != nil {
		return err
	}
	return python.WriteScripts(w, script)
}

// period has pip install everything when the app starts.
func period(_ context.Context, w *plugin.Workspace) (plugin.Script, error) {
	return plugin.Script{
		Hook:    python.PipHook("gunicorn"),
		Command: python.PipRequirements(w) + "../python/bin/gunicorn -c ../gunicorn.config wsgi:application",
	}, nil
}

// modern installs what the app asks for now, and takes its gunicorn or the machine's.
func modern(ctx context.Context, w *plugin.Workspace) (plugin.Script, error) {
	if err := python.InstallRequirements(ctx, w); err != nil {
		return plugin.Script{}, err
	}
	if err := python.RequireModules(ctx, w, "gunicorn"); err != nil {
		return plugin.Script{}, err
	}
	return plugin.Script{Env: python.Env(), Command: droplet.RuntimeToken + " -m gunicorn -c ../gunicorn.config wsgi:application"}, nil
}
