package ruby

import (
	"context"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/minicf/minicf/stager/plugin"
)

// Settings is config/cloudfoundry.yml, in which an app says what it does not want.
type Settings struct {
	Autoconfig bool `yaml:"-"` // true unless the file says false
	Migrate    bool `yaml:"-"` // likewise: Rails migrates its database at each start
}

// Settings reads config/cloudfoundry.yml of the app. It may be missing.
func (a *App) Settings() (Settings, error) {
	const file = "config/cloudfoundry.yml"
	content, err := a.w.ReadApp(file)
	if err != nil {
		return Settings{}, &plugin.StagingError{Message: err.Error()}
	}
	var said struct {
		Autoconfig any `yaml:"autoconfig"`
		DBMigrate  any `yaml:"dbmigrate"`
	}
	if err := yaml.Unmarshal(content, &said); err != nil {
		return Settings{}, &plugin.StagingError{Message: fmt.Sprintf("read %s: %v", file, err)}
	}
	return Settings{Autoconfig: !isFalse(said.Autoconfig), Migrate: !isFalse(said.DBMigrate)}, nil
}

// isFalse reports whether Ruby's YAML of 2012 read a value as false: it took no and off for that too.
func isFalse(value any) bool {
	word, _ := value.(string)
	return value == false || strings.EqualFold(word, "no") || strings.EqualFold(word, "off")
}

// autoconfigGems connect an app to its services without a word of configuration. cf-runtime is what the first uses; an app
// that has it in its bundle does that itself.
func autoconfigGems() []plugin.Gem {
	return []plugin.Gem{{Name: "cf-autoconfig", Version: "0.0.4"}, {Name: "cf-runtime", Version: "0.0.2"}}
}

// Autoconfig decides whether the app's services are configured by themselves, and if not, tells why in the log, unless it
// is the app that does not want it.
func (a *App) Autoconfig() (bool, error) {
	s, err := a.Settings()
	if err != nil || !s.Autoconfig {
		return false, err
	}
	if !a.Bundled() {
		a.w.Log.Warn("Auto-reconfiguration disabled because app does not use Bundler.")
		a.w.Log.Warn("Please provide a Gemfile.lock to use auto-reconfiguration.")
		return false, nil
	}
	if a.Version("cf-runtime") != "" {
		return false, nil
	}
	for _, gem := range autoconfigGems() {
		if _, ok := a.w.Resource(gem.FileName()); !ok {
			a.w.Log.Warn("Auto-reconfiguration disabled because the platform has no " + gem.FileName() + ".")
			return false, nil
		}
	}
	return true, nil
}

// Prepare is all that most frameworks need: the app with its gems and, if it is to have it, auto-reconfiguration.
func Prepare(ctx context.Context, w *plugin.Workspace, without string) (app *App, autoconfig bool, err error) {
	if app, err = Open(ctx, w, without); err != nil {
		return nil, false, err
	}
	if autoconfig, err = app.Autoconfig(); err == nil && autoconfig {
		err = app.AddAutoconfig(ctx)
	}
	return app, autoconfig, err
}

// Load is the option of a Ruby that loads cf-autoconfig, with a space behind it; nothing without auto-reconfiguration.
func Load(autoconfig bool) string {
	if autoconfig {
		return "-rcfautoconfig "
	}
	return ""
}

// AddAutoconfig installs the gems of auto-reconfiguration and adds the first to the Gemfile. Gemfile.lock is not touched.
func (a *App) AddAutoconfig(ctx context.Context) error {
	gems := autoconfigGems()
	for i := range gems {
		gems[i].File, _ = a.w.Resource(gems[i].FileName())
	}
	if err := a.add(ctx, gems, true); err != nil {
		return err
	}
	return a.w.Append("app/Gemfile", "\ngem \"cf-autoconfig\"\n")
}
