package rails3

import (
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// variables are those of Rails itself. cf-autoconfig leaves relational databases alone, since database.yml has them.
func variables(w *plugin.Workspace) (map[string]string, error) {
	env := map[string]string{
		"DISABLE_AUTO_CONFIG": "mysql:postgresql",
		"RAILS_ENV":           "${RAILS_ENV:-production}",
	}
	if !w.Modern() {
		return env, nil
	}
	env["RAILS_LOG_TO_STDOUT"] = "${RAILS_LOG_TO_STDOUT:-true}"
	secret, err := secret(w)
	if secret != "" {
		env["SECRET_KEY_BASE"] = "${SECRET_KEY_BASE:-" + secret + "}"
	}
	return env, err
}

// hook is what runs before the server.
func hook(w *plugin.Workspace, app *ruby.App, migrate bool) string {
	text := app.Hook()
	if migrate {
		text += "\n" + migration(w, app)
	}
	return text + "\n" + `if [ -n "$VCAP_CONSOLE_PORT" ]; then
  cd app
  ` + app.Ruby(consoleScript) + ` >>../logs/console.log 2>> ../logs/console.log &
  CONSOLE_STARTED=$!
  echo "$CONSOLE_STARTED" >> ../console.pid
  cd ..
fi`
}

// migration changes the database at each start. In 2012 a failure left the script in app/, where the rest of it works by
// chance.
func migration(w *plugin.Workspace, app *ruby.App) string {
	migrate := app.Ruby(program(app, "rake") + " db:migrate --trace")
	if w.Modern() {
		return `if [ -f "$PWD/app/config/database.yml" ] ; then
  (cd app && ` + migrate + ` >> ../logs/migration.log 2>&1)
fi`
	}
	return `if [ -f "$PWD/app/config/database.yml" ] ; then
  cd app && ` + migrate + ` >>../logs/migration.log 2>> ../logs/migration.log && cd ..;
fi`
}

// command starts the server: Thin if the bundle has it. Without a bundle it was always Thin, and today it is what Rails finds.
func command(w *plugin.Workspace, app *ruby.App) string {
	thin := app.Version("thin") != ""
	switch {
	case w.Modern():
		return app.Ruby(program(app, "rails") + " server " + using(app) + app.Args() + " -b " + ruby.Address)
	case !app.Bundled():
		return app.Ruby("-S thin -R config.ru $@ start")
	case thin:
		return app.Ruby(program(app, "rails") + " server thin $@")
	}
	return app.Ruby(program(app, "rails") + " server $@")
}

// using names Thin, if the bundle has it, to a Rails of today: from 6 on by an option.
func using(app *ruby.App) string {
	switch {
	case app.Version("thin") == "":
		return ""
	case railsVersion(app).atLeast(6, 0):
		return "-u thin "
	}
	return "thin "
}

// program is how Ruby is told to run a program of the bundle, or of the machine.
func program(app *ruby.App, name string) string {
	if app.Bundled() {
		return app.Program(name)
	}
	return "-S " + name
}

// stopText also ends the console.
func stopText(w *plugin.Workspace) string {
	if w.Modern() {
		return w.StopText() + `CONSOLE="$(dirname "$(readlink -f "$0")")/console.pid"
if [ -f "$CONSOLE" ]; then
  kill -9 $(cat "$CONSOLE")
fi
`
	}
	return w.StopText() + `SCRIPT=$(readlink -f "$0")
SCRIPTPATH=` + "`dirname \"$SCRIPT\"`" + `
CONSOLE_PID=` + "`head -1 $SCRIPTPATH/console.pid`" + `
kill -9 $CONSOLE_PID
`
}
