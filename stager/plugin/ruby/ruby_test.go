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
)

// probe is a framework that only asks for the Ruby environment.
type probe struct{ setup Setup }

func (*probe) Name() string { return "probe" }

func (p *probe) Stage(_ context.Context, w *plugin.Workspace) (err error) {
	p.setup, err = Prepare(w)
	return err
}

func prepare(t *testing.T, files map[string]string) (setup Setup, log string, err error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	for name, content := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var p probe
	props := protocol.StagingProperties{FrameworkInfo: protocol.FrameworkInfo{Name: "probe"}}
	err = plugin.Stage(t.Context(), plugin.Set{&p}, source, dest, props, plugin.Tools{Text: plugin.T2})
	text, _ := os.ReadFile(filepath.Join(dest, "logs/staging.log")) // absent when nothing was logged
	return p.setup, string(text), err
}

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
		setup, log, err := prepare(t, map[string]string{"config/cloudfoundry.yml": yaml})
		if err != nil || log != want {
			t.Errorf("%q: log %q, %v, want %q", yaml, log, err, want)
		}
		if setup.Env["RUBYOPT"] != "-rubygems -I$PWD/ruby -rstdsync" {
			t.Errorf("%q: the environment is %v", yaml, setup.Env)
		}
	}
}

func TestBrokenCloudfoundryYAMLIsNamed(t *testing.T) {
	t.Parallel()
	for _, yaml := range []string{"autoconfig: [", "- a\n"} {
		_, _, err := prepare(t, map[string]string{"config/cloudfoundry.yml": yaml})
		staging, ok := errors.AsType[*plugin.StagingError](err)
		if !ok || !strings.HasPrefix(staging.Message, "read config/cloudfoundry.yml: ") {
			t.Errorf("%q: %v, want an error that names the file", yaml, err)
		}
	}
	_, _, err := prepare(t, map[string]string{"config/cloudfoundry.yml/x": ""})
	if err == nil || err.Error() != "read config/cloudfoundry.yml: it is no file" {
		t.Errorf("a directory: %v", err)
	}
}

func TestBundledAppsAreRefusedForNow(t *testing.T) {
	t.Parallel()
	_, log, err := prepare(t, map[string]string{"Gemfile": "", "Gemfile.lock": ""})
	staging, ok := errors.AsType[*plugin.StagingError](err)
	if !ok || !strings.HasPrefix(staging.Message, "bundled apps (with a Gemfile.lock) are not staged yet: remove Gemfile.lock or ") || log != "" {
		t.Errorf("a bundled app: %v, log %q", err, log)
	}
	if _, _, err := prepare(t, map[string]string{"Gemfile": ""}); err != nil {
		t.Errorf("an app with a Gemfile alone: %v", err)
	}
}
