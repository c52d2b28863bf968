// Package ruby is what the plugins for Sinatra, Rack and standalone Ruby apps share: the environment of a Ruby program
// in a droplet.
//
// In goes a workspace, out comes what the startup script has to set ([Prepare]). On the way the log tells whether the
// app's service credentials would be configured by themselves.
//
// Apps with a Gemfile.lock are refused: their gems would have to be installed. In 2012 this was the modules GemfileSupport
// and RubyAutoconfig of vcap-staging.
package ruby

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/stager/plugin"
)

// Setup is what a Ruby app's startup script needs besides the start command.
type Setup struct {
	Env  map[string]string // the caller's own
	Hook string
}

// stdSync makes Ruby write its output at once. Without it a log would be empty until a buffer is full.
const stdSync = `mkdir ruby
echo "\$stdout.sync = true" >> ./ruby/stdsync.rb`

// Prepare looks at the Ruby app in w. It refuses an app that uses Bundler.
//
// -rubygems in RUBYOPT is the contract of 2012. Ruby 2.5 and later have no ubygems.rb and would not start; the DEA
// gives them an empty one.
func Prepare(w *plugin.Workspace) (Setup, error) {
	if w.HasSource("Gemfile.lock") {
		return Setup{}, &plugin.StagingError{
			Message: "bundled apps (with a Gemfile.lock) are not staged yet: remove Gemfile.lock or install the gems on the machine that runs the app",
			Tip:     "without Gemfile.lock the app uses the gems of the machine's own Ruby",
		}
	}
	if err := tellAutoconfig(w); err != nil {
		return Setup{}, err
	}
	return Setup{
		Env:  map[string]string{"RUBYOPT": "-rubygems -I$PWD/ruby -rstdsync"},
		Hook: stdSync,
	}, nil
}

// tellAutoconfig says why services are not configured by themselves, unless the app declined that in its
// config/cloudfoundry.yml.
func tellAutoconfig(w *plugin.Workspace) error {
	const file = "config/cloudfoundry.yml"
	content, err := w.ReadApp(file)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	var config struct {
		Autoconfig any `yaml:"autoconfig"`
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", file, err)}
	}
	if isFalse(config.Autoconfig) {
		return nil
	}
	w.Log.Warn("Auto-reconfiguration disabled because app does not use Bundler.")
	w.Log.Warn("Please provide a Gemfile.lock to use auto-reconfiguration.")
	return nil
}

// isFalse reports whether Ruby's YAML of 2012 read a value as false: it took no and off for that too.
func isFalse(value any) bool {
	word, _ := value.(string)
	return value == false || strings.EqualFold(word, "no") || strings.EqualFold(word, "off")
}
