package buildpack

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/database"
)

// rails is the name by which the plugin of 2012 knew the one buildpack that it had something to do for.
const rails = "Ruby/Rails"

// profiles sources what the buildpack left for the start of the app.
const profiles = `if [ -d app/.profile.d ]; then
  for i in app/.profile.d/*.sh; do
    if [ -r $i ]; then
      . $i
    fi
  done
  unset i
fi
env > logs/env.log`

// console starts a Rails console, when the DEA gave the app a port for it.
const console = `
if [ -n "$VCAP_CONSOLE_PORT" ]; then
  cd app
  bundle exec ruby cf-rails-console/rails_console.rb >> ../logs/console.log 2>> ../logs/console.log &
  CONSOLE_STARTED=$!
  echo "$CONSOLE_STARTED" >> ../console.pid
  cd ..
fi`

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// script is the startup script. Its text is that of March 2013.
func (s *staging) script(r release) (plugin.Script, error) {
	command, err := s.command(r)
	if err != nil {
		return plugin.Script{}, err
	}
	env := map[string]string{}
	for name, value := range r.ConfigVars {
		if env[name], err = configVar(name, value); err != nil {
			return plugin.Script{}, err
		}
	}
	env["HOME"], env["PORT"] = "$PWD/app", "$VCAP_APP_PORT"
	env["MEMORY_LIMIT"] = fmt.Sprintf("%dm", s.w.Memory())
	if s.w.Has(depsDir) {
		env["DEPS_DIR"] = "$PWD/" + depsDir
	}
	hook := profiles
	if s.pack.name == rails {
		hook += console
		if err := s.bindDatabase(env); err != nil {
			return plugin.Script{}, err
		}
	}
	return plugin.Script{Env: env, Unset: []string{"GEM_PATH"}, Hook: hook, Command: command, Grouped: true}, nil
}

// configVar is a variable that holds unless the app's environment has it. What the buildpack wrote is expanded by the shell,
// as in 2012, but does not end where it should not.
func configVar(name, value string) (string, error) {
	if !variable.MatchString(name) || strings.ContainsAny(value, "\n\x00") {
		return "", &plugin.StagingError{
			Message: fmt.Sprintf("Release info failed:\nconfig_vars: %q: %q cannot stand in a script", name, value),
			Tip:     "names are letters, digits and _; values are one line",
		}
	}
	return "${" + name + ":-" + strings.NewReplacer(`"`, `\"`, "`", "\\`", "}", `\}`).Replace(value) + "}", nil
}

// bindDatabase tells a Rails app its database, if it has one.
func (s *staging) bindDatabase(env map[string]string) error {
	b, err := database.Primary(s.w.App.Services, s.w.Text)
	if err != nil || b == nil {
		return err
	}
	env["DATABASE_URL"] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(b.URL())
	return nil
}

// addConsole copies the Rails console into the app, if the platform has it.
func (s *staging) addConsole(ctx context.Context) error {
	path, ok := s.w.Resource("cf-rails-console")
	if s.pack.name != rails || !ok {
		return nil
	}
	return s.w.CopyIn(ctx, path, "app/cf-rails-console")
}
