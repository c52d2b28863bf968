// Package rails3 stages apps of the framework Rails, from 3.0 on.
//
// In goes a Rails app, out comes a startup script that migrates the database, starts the console if the DEA gave it a port,
// and runs the server. On the way config/database.yml gets the app's database, and assets are compiled. Each of these has a
// file here. In 2012 this was the Rails3Plugin of vcap-staging.
package rails3

import (
	"context"
	"errors"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// Plugin is the plugin. Its zero value is ready.
type Plugin struct{}

var _ plugin.Plugin = Plugin{}

// Name is "rails3".
func (Plugin) Name() string { return "rails3" }

// Stage brings the app's gems, database, console and assets into the droplet and writes the scripts.
func (Plugin) Stage(ctx context.Context, w *plugin.Workspace) error {
	if err := addConsole(ctx, w); err != nil {
		return err
	}
	app, err := ruby.Open(ctx, w, without(w))
	if err != nil {
		return err
	}
	autoconfig, err := app.Autoconfig()
	if err != nil {
		return err
	}
	if autoconfig {
		if err := writeDatabase(w); err != nil {
			return err
		}
		if err := app.AddAutoconfig(ctx); err != nil {
			return err
		}
	}
	if err := addAssets(ctx, w, app); err != nil {
		return err
	}
	if w.Modern() {
		if err := prepareStart(ctx, w, app); err != nil {
			return err
		}
	}
	return writeScripts(w, app, autoconfig)
}

// without names the groups of gems that are left out: test, and since the second era development too, unless that is what the
// app runs in.
func without(w *plugin.Workspace) string {
	if w.Text == plugin.T1 && !w.Modern() || environment(w) == "development" {
		return "test"
	}
	return "test:development"
}

// environment is RAILS_ENV, if the app's environment has it, perhaps in quotes.
func environment(w *plugin.Workspace) string {
	value := strings.TrimSpace(w.Setting("RAILS_ENV"))
	for _, quote := range []string{`"`, "'"} {
		if rest, ok := strings.CutPrefix(value, quote); ok {
			return strings.TrimSuffix(rest, quote)
		}
	}
	return value
}

func writeScripts(w *plugin.Workspace, app *ruby.App, autoconfig bool) error {
	if !app.Bundled() { // the plugin of 2012 asked a second time here, and the log tells it again
		if _, err := app.Autoconfig(); err != nil {
			return err
		}
	}
	settings, err := app.Settings()
	if err != nil {
		return err
	}
	own, err := variables(w)
	if err != nil {
		return err
	}
	script := plugin.Script{
		Env: app.Env(ruby.Rails, autoconfig, own), Hook: hook(w, app, settings.Migrate), Command: command(w, app),
	}
	err = w.WriteStartup(func() (plugin.Script, error) { return script, nil })
	return errors.Join(err, w.WriteStop(stopText(w)))
}
