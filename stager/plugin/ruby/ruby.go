// Package ruby is what the plugins for Sinatra, Rack, Rails and standalone Ruby apps share: the gems of a bundled app, the
// environment of a Ruby program in a droplet, and auto-reconfiguration.
//
// In goes a workspace ([Open]); out comes an [App], which knows what the startup script has to set ([App.Env]) and how the
// app's Ruby is called ([App.Ruby]). An app uses Bundler if it has a Gemfile.lock. Its gems go into
// app/rubygems/ruby/<library version>, which is 1.9.1 or 1.8 for the runtimes of 2012, whatever Ruby serves them, and the
// real one for those of today.
//
// In 2012 this was the modules GemfileSupport and RubyAutoconfig of vcap-staging.
package ruby

import (
	"context"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby/lockfile"
)

// App is a Ruby app in its workspace.
type App struct {
	w        *plugin.Workspace
	lock     *lockfile.Lock    // nil for an app that does not use Bundler: it runs on the gems of the machine
	versions map[string]string // of the gems of the bundle, by name
	here     plugin.Ruby       // of a bundled app
	library  string            // the version in the path of its gems
	without  string            // groups whose gems are left out, with colons between
}

// Open looks at the app and, if it uses Bundler, installs its gems. Those of the groups in without are left out, unless the
// app's environment says otherwise.
func Open(ctx context.Context, w *plugin.Workspace, without string) (*App, error) {
	a := &App{w: w, versions: map[string]string{}, without: excluded(w.App.Environment, without)}
	if !w.HasSource("Gemfile.lock") {
		return a, nil
	}
	if w.Gems == nil {
		return nil, &plugin.StagingError{Message: "the gems of a bundled app (one with a Gemfile.lock) cannot be installed here: no gem tools may run"}
	}
	if err := a.readLock(); err != nil {
		return nil, err
	}
	var err error
	if a.here, err = w.Gems.Ruby(ctx, w); err != nil {
		return nil, err
	}
	a.library = libraryVersion(string(w.App.RuntimeInfo.Version), a.here, w.Modern())
	if err := a.addGems(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *App) readLock() error {
	if !a.w.HasSource("Gemfile") {
		return &plugin.StagingError{Message: "Error resolving Gemfile: the app has a Gemfile.lock and no Gemfile", Tip: "push both, or none"}
	}
	text, err := a.w.ReadApp("Gemfile.lock")
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	if a.lock, err = lockfile.Parse(text); err != nil {
		return &plugin.StagingError{
			Message: "Error resolving Gemfile: Gemfile.lock, " + err.Error(),
			Tip:     "run `bundle install` where the app is developed, and push the Gemfile.lock that it writes",
		}
	}
	return nil
}

// libraryVersion names the directory of gems as Ruby does. The plugins of 2012 took every Ruby that is not 1.9 for a 1.8
// (bug Q4).
func libraryVersion(version string, here plugin.Ruby, modern bool) string {
	switch {
	case modern:
		return here.ABI
	case strings.HasPrefix(version, "1.9"):
		return "1.9.1"
	}
	return "1.8"
}

// Bundled reports whether the app uses Bundler.
func (a *App) Bundled() bool { return a.lock != nil }

// Version is that of a gem of the bundle; "" when the bundle does not have it.
func (a *App) Version(gem string) string { return a.versions[gem] }

// Ruby is the command that runs Ruby with args, inside of the bundle if there is one.
func (a *App) Ruby(args string) string {
	if !a.Bundled() {
		return droplet.RuntimeToken + " " + args
	}
	return droplet.RuntimeToken + " " + a.Program("bundle") + " exec " + droplet.RuntimeToken + " " + args
}

// Program is the path of a program that some gem of the bundle has, relative to app/.
func (a *App) Program(name string) string { return "./" + a.GemDir() + "/bin/" + name }

// GemDir is where the gems of the bundle are, relative to app/.
func (a *App) GemDir() string { return "rubygems/ruby/" + a.library }

// Args stands for the arguments of the startup script in a command: -p PORT. In 2012 they had no quotes (bug Q13).
func (a *App) Args() string {
	if a.w.Modern() {
		return `"$@"`
	}
	return "$@"
}

// Address is where a server listens: where the DEA reaches the instance. In 2012 it was every address of the machine.
const Address = `"${VCAP_APP_HOST:-0.0.0.0}"`
