package ruby

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

// probe is a framework that only asks for the app and auto-reconfiguration.
type probe struct {
	app        *App
	autoconfig bool
}

func (*probe) Name() string { return "probe" }

func (p *probe) Stage(ctx context.Context, w *plugin.Workspace) (err error) {
	p.app, p.autoconfig, err = Prepare(ctx, w, "test")
	return err
}

// prepared is what became of an app.
type prepared struct {
	probe
	err       error
	dest, log string
	installed []string
}

// read is a file of the droplet; "" when there is none.
func (p prepared) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.dest, name))
	return string(text)
}

// prepare stages an app of these files on a runtime of that version; resources are the platform's.
func prepare(t *testing.T, version string, files map[string]string, environment []string, resources ...string) prepared {
	t.Helper()
	source := t.TempDir()
	for name, content := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := prepared{dest: t.TempDir()}
	props := protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "probe"}, Environment: environment,
		RuntimeInfo: protocol.RuntimeInfo{Name: "ruby", Version: protocol.Text(version)},
	}
	tools := plugin.Tools{Text: plugin.T2}
	plugintest.Gems(t, &tools)
	plugintest.Resources(resources...)(t, &tools)
	p.err = plugin.Stage(t.Context(), plugin.Set{&p.probe}, source, p.dest, props, tools)
	p.log = p.read("logs/staging.log") // "" when nothing was logged
	p.installed = tools.Gems.(*plugintest.Recorder).Installed
	return p
}

const oldRuby = "1.9.2p180"

func TestAutoconfigIsToldUnlessTheAppDeclinedIt(t *testing.T) {
	t.Parallel()
	const told = "Auto-reconfiguration disabled because app does not use Bundler.\n" +
		"Please provide a Gemfile.lock to use auto-reconfiguration.\n"
	for yaml, want := range map[string]string{
		"":                      told,
		"# nothing\n":           told,
		"autoconfig: true\n":    told,
		"dbmigrate: false\n":    told,
		"autoconfig:\n":         told,
		"autoconfig: maybe\n":   told,
		"autoconfig: false\n":   "",
		"autoconfig: no\n":      "",
		"autoconfig: Off\n":     "",
		"autoconfig: 'false'\n": told,
	} {
		p := prepare(t, oldRuby, map[string]string{"config/cloudfoundry.yml": yaml}, nil)
		if p.err != nil || p.log != want || p.autoconfig {
			t.Errorf("%q: log %q, %v, want %q", yaml, p.log, p.err, want)
		}
	}
}

func TestBrokenCloudfoundryYAMLIsNamed(t *testing.T) {
	t.Parallel()
	for _, yaml := range []string{"autoconfig: [", "- a\n"} {
		p := prepare(t, oldRuby, map[string]string{"config/cloudfoundry.yml": yaml}, nil)
		staging, ok := errors.AsType[*plugin.StagingError](p.err)
		if !ok || !strings.HasPrefix(staging.Message, "read config/cloudfoundry.yml: ") {
			t.Errorf("%q: %v, want an error that names the file", yaml, p.err)
		}
	}
	p := prepare(t, oldRuby, map[string]string{"config/cloudfoundry.yml/x": ""}, nil)
	if p.err == nil || p.err.Error() != "read config/cloudfoundry.yml: it is no file" {
		t.Errorf("a directory: %v", p.err)
	}
}

const (
	gemfile = `source 'http://gems.example.test'
gem 'sinatra'
gem "rack-test", :group => :test
group :development, :test do
  gem 'pry'
end
platforms :mswin do
  gem 'win32console'
end
gem 'thin', platforms: [:ruby]
`
	lock = `GEM
  remote: http://gems.example.test/
  specs:
    pry (0.9)
    rack (1.2.2)
    rack-test (0.5)
      rack
    sinatra (1.2.3)
      rack (~> 1.1)
    thin (1.2.11)
    win32console (1.3)

PLATFORMS
  ruby

DEPENDENCIES
  pry
  rack-test
  sinatra
  thin
  win32console
`
)

func bundled(more ...string) map[string]string {
	files := map[string]string{"Gemfile": gemfile, "Gemfile.lock": lock}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

func TestGemsOfExcludedGroupsAndOtherPlatformsAreLeftOut(t *testing.T) {
	t.Parallel()
	const all = "rack-1.2.2 sinatra-1.2.3 thin-1.2.11"
	for name, tt := range map[string]struct {
		environment   []string
		gems, without string
	}{
		"the default":       {nil, "rack-1.2.2 sinatra-1.2.3 pry-0.9 thin-1.2.11", "BUNDLE_WITHOUT: test\n"},
		"two groups":        {[]string{"BUNDLE_WITHOUT=development:test"}, all, "BUNDLE_WITHOUT: development:test\n"},
		"a space":           {[]string{"BUNDLE_WITHOUT=development: test"}, all, "BUNDLE_WITHOUT: development: test\n"},
		"the first setting": {[]string{"A=b", "BUNDLE_WITHOUT=x=development:test", "BUNDLE_WITHOUT=a"}, all, "BUNDLE_WITHOUT: development:test\n"},
		"a = at the end":    {[]string{"BUNDLE_WITHOUT=development:test="}, all, "BUNDLE_WITHOUT: development:test\n"},
		"none":              {[]string{"BUNDLE_WITHOUT="}, "rack-1.2.2 sinatra-1.2.3 rack-test-0.5 pry-0.9 thin-1.2.11", ""},
	} {
		p := prepare(t, oldRuby, bundled(), tt.environment)
		if p.err != nil {
			t.Errorf("%s: %v", name, p.err)
		}
		want := "bundler-1.2.1 " + tt.gems
		if got := strings.ReplaceAll(strings.Join(p.installed, " "), ".gem", ""); got != want {
			t.Errorf("%s: installed %s, want %s", name, got, want)
		}
		wantConfig := "---\nBUNDLE_PATH: rubygems\nBUNDLE_DISABLE_SHARED_GEMS: \"1\"\n" + tt.without
		if got := p.read("app/.bundle/config"); got != wantConfig {
			t.Errorf("%s: .bundle/config is %q, want %q", name, got, wantConfig)
		}
	}
}

func TestAutoconfigNeedsThePlatformsGems(t *testing.T) {
	t.Parallel()
	const off = "Auto-reconfiguration disabled because the platform has no "
	for name, tt := range map[string]struct {
		files     map[string]string
		resources []string
		on        bool
		told      string
	}{
		"both are there":      {bundled(), []string{"cf-autoconfig-0.0.4.gem", "cf-runtime-0.0.2.gem"}, true, ""},
		"none is there":       {bundled(), nil, false, off + "cf-autoconfig-0.0.4.gem.\n"},
		"one is there":        {bundled(), []string{"cf-autoconfig-0.0.4.gem"}, false, off + "cf-runtime-0.0.2.gem.\n"},
		"the app declines":    {bundled("config/cloudfoundry.yml", "autoconfig: false"), nil, false, ""},
		"the app does itself": {bundled("Gemfile", "gem 'cf-runtime'", "Gemfile.lock", "GEM\n  specs:\n    cf-runtime (0.0.1)\n"), nil, false, ""},
	} {
		p := prepare(t, oldRuby, tt.files, nil, tt.resources...)
		if p.err != nil || p.autoconfig != tt.on || tt.told != "" && !strings.HasSuffix(p.log, tt.told) || tt.told == "" && strings.Contains(p.log, off) {
			t.Errorf("%s: autoconfig = %v, %v, log\n%s", name, p.autoconfig, p.err, p.log)
		}
		if got := strings.HasSuffix(p.read("app/Gemfile"), "\n\ngem \"cf-autoconfig\"\n"); got != tt.on {
			t.Errorf("%s: the Gemfile is\n%s", name, p.read("app/Gemfile"))
		}
	}
}

func TestScriptsOfTodayDoWithoutThePeriodsTricks(t *testing.T) {
	t.Parallel()
	p := prepare(t, "3.1.2", bundled(), nil)
	if p.err != nil {
		t.Fatal(p.err)
	}
	env := p.app.Env(Web, false, map[string]string{"RACK_ENV": "x"})
	for name, want := range map[string]string{
		"RUBYLIB": "$PWD/ruby${RUBYLIB:+:$RUBYLIB}", "RUBYOPT": "-rstdsync", "RACK_ENV": "x",
		"GEM_HOME": "$PWD/app/rubygems/ruby/1.9.1", // the recorder's Ruby calls itself so
	} {
		if env[name] != want {
			t.Errorf("%s = %q, want %q", name, env[name], want)
		}
	}
	if got := p.app.Env(Standalone, true, nil)["RUBYOPT"]; got != "-rcfautoconfig -rstdsync" {
		t.Errorf("RUBYOPT with auto-reconfiguration = %q", got)
	}
	if got := p.read("app/.bundle/config"); got != "---\nBUNDLE_PATH: \"rubygems\"\nBUNDLE_WITHOUT: \"test\"\n" {
		t.Errorf(".bundle/config is %q", got)
	}
	if got, want := p.app.Ruby("x "+p.app.Args()), `%VCAP_LOCAL_RUNTIME% ./rubygems/ruby/1.9.1/bin/bundle exec %VCAP_LOCAL_RUNTIME% x "$@"`; got != want {
		t.Errorf("the command is %s, want %s", got, want)
	}
	if hook := p.app.Hook(); !strings.Contains(hook, "mkdir -p ruby") || !strings.Contains(hook, `" > ./ruby/stdsync.rb`) {
		t.Errorf("the hook is %s", hook)
	}
}

func TestEachFormOfRUBYOPTIsThatOf2012(t *testing.T) {
	t.Parallel()
	const auto = "-I$PWD/app/rubygems/ruby/1.8/gems/cf-autoconfig-0.0.4/lib "
	open := func(version string, files map[string]string) *App { return prepare(t, version, files, nil).app }
	old, older, bare := open(oldRuby, bundled()), open("1.8.7p357", bundled()), open(oldRuby, nil)
	for _, tt := range []struct {
		app        *App
		form       RUBYOPT
		autoconfig bool
		want       string
	}{
		{bare, Web, false, "-rubygems -I$PWD/ruby -rstdsync"},
		{bare, Standalone, false, "-rubygems -I$PWD/ruby -rstdsync"},
		{bare, Rails, false, "-I$PWD/ruby -rstdsync"},
		{old, Web, false, "-I$PWD/ruby  -rstdsync"},
		{old, Web, true, "-I$PWD/ruby  -rstdsync"},
		{older, Web, true, "-I$PWD/ruby " + auto + "-rstdsync"},
		{older, Web, false, "-I$PWD/ruby  -rstdsync"},
		{old, Rails, false, "-I$PWD/ruby -rstdsync"},
		{old, Rails, true, "-I$PWD/ruby  -rcfautoconfig -rstdsync"},
		{older, Standalone, true, "-I$PWD/ruby " + auto + "-rcfautoconfig -rstdsync"},
		{old, Standalone, false, "-I$PWD/ruby -rstdsync"},
	} {
		if got := tt.app.Env(tt.form, tt.autoconfig, nil)["RUBYOPT"]; got != tt.want {
			t.Errorf("RUBYOPT of %v, bundled %v, form %d, autoconfig %v = %q, want %q", tt.app.library, tt.app.Bundled(), tt.form, tt.autoconfig, got, tt.want)
		}
	}
}

func TestPackagedGemsAreUsedWhereTheyAre(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"vendor/bundle/1.9.1", "vendor/bundle/ruby/1.9.1"} {
		p := prepare(t, oldRuby, bundled(dir+"/gems/rack-1.2.2/x.rb", "rack"), nil)
		if p.err != nil {
			t.Fatal(p.err)
		}
		if len(p.installed) != 1 || p.installed[0] != "bundler-1.2.1.gem" || strings.Contains(p.log, "Adding") {
			t.Errorf("%s: installed %v, log %q, want Bundler alone and silence", dir, p.installed, p.log)
		}
		if got := p.read("app/rubygems/ruby/1.9.1/gems/rack-1.2.2/x.rb"); got != "rack" {
			t.Errorf("%s: the gems are not found under the period's name", dir)
		}
		if got := p.app.Version("rack"); got != "1.2.2" {
			t.Errorf("%s: the version of rack is %q", dir, got)
		}
	}
	p := prepare(t, oldRuby, bundled("vendor/bundle/1.9.1/x", "", ".bundle/config", "mine"), nil)
	if got := p.read("app/.bundle/config"); p.err != nil || got != "mine" {
		t.Errorf(".bundle/config became %q, %v", got, p.err)
	}
}

func TestBundleThatCannotBeInstalledIsExplained(t *testing.T) {
	t.Parallel()
	const path = "PATH\n  remote: %s\n  specs:\n    mine (1.0)\n\nDEPENDENCIES\n  mine!\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no Gemfile":              {map[string]string{"Gemfile.lock": lock}, "a Gemfile.lock and no Gemfile"},
		"a merge":                 {bundled("Gemfile.lock", "GEM\n<<<<<<< mine\n"), `line 2: "<<<<<<< mine" is left of a merge`},
		"a gem is missing":        {bundled("Gemfile.lock", strings.Replace(lock, "    rack (1.2.2)\n", "", 1)), "does not have the gem rack, which sinatra needs"},
		"a gem leads elsewhere":   {bundled("Gemfile.lock", "GEM\n  specs:\n    ../../x (1.0)\n"), "line 3: "},
		"a path outside":          {bundled("Gemfile", "gem 'mine'", "Gemfile.lock", strings.Replace(path, "%s", "../mine", 1)), "the gem mine lies in ../mine, outside of the app"},
		"git without a revision":  {bundled("Gemfile", "gem 'x'", "Gemfile.lock", "GIT\n  remote: git://x\n  specs:\n    x (1)\n"), "does not name the revision of the gem x in git://x"},
		"a source of some plugin": {bundled("Gemfile", "gem 'x'", "Gemfile.lock", "PLUGIN SOURCE\n  remote: s3://x\n  specs:\n    x (1)\n"), "the gem x comes from a source of the kind"},
	} {
		p := prepare(t, oldRuby, tt.files, nil)
		if staging, ok := errors.AsType[*plugin.StagingError](p.err); !ok || !strings.Contains(staging.Message, tt.want) {
			t.Errorf("%s: %v, want %q", name, p.err, tt.want)
		}
	}
	for name, files := range map[string]map[string]string{
		"a path inside":   bundled("Gemfile", "gem 'mine'", "Gemfile.lock", strings.Replace(path, "%s", "lib/mine", 1), "lib/mine/mine.gemspec", ""),
		"a vendored path": bundled("Gemfile", "gem 'mine'", "Gemfile.lock", strings.Replace(path, "%s", "../mine", 1), "vendor/cache/mine-1.0.gem", ""),
	} {
		p := prepare(t, oldRuby, files, nil)
		if installed := strings.Contains(p.log, "Adding mine-1.0.gem"); p.err != nil || installed != (name == "a vendored path") {
			t.Errorf("%s: %v, log\n%s", name, p.err, p.log)
		}
	}
}
