package ruby

import (
	"context"

	"github.com/minicf/minicf/stager/plugin"
)

// packagedDir is the directory in which the app brings its gems installed, by `bundle install --deployment`: relative to
// app/. The plugins of 2012 looked for the first name, Bundler makes the second.
func (a *App) packagedDir() (string, bool) {
	for _, dir := range []string{"vendor/bundle/" + a.library, "vendor/bundle/ruby/" + a.here.ABI} {
		if a.w.HasSource(dir) {
			return dir, true
		}
	}
	return "", false
}

// usePackaged takes the gems that the app brings for those of the bundle. Nothing is installed but Bundler, and of that the
// log is silent: in 2012 nothing was done at all, and nothing could start. The app's own .bundle/config stays, if it has one.
func (a *App) usePackaged(ctx context.Context, dir string) error {
	for _, s := range a.lock.Specs {
		a.versions[s.Name] = s.Version
	}
	if err := a.w.Mkdir("app/rubygems/ruby"); err != nil {
		return err
	}
	if err := a.w.Symlink("../../"+dir, "app/"+a.GemDir()); err != nil {
		return err
	}
	if err := a.linkABI(); err != nil {
		return err
	}
	if err := a.add(ctx, []plugin.Gem{a.bundler()}, false); err != nil {
		return err
	}
	if a.w.Has("app/.bundle/config") {
		return nil
	}
	return a.w.Write("app/.bundle/config", []byte(a.config()), 0o644)
}
