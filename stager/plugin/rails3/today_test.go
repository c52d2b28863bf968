package rails3

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

// staged is what became of an app.
type staged struct {
	err  error
	dest string
}

// read is a file of the droplet; "" when there is none.
func (s staged) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(s.dest, name))
	return string(text)
}

// stage stages an app of these files on a Ruby of today; options give it more than no tools.
func stage(t *testing.T, files map[string]string, environment []string, options ...plugintest.Option) staged {
	t.Helper()
	return stageAs(t, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "rails3"}, Environment: environment,
		RuntimeInfo: protocol.RuntimeInfo{Name: "ruby", Version: "3.1.2", Executable: "ruby"},
	}, files, options...)
}

func stageAs(t *testing.T, props protocol.StagingProperties, files map[string]string, options ...plugintest.Option) staged {
	t.Helper()
	source := t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tools := plugin.Tools{Text: plugin.T2}
	for _, o := range options {
		o(t, &tools)
	}
	s := staged{dest: t.TempDir()}
	s.err = plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, s.dest, props, tools)
	return s
}

// of is a bundle of Rails and what else there is, as "thin (1.8.1)".
func of(rails string, more ...string) map[string]string {
	lock, gemfile := "GEM\n  specs:\n    rails ("+rails+")\n", "gem 'rails'\n"
	for _, gem := range more {
		name, _, _ := strings.Cut(gem, " ")
		lock += "    " + gem + "\n"
		gemfile += "gem '" + name + "'\n"
	}
	return map[string]string{"Gemfile": gemfile, "Gemfile.lock": lock}
}

func TestServerIsToldItsPortAndAddressInTheWordsOfItsRails(t *testing.T) {
	t.Parallel()
	const end = `"$@" -b "${VCAP_APP_HOST:-0.0.0.0}" > `
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no bundle":       {map[string]string{"config.ru": ""}, "\n%VCAP_LOCAL_RUNTIME% -S rails server " + end},
		"no server in it": {of("6.1.7"), "/bin/rails server " + end},
		"Thin, Rails 5":   {of("5.2.8", "thin (1.8.1)"), "/bin/rails server thin " + end},
		"Thin, Rails 6":   {of("6.0.0", "thin (1.8.1)"), "/bin/rails server -u thin " + end},
		"Thin, Rails 10":  {of("10.0.0", "thin (1.8.1)"), "/bin/rails server -u thin " + end},
		"Puma is found":   {of("7.2.0", "puma (6.0.0)"), "/bin/rails server " + end},
	} {
		s := stage(t, tt.files, nil, plugintest.Gems)
		if got := s.read("startup"); s.err != nil || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %v, startup is\n%s, want %q in it", name, s.err, got, tt.want)
		}
	}
}

func TestSecretIsMadeForAppsThatBringNone(t *testing.T) {
	t.Parallel()
	const asks = "production:\n  secret_key_base: <%= ENV[\"SECRET_KEY_BASE\"] %>\n"
	for name, tt := range map[string]struct {
		files       map[string]string
		environment []string
		made        bool
	}{
		"nothing":                     {nil, nil, true},
		"secrets that ask for it":     {map[string]string{"config/secrets.yml": asks}, nil, true},
		"secrets that have it":        {map[string]string{"config/secrets.yml": "production:\n  secret_key_base: abc\n"}, nil, false},
		"credentials and the key":     {map[string]string{"config/credentials.yml.enc": "x", "config/master.key": "y"}, nil, false},
		"credentials and the setting": {map[string]string{"config/credentials.yml.enc": "x"}, []string{"RAILS_MASTER_KEY=y"}, false},
		"credentials that are shut":   {map[string]string{"config/credentials.yml.enc": "x"}, []string{"RAILS_MASTER_KEY="}, true},
		"those of production":         {map[string]string{"config/credentials/production.yml.enc": "x", "config/credentials/production.key": "y"}, nil, false},
		"a key to nothing":            {map[string]string{"config/master.key": "y"}, nil, true},
	} {
		files := map[string]string{"config.ru": ""}
		for file, text := range tt.files {
			files[file] = text
		}
		s := stage(t, files, tt.environment)
		_, value, _ := strings.Cut(s.read("startup"), `export SECRET_KEY_BASE="${SECRET_KEY_BASE:-`)
		value, _, made := strings.Cut(value, `}"`)
		if s.err != nil || made != tt.made || made && len(value) != 128 {
			t.Errorf("%s: %v, a secret of %d characters, want one: %t", name, s.err, len(value), tt.made)
		}
	}
}

func TestTwoStagingsMakeTwoSecrets(t *testing.T) {
	t.Parallel()
	app := map[string]string{"config.ru": ""}
	if a, b := stage(t, app, nil).read("startup"), stage(t, app, nil).read("startup"); a == b {
		t.Errorf("both are\n%s", a)
	}
}

func TestAppIsOneThatTheProgramRailsKnows(t *testing.T) {
	t.Parallel()
	s := stage(t, map[string]string{"config.ru": "", "tmp/pids/server.pid": "1", "tmp/restart.txt": "kept"}, nil)
	if got := s.read("app/bin/rails"); s.err != nil || got != ownProgram {
		t.Errorf("%v, bin/rails is %q", s.err, got)
	}
	if s.read("app/tmp/pids/server.pid") != "" || s.read("app/tmp/restart.txt") != "kept" {
		t.Error("of app/tmp the pid files go, and only they")
	}
	if got := stage(t, map[string]string{"bin/rails": "own"}, nil).read("app/bin/rails"); got != "own" {
		t.Errorf("the app's own bin/rails became %q", got)
	}
	if got := stage(t, map[string]string{"script/rails": "own"}, nil).read("app/bin/rails"); got != "" {
		t.Errorf("bin/rails beside script/rails: %q", got)
	}
}

// withRuby is a machine whose Ruby prints that, or fails.
func withRuby(output string, err error) plugintest.Option {
	return func(_ testing.TB, tools *plugin.Tools) {
		tools.Find = func(...string) (string, bool) { return "/usr/bin/ruby", true }
		tools.Run = func(context.Context, plugin.Command) ([]byte, error) { return []byte(output), err }
	}
}

func TestAppWithoutABundleNeedsTheMachinesRails(t *testing.T) {
	t.Parallel()
	app := map[string]string{"config.ru": ""}
	if s := stage(t, app, nil, withRuby("6.1.7\n", nil)); s.err != nil {
		t.Error(s.err)
	}
	if s := stage(t, app, nil, withRuby("", plugin.ErrNoTools)); s.err != nil {
		t.Error(s.err)
	}
	s := stage(t, app, nil, withRuby("", nil))
	failure, ok := errors.AsType[*plugin.StagingError](s.err)
	if !ok || !strings.HasPrefix(failure.Message, "Rails is neither in a Gemfile.lock") || !strings.Contains(failure.Tip, "doctor --install rails") {
		t.Errorf("without Rails: %v", s.err)
	}
}

func TestAssetsAreCompiledWhenThereAreAny(t *testing.T) {
	t.Parallel()
	const live = "config.assets.compile = true"
	broken := withRuby("6.1.7\n", nil)
	failing := func(tb testing.TB, tools *plugin.Tools) {
		broken(tb, tools)
		tools.Run = func(_ context.Context, c plugin.Command) ([]byte, error) {
			if strings.Contains(strings.Join(c.Argv, " "), "assets:precompile") {
				return []byte("Sass is broken\n"), errors.New("exit status 1")
			}
			return []byte("6.1.7\n"), nil
		}
	}
	app := map[string]string{"config.ru": "", "app/assets/a.css": ""}
	s := stage(t, app, nil, broken)
	if log := s.read("logs/staging.log"); s.err != nil || !strings.HasSuffix(log, "Running rake assets:precompile\n"+told) {
		t.Errorf("%v, the log is\n%s", s.err, log)
	}
	s = stage(t, app, nil, failing)
	if log := s.read("logs/staging.log"); s.err != nil || !strings.Contains(log, "Assets precompilation failed: Sass is broken\nTurning on live assets compilation\n") {
		t.Errorf("%v, the log is\n%s", s.err, log)
	}
	if got := s.read("app/config/initializers/serve_static_assets.rb"); !strings.Contains(got, live) || !strings.Contains(got, "public_file_server") {
		t.Errorf("the initializer is\n%s", got)
	}
	app["public/assets/.sprockets-manifest-1.json"] = "{}"
	s = stage(t, app, nil, failing)
	if log := s.read("logs/staging.log"); s.err != nil || !strings.Contains(log, "Skipping assets compilation, detected assets manifest\n") {
		t.Errorf("%v, the log is\n%s", s.err, log)
	}
	if got := s.read("app/config/initializers/serve_static_assets.rb"); strings.Contains(got, live) {
		t.Errorf("the initializer is\n%s", got)
	}
}

// told is what the log says of auto-reconfiguration.
const told = "Auto-reconfiguration disabled because app does not use Bundler.\nPlease provide a Gemfile.lock to use auto-reconfiguration.\n"
