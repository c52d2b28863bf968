package apps_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox"
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

// In 2012 options and paths fell apart at the space.
func TestRackAppInADirectoryWithASpace(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rack")
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "rack", Want: "Hello from instance 0", Settings: func(s *sandbox.Settings) {
		s.DataDir = filepath.Join(s.DataDir, "with a space")
	}})
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

// copyOf is an app of this directory, to be changed.
func copyOf(t *testing.T, app string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), app)
	if err := os.CopyFS(dir, os.DirFS(app)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRailsAppWithAssets(t *testing.T) {
	t.Parallel()
	requireRuby(t, "rails", "sqlite3", "sprockets-rails")
	dir := copyOf(t, "rails3")
	application, err := os.ReadFile("rails3/config/application.rb")
	if err != nil {
		t.Fatal(err)
	}
	gemtest.WriteFiles(t, dir, map[string]string{
		"app/assets/config/manifest.js":              "//= link application.css\n",
		"app/assets/stylesheets/application.css":     "body { color: #123 }\n",
		"app/views/visits/index.html.erb":            "<%= stylesheet_link_tag 'application' %>",
		"config/application.rb":                      strings.Replace(string(application), "class ", "require \"sprockets/railtie\"\n\nclass ", 1),
		"config/initializers/nothing_is_compiled.rb": "Rails.application.config.assets.compile = false\n",
	})
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: `href="/assets/application-`}) // its fingerprint: it was compiled when the app was staged
}

// bundle lets an app bring its gems, packed from those of this machine: no network has what its lock file names.
func bundle(t testing.TB, dir string, gems ...string) {
	t.Helper()
	requireRuby(t, append(gems, "bundler")...)
	gemfile := "source '" + nowhere + "'\n"
	for _, g := range gems {
		gemfile += "gem '" + g + "'\n"
	}
	lock := gemtest.Repack(t, filepath.Join(dir, "vendor/cache"), gems...)
	gemtest.WriteFiles(t, dir, map[string]string{"Gemfile": gemfile, "Gemfile.lock": lock})
}

// nowhere is the server that the lock files of package gemtest name.
const nowhere = "http://127.0.0.1:9"

func TestRailsAppWithItsGems(t *testing.T) {
	t.Parallel()
	dir, server := copyOf(t, "rails3"), "thin"
	if _, err := exec.LookPath(server); err != nil {
		server = "puma"
	}
	bundle(t, dir, "rails", "sqlite3", server)
	gemtest.WriteFiles(t, dir, map[string]string{
		"app/views/visits/index.html.erb": `<%= request.get_header("SERVER_SOFTWARE")[/[a-z]+/] %> runs <%= Gem.loaded_specs["rails"].full_gem_path[/app.rubygems/] %>`,
	})
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: server + " runs app/rubygems"})
}

// where tells where a gem was loaded from.
const where = `Gem.loaded_specs["rack"].full_gem_path`

func bundledSinatra(t testing.TB) (dir string) {
	dir = filepath.Join(t.TempDir(), "sinatra_bundled")
	bundle(t, dir, "sinatra", "puma")
	gemtest.WriteFiles(t, dir, map[string]string{"app.rb": "require 'sinatra'\nget('/') { 'rack of ' + " + where + " }\n"})
	return dir
}

func bundledRack(t testing.TB) (dir string) {
	dir = filepath.Join(t.TempDir(), "rack_bundled")
	bundle(t, dir, "rack", "webrick")
	gemtest.WriteFiles(t, dir, map[string]string{
		"config.ru": "run ->(_) { [200, { 'content-type' => 'text/plain' }, ['rack of ' + " + where + "]] }\n",
	})
	return dir
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

// The start command of a standalone app finds the gems and their programs by the environment of the startup script.
func TestStandaloneRubyAppWithItsGems(t *testing.T) {
	t.Parallel()
	as := client.Overrides{Framework: "standalone", Runtime: "ruby", Command: "bundle exec rackup -p $VCAP_APP_PORT config.ru"}
	sandboxtest.Live(t, sandboxtest.Sample{Dir: bundledRack(t), As: as, Want: "/app/rubygems/ruby/3."})
}

func TestRackAppWithGemsOfAServer(t *testing.T) {
	t.Parallel()
	dir, index := bundledRack(t), t.TempDir()
	if err := os.Rename(filepath.Join(dir, "vendor/cache"), filepath.Join(index, "gems")); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(index)))
	t.Cleanup(server.Close)
	sandboxtest.Live(t, sandboxtest.Sample{Dir: dir, Want: "/app/rubygems/ruby/3.", Settings: withPlatform(t, "gem_source: "+server.URL)})
}

// refused pushes an app that cannot be staged, and returns the reply's error.
func refused(t *testing.T, p *sandboxtest.Platform, dir string) string {
	t.Helper()
	_, err := p.TryPush(dir, p.Describe(dir, client.Overrides{}))
	failure, ok := errors.AsType[*client.StagingError](err)
	if !ok {
		t.Fatalf("staging: %v, want the stager's own error", err)
	}
	return failure.Error()
}

func TestBundleThatCannotBeInstalledIsExplainedToTheClient(t *testing.T) {
	t.Parallel()
	p := sandboxtest.New(t)
	dir := bundledRack(t)
	if err := os.Rename(filepath.Join(dir, "vendor/cache"), filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	if got := refused(t, p, dir); !strings.Contains(got, "Failed fetching missing gem rack-") || !strings.Contains(got, "refused") {
		t.Errorf("a gem that is nowhere: %s", got)
	}
	gemtest.Build(t, filepath.Join(dir, "vendor/cache"), gemtest.Gem{Name: "broken", Version: "1.0", Files: map[string]string{
		"lib/broken.rb": "", "ext/extconf.rb": "abort 'libbroken is missing, install it'\n",
	}})
	gemtest.WriteFiles(t, dir, map[string]string{
		"Gemfile": "source '" + nowhere + "'\ngem 'broken'\n", "Gemfile.lock": "GEM\n  remote: " + nowhere + "/\n  specs:\n    broken (1.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  broken\n",
	})
	if got := refused(t, p, dir); !strings.Contains(got, "Failed installing gem broken-1.0.gem") || !strings.Contains(got, "libbroken is missing, install it") {
		t.Errorf("a gem that cannot be built: %s", got)
	}
	gemtest.WriteFiles(t, dir, map[string]string{"Gemfile": "source '" + nowhere + "'\ngem 'broken'\ngem 'added'\n"})
	if got := refused(t, p, dir); !strings.Contains(got, "Error resolving Gemfile: Error parsing Gemfile: ") || !strings.Contains(got, "* added") {
		t.Errorf("a Gemfile that was changed: %s", got)
	}
	p.ExpectNoWorkspace()
}
