package ruby

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby/lockfile"
)

// addGems puts the app's gems into the droplet, Bundler itself among them: before the others in the second era, behind them
// in the first.
func (a *App) addGems(ctx context.Context) error {
	if dir, ok := a.packagedDir(); ok {
		return a.usePackaged(ctx, dir)
	}
	gems, err := a.resolve(ctx)
	if err != nil {
		return err
	}
	if a.w.Text == plugin.T1 {
		gems = append(gems, a.bundler())
	} else {
		gems = append([]plugin.Gem{a.bundler()}, gems...)
	}
	if err := a.add(ctx, gems, true); err != nil {
		return err
	}
	if err := a.linkABI(); err != nil {
		return err
	}
	return a.w.Write("app/.bundle/config", []byte(a.config()), 0o644)
}

// resolve lists the gems of the bundle, what they need first. The lock file has all of them, of whatever group; which of the
// Gemfile's are wanted only the Gemfile knows.
func (a *App) resolve(ctx context.Context) ([]plugin.Gem, error) {
	dependencies, err := a.w.Gems.Gemfile(ctx, a.w)
	if err != nil {
		return nil, err
	}
	specs, err := a.lock.Order(wanted(dependencies, a.without), a.here.Platform)
	if err != nil {
		return nil, &plugin.StagingError{
			Message: "Error resolving Gemfile: " + err.Error(),
			Tip:     "run `bundle install` where the app is developed, and push the Gemfile.lock that it writes",
		}
	}
	var gems []plugin.Gem
	for _, s := range specs {
		a.versions[s.Name] = s.Version
		gem, err := a.gem(s)
		if err != nil {
			return nil, err
		}
		if gem != nil {
			gems = append(gems, *gem)
		}
	}
	return gems, nil
}

// gem is what is to be installed of a spec: nothing, when Bundler finds the gem in the app itself.
func (a *App) gem(s lockfile.Spec) (*plugin.Gem, error) {
	gem := plugin.Gem{Name: s.Name, Version: s.Version, Platform: s.Platform}
	switch s.Source.Kind {
	case lockfile.Packages:
		gem.Remotes = s.Source.Remotes
	case lockfile.Git:
		if s.Source.Revision == "" {
			return nil, &plugin.StagingError{Message: fmt.Sprintf("Gemfile.lock does not name the revision of the gem %s in %s", s.Name, s.Source.Remote())}
		}
		gem.Git = &plugin.GitSource{URI: s.Source.Remote(), Revision: s.Source.Revision, Submodules: s.Source.Submodules}
	case lockfile.Path:
		if a.holds(s.Source.Remote()) {
			return nil, nil
		}
		if !a.w.HasSource("vendor/cache/" + gem.FileName()) {
			return nil, &plugin.StagingError{
				Message: fmt.Sprintf("the gem %s lies in %s, outside of the app", s.Name, s.Source.Remote()),
				Tip:     "put its directory into the app, or the gem as " + gem.FileName() + " into vendor/cache",
			}
		}
	default:
		return nil, &plugin.StagingError{Message: fmt.Sprintf("the gem %s comes from a source of the kind %q, which cannot be staged", s.Name, s.Source.Kind)}
	}
	return &gem, nil
}

// holds reports whether a path source is a directory of the app.
func (a *App) holds(remote string) bool {
	return !path.IsAbs(remote) && !strings.HasPrefix(path.Clean(remote), "..") && a.w.HasSource(path.Clean(remote))
}

// bundler is the Bundler that goes into the droplet. For the runtimes of 2012 the log names theirs; what is put there is
// always the one of this machine, which its Ruby can run.
func (a *App) bundler() plugin.Gem {
	version := a.here.Bundler
	if !a.w.Modern() {
		version = map[plugin.Text]string{plugin.T1: "1.1.3", plugin.T2: "1.2.1"}[a.w.Text]
	}
	return plugin.Gem{Name: "bundler", Version: version}
}

// add installs gems and copies them into the droplet. Programs of the same name replace each other.
func (a *App) add(ctx context.Context, gems []plugin.Gem, tell bool) error {
	dirs, err := a.w.Gems.Install(ctx, a.w, gems)
	if err != nil {
		return err
	}
	if len(dirs) != len(gems) {
		return errors.New("the gem tools lost a gem")
	}
	for i, dir := range dirs {
		if err := a.w.CopyOver(ctx, dir, "app/"+a.GemDir()); err != nil {
			return err
		}
		if tell {
			a.w.Log.Info("Adding " + gems[i].FileName() + " to app...")
		}
	}
	return nil
}

// linkABI makes the gems found by a Ruby that has another name for their directory than the runtimes of 2012: today's
// Bundler looks into rubygems/ruby/3.1.0.
func (a *App) linkABI() error {
	if a.here.ABI == a.library {
		return nil
	}
	return a.w.Symlink(a.library, "app/rubygems/ruby/"+a.here.ABI)
}

// config is .bundle/config, as the period's Bundler wrote it or as today's does.
func (a *App) config() string {
	if a.w.Modern() {
		text := "---\nBUNDLE_PATH: \"rubygems\"\n"
		if a.without != "" {
			text += fmt.Sprintf("BUNDLE_WITHOUT: %q\n", a.without)
		}
		return text
	}
	text := "---\nBUNDLE_PATH: rubygems\nBUNDLE_DISABLE_SHARED_GEMS: \"1\"\n"
	if a.without != "" {
		text += "BUNDLE_WITHOUT: " + a.without + "\n"
	}
	return text
}
