// Package wsgi stages Python apps that gunicorn can serve: the framework wsgi.
//
// In goes an app whose wsgi.py has a callable `application`, out comes a startup script that hands it to gunicorn. In 2012 this
// was the WsgiPlugin of vcap-staging.
package wsgi

import (
	"context"

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
		Hook:    python.PipHook("gunicorn"),
		Command: python.PipRequirements(w) + "../python/bin/gunicorn -c ../gunicorn.config wsgi:application",
	}
}
