// Package django stages apps of the framework Django.
//
// In goes a project with its manage.py, out comes a startup script that brings the database up to date and hands the project
// to gunicorn. In 2012 this was the DjangoPlugin of vcap-staging.
package django

import (
	"context"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/python"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "django".
func (Plugin) Name() string { return "django" }

// Stage writes the scripts and gunicorn's configuration.
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

// period has pip install everything when the app starts, and syncdb and gunicorn_django, which are both gone, do the rest.
func period(_ context.Context, w *plugin.Workspace) (plugin.Script, error) {
	return plugin.Script{
		Hook: python.PipHook("django", "gunicorn"),
		Command: python.PipRequirements(w) +
			"python manage.py syncdb --noinput >> ../logs/startup.log 2>&1\n" +
			"../python/bin/gunicorn_django -c ../gunicorn.config",
	}, nil
}

// modern installs what the app asks for now, and takes its Django and gunicorn or the machine's.
func modern(ctx context.Context, w *plugin.Workspace) (plugin.Script, error) {
	if err := python.InstallRequirements(ctx, w); err != nil {
		return plugin.Script{}, err
	}
	if err := python.RequireModules(ctx, w, "django", "gunicorn"); err != nil {
		return plugin.Script{}, err
	}
	application, err := application(w)
	if err != nil {
		return plugin.Script{}, err
	}
	return plugin.Script{Env: python.Env(), Command: droplet.RuntimeToken + " manage.py migrate --noinput >> ../logs/startup.log 2>&1\n" +
		droplet.RuntimeToken + " -m gunicorn -c ../gunicorn.config " + application}, nil
}
