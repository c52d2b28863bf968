package apps_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox/sandboxtest"
	"github.com/minicf/minicf/stager/install/gems/gemtest"
)

// requireRuby needs a Ruby with these gems, as testkit.RequireTool needs programs.
func requireRuby(t testing.TB, gems ...string) {
	t.Helper()
	testkit.RequireTool(t, "ruby", "bash", "ps")
	for _, g := range gems {
		if exec.CommandContext(t.Context(), "ruby", "-e", "gem ARGV[0]", g).Run() != nil {
			testkit.RequireTool(t, "the gem "+g)
		}
	}
}

// of2012 is a Ruby by a name of 2012, for which the stager writes what the original wrote.
func of2012() client.Overrides { return client.Overrides{Runtime: "ruby19"} }

func TestRackApp(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rack")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rack", Want: "Hello from instance 0"})
}

func TestRackAppForRubyOf2012(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rack")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rack", As: of2012(), Want: "Hello from instance 0"})
}

func TestStandaloneRubyApp(t *testing.T) {
	t.Parallel()
	requireRuby(t, "webrick")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "standalone_ruby", Want: "Hello from instance 0"})
}

func TestStandaloneRubyAppForRubyOf2012(t *testing.T) {
	t.Parallel()
	requireRuby(t, "webrick")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "standalone_ruby", As: of2012(), Want: "Hello from instance 0"})
}

func TestRailsApp(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rails3", Want: "in its database"})
}

func TestRailsAppServesItsStaticFiles(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rails3", Path: "page.css", Want: "font-family"})
}

// In development Rails refuses hosts that it does not know.
func TestRailsAppInDevelopmentAnswersToItsNames(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rails3", Want: "Hello from instance 0", Change: func(a *client.App) {
		a.Env, a.URIs = []string{"RAILS_ENV=development"}, []string{"shop.example.test"}
	}})
}

// The script of 2012 starts Thin, and makes no secret.
func TestRailsAppForRubyOf2012(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3")
	if _, err := exec.LookPath("thin"); err != nil {
		t.Skip("this system has no package of Thin any more")
	}
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rails3", As: of2012(), Want: "in its database", Change: func(a *client.App) {
		a.Env = []string{"SECRET_KEY_BASE=" + strings.Repeat("0", 64)}
	}})
}

func TestRailsAppWithAssets(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3", "sprockets-rails")
	dir := filepath.Join(t.TempDir(), "rails3")
	if err := os.CopyFS(dir, os.DirFS("rails3")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "app/assets/config/manifest.js"), "//= link application.css\n")
	write(t, filepath.Join(dir, "app/assets/stylesheets/application.css"), "body { color: #123 }\n")
	write(t, filepath.Join(dir, "config/initializers/pipeline.rb"), "Rails.application.config.assets.compile = false\n")
	application, err := os.ReadFile(filepath.Join(dir, "config/application.rb"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "config/application.rb"), strings.Replace(string(application), "class ", "require \"sprockets/railtie\"\n\nclass ", 1))
	write(t, filepath.Join(dir, "app/views/visits/index.html.erb"), "<%= stylesheet_link_tag 'application' %>")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: `href="/assets/application-`}) // its fingerprint: it was compiled when the app was staged
}

// bundle makes an app that brings its gems, packed from those of this machine: no network has what its lock file names.
func bundle(t *testing.T, name string, files map[string]string, gems ...string) (dir string) {
	t.Helper()
	requireRuby(t, append(gems, "bundler")...)
	dir = filepath.Join(t.TempDir(), name)
	lock := gemtest.Repack(t, filepath.Join(dir, "vendor/cache"), gems...)
	gemfile := "source 'http://127.0.0.1:9'\n"
	for _, g := range gems {
		gemfile += "gem '" + g + "'\n"
	}
	gemtest.WriteFiles(t, dir, map[string]string{"Gemfile": gemfile, "Gemfile.lock": lock})
	gemtest.WriteFiles(t, dir, files)
	return dir
}

// where tells where a gem was loaded from.
const where = `Gem.loaded_specs.fetch("rack").full_gem_path`

func bundledSinatra(t *testing.T) (dir string) {
	return bundle(t, "bundled", map[string]string{"app.rb": "require 'sinatra'\nget('/') { 'rack of ' + " + where + " }\n"}, "sinatra", "puma")
}

func bundledRack(t *testing.T) (dir string) {
	return bundle(t, "bundled", map[string]string{
		"config.ru": "run ->(_) { [200, { 'content-type' => 'text/plain' }, ['rack of ' + " + where + "]] }\n",
	}, "rack", "webrick")
}

func TestSinatraAppWithItsGems(t *testing.T) {
	t.Parallel()
	sandboxtest.Live(t, sandboxtest.Sample{Dir: bundledSinatra(t), Want: "/app/rubygems/ruby/3."})
}

func TestSinatraAppWithItsGemsForRubyOf2012(t *testing.T) {
	t.Parallel()
	sandboxtest.Live(t, sandboxtest.Sample{Dir: bundledSinatra(t), As: of2012(), Want: "/app/rubygems/ruby/"})
}

func TestRackAppWithItsGems(t *testing.T) {
	t.Parallel()
	sandboxtest.Live(t, sandboxtest.Sample{Dir: bundledRack(t), Want: "/app/rubygems/ruby/3."})
}

func TestRackAppWithItsGemsForRubyOf2012(t *testing.T) {
	t.Parallel()
	sandboxtest.Live(t, sandboxtest.Sample{Dir: bundledRack(t), As: of2012(), Want: "/app/rubygems/ruby/"})
}
