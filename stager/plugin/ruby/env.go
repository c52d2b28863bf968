package ruby

import "maps"

// The lines make Ruby write its output at once: without them a log would be empty until a buffer is full. Those of 2012 do
// it once more with each start in the same directory, and complain (bug Q14).
const (
	stdSync = `mkdir ruby
echo "\$stdout.sync = true" >> ./ruby/stdsync.rb`
	modernStdSync = `mkdir -p ruby
echo "\$stdout.sync = true" > ./ruby/stdsync.rb`
)

// Hook is what the startup script runs before the app.
func (a *App) Hook() string {
	if a.w.Modern() {
		return modernStdSync
	}
	return stdSync
}

// RUBYOPT has had three forms, by framework.
type RUBYOPT int

const (
	// Web is that of Sinatra and Rack, whose start command loads cf-autoconfig.
	Web RUBYOPT = iota
	// Rails has cf-autoconfig loaded by every Ruby that the app starts.
	Rails
	// Standalone does so too, and its unbundled form is that of Web.
	Standalone
)

// Env is what the startup script sets: where the gems are, what every Ruby loads, and the framework's own.
//
// The options of 2012 break where $PWD has a space in it, and -rubygems where Ruby is 2.5 or later, for which the DEA has an
// empty ubygems.rb (bugs Q13, Q3). For the Rubies of today the directory is in RUBYLIB, where it may have any name.
func (a *App) Env(form RUBYOPT, autoconfig bool, own map[string]string) map[string]string {
	env := map[string]string{}
	maps.Copy(env, own)
	if a.Bundled() {
		dir := "$PWD/app/" + a.GemDir()
		env["GEM_HOME"], env["GEM_PATH"] = dir, dir
		env["PATH"] = dir + "/bin:$PATH"
	}
	load := Load(autoconfig && form != Web)
	if a.w.Modern() {
		env["RUBYLIB"] = "$PWD/ruby${RUBYLIB:+:$RUBYLIB}"
		env["RUBYOPT"] = load + "-rstdsync"
		return env
	}
	env["RUBYOPT"] = "-I$PWD/ruby " + a.searched(form, autoconfig) + load + "-rstdsync"
	if !a.Bundled() && form != Rails {
		env["RUBYOPT"] = "-rubygems " + env["RUBYOPT"]
	}
	return env
}

// searched is the directory that Ruby 1.8 needed to find cf-autoconfig in. Where there is none, its place in the option is
// left empty, with a space behind it, except by frameworks that leave out the place too.
func (a *App) searched(form RUBYOPT, autoconfig bool) string {
	switch {
	case !a.Bundled(), form != Web && !autoconfig:
		return ""
	case autoconfig && a.library == "1.8":
		return "-I$PWD/app/rubygems/ruby/1.8/gems/cf-autoconfig-0.0.4/lib "
	}
	return " "
}
