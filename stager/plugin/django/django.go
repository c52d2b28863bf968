// Package django stages apps of the framework Django.
//
// In goes a project with its manage.py, out comes a startup script that brings the database up to date and hands the project
// to gunicorn. In 2012 this was the DjangoPlugin of vcap-staging.
package django

import (
	"context"

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
	script := period(w)
	err := w.WriteStartup(func() (plugin.Script, error) { return script, nil })
	if err != nil {
		return err
	}
	if err := w.WriteStop(plugin.StopText); err != nil {
		return err
	}
	return python.WriteGunicornConfig(w)
}

func period(w *plugin.Workspace) plugin.Script {
	return plugin.Script{
		Hook: python.PipHook("django", "gunicorn"),
		Command: python.PipRequirements(w) +
			"python manage.py syncdb --noinput >> ../logs/startup.log 2>&1\n" +
			"../python/bin/gunicorn_django -c ../gunicorn.config",
	}
}
