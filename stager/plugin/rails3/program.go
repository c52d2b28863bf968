package rails3

import (
	"context"
	"errors"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// ownProgram is bin/rails as every app of Rails 4 and later has it.
const ownProgram = `#!/usr/bin/env ruby
APP_PATH = File.expand_path("../config/application", __dir__)
require "rails/commands"
`

// prepareStart does what today's Rails needs to be started.
func prepareStart(ctx context.Context, w *plugin.Workspace, app *ruby.App) error {
	if err := requireRails(ctx, w, app); err != nil {
		return err
	}
	return addProgram(w)
}

// addProgram sees to it that the program rails takes the app for one, as it does by bin/rails or, with Rails 3, script/rails.
// The pid file of a server that ran where the app is developed would keep the one here from starting.
func addProgram(w *plugin.Workspace) error {
	if err := w.Remove("app/tmp/pids"); err != nil {
		return err
	}
	if w.HasSource("bin/rails") || w.HasSource("script/rails") {
		return nil
	}
	return w.Write("app/bin/rails", []byte(ownProgram), 0o755)
}

// requireRails makes sure that an app without a bundle will find Rails on this machine. Where no program may run it believes so.
func requireRails(ctx context.Context, w *plugin.Workspace, app *ruby.App) error {
	executable, ok := w.Runtime()
	if app.Bundled() || !ok {
		return nil
	}
	output, err := w.RunTool(ctx, nil, executable, "-e", `puts Gem::Specification.find_all_by_name("railties").map(&:version)`)
	switch {
	case errors.Is(err, plugin.ErrNoTools):
		return nil
	case err != nil:
		return err
	case len(output) == 0:
		return &plugin.StagingError{
			Message: "Rails is neither in a Gemfile.lock of the app nor on this machine",
			Tip:     "push a Gemfile.lock, or install it for all apps: minicf doctor --install rails",
		}
	}
	return nil
}
