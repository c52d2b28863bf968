package rails3

import (
	"context"
	"path/filepath"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/ruby"
)

// addAssets has the app serve its static files itself, since no web server stands before it. From the second era on assets
// are compiled too; where that fails the app compiles them when they are asked for.
func addAssets(ctx context.Context, w *plugin.Workspace, app *ruby.App) error {
	live, err := compileAssets(ctx, w, app)
	if err != nil {
		return err
	}
	switch {
	case w.Modern():
		return w.Write("app/config/initializers/serve_static_assets.rb", []byte(initializer(live)), 0o644)
	case w.Text == plugin.T1:
		return w.Write("app/vendor/plugins/serve_static_assets/init.rb", []byte(pluginText(live)), 0o600)
	}
	return w.Write("app/vendor/plugins/configure_assets/init.rb", []byte(pluginText(live)), 0o600)
}

// pluginText is a plugin of Rails 3.
func pluginText(live bool) string {
	text := "Rails.application.config.serve_static_assets = true\n"
	if live {
		text += "Rails.application.config.assets.compile = true\n"
	}
	return text
}

// initializer is the same for today's Rails, which has no such plugins. In development it has a list of hosts instead, which
// cannot know the app's; the router has looked at the host already.
func initializer(live bool) string {
	text := `config = Rails.application.config
if config.respond_to?(:public_file_server)
  config.public_file_server.enabled = true
else
  config.serve_static_files = true
end
config.hosts.clear if Rails.env.development? && config.respond_to?(:hosts)
`
	if live {
		text += "config.assets.compile = true if config.respond_to?(:assets)\n"
	}
	return text
}

// compileAssets reports whether the app has to compile its assets itself.
func compileAssets(ctx context.Context, w *plugin.Workspace, app *ruby.App) (live bool, err error) {
	switch {
	case w.Modern() && !w.HasSource("app/assets"), !w.Modern() && w.Text == plugin.T1:
		return false, nil
	case hasManifest(w):
		w.Log.Info("Skipping assets compilation, detected assets manifest")
		return false, nil
	case !canCompile(w, app):
		w.Log.Info("Skipping assets compilation, rails version does not support it")
		return false, nil
	}
	w.Log.Info("Running rake assets:precompile")
	output, err := precompile(ctx, w, app)
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if err == nil {
		return false, w.Remove("app/tmp/cache/assets")
	}
	w.Log.Warn("Assets precompilation failed: " + plugin.LastLines(output, err))
	w.Log.Info("Turning on live assets compilation")
	if w.HasSource("public/assets") { // which the app brings
		return true, nil
	}
	return true, w.Remove("app/public/assets")
}

// hasManifest reports whether the app brings its assets compiled: by Rails 3, 4 and later, or Propshaft.
func hasManifest(w *plugin.Workspace) bool {
	for _, pattern := range []string{"manifest.yml", "manifest-*.json", ".sprockets-manifest-*.json", ".manifest.json"} {
		if found, err := w.Glob("app/public/assets/" + pattern); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// canCompile reports whether the app's Rails is 3.1 or later. Without a bundle its version is not known: in 2012 staging
// failed then (bug Q18), now it counts as that of its time.
func canCompile(w *plugin.Workspace, app *ruby.App) bool {
	if !app.Bundled() {
		return w.Modern()
	}
	return railsVersion(app).atLeast(3, 1)
}

func precompile(ctx context.Context, w *plugin.Workspace, app *ruby.App) ([]byte, error) {
	executable, ok := w.Runtime()
	if !ok {
		return nil, plugin.ErrNoTools
	}
	env := []string{"RAILS_ENV=production", "RAILS_GROUPS=assets", "SECRET_KEY_BASE=of-no-use-but-to-compile-assets"}
	argv := []string{executable, "-S", "rake", "assets:precompile"}
	if app.Bundled() {
		gems := filepath.Join(w.AppDir(), app.GemDir())
		env = append(env, "GEM_HOME="+gems, "GEM_PATH="+gems)
		argv = []string{executable, app.Program("bundle"), "exec", executable, app.Program("rake"), "assets:precompile"}
	}
	return w.RunTool(ctx, env, argv...)
}
