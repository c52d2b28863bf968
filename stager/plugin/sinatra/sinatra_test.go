package sinatra

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, plugintest.Gems, plugintest.Resources("cf-autoconfig-0.0.4.gem", "cf-runtime-0.0.2.gem"))
}

// stage stages an app of one file and returns the line that starts it.
func stage(t *testing.T, name string, info protocol.FrameworkInfo) (string, error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	path := filepath.Join(source, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("require 'sinatra'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{FrameworkInfo: info}, plugin.Tools{})
	script, _ := os.ReadFile(filepath.Join(dest, "startup")) // empty when staging failed
	_, command, _ := strings.Cut(string(script), "cd app\n")
	command, _, _ = strings.Cut(command, " > ")
	return command, err
}

func TestMainFileStandsInTheScriptAsItIs(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app.rb", "my-app_2.0.rb", "été.rb", "a+b@c,d:e=f.rb"} {
		command, err := stage(t, name, framework.Info("sinatra"))
		if want := "%VCAP_LOCAL_RUNTIME% " + name + " $@"; err != nil || command != want {
			t.Errorf("%q is started by %q, %v, want %q", name, command, err, want)
		}
	}
}

func TestMainFileThatWouldChangeTheCommandIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"my app.rb", "a;id.rb", "$(id).rb", "`id`.rb", "'a'.rb", `"a".rb`, "a\nb.rb", "a\\b.rb", "-e.rb", "a*.rb", "a|b.rb", "#a.rb", "~a.rb",
		"a&b.rb", "a<b.rb", "(a).rb", "{a,b}.rb", "%VCAP_LOCAL_RUNTIME%.rb", "\xff.rb", "a\u00a0b.rb", "a!b.rb",
	} {
		command, err := stage(t, name, framework.Info("sinatra"))
		staging, ok := errors.AsType[*plugin.StagingError](err)
		if !ok || !strings.HasPrefix(staging.Message, "the app's main file cannot be called ") || command != "" {
			t.Errorf("%q is started by %q, %v, want an error that says why not", name, command, err)
		}
	}
}

func TestDetectionOfTheRequestDecides(t *testing.T) {
	t.Parallel()
	info := protocol.FrameworkInfo{Name: "sinatra", Detection: protocol.Detection{{Glob: "lib/**/*.rb", Pattern: "sinatra"}}}
	if command, err := stage(t, "lib/deep/web.rb", info); err != nil || command != "%VCAP_LOCAL_RUNTIME% lib/deep/web.rb $@" {
		t.Errorf("started by %q, %v", command, err)
	}
	info.Detection[0].Pattern = "(?<!x)sinatra"
	_, err := stage(t, "app.rb", info)
	if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.Contains(staging.Message, "(?<!x)sinatra") {
		t.Errorf("a pattern that is Ruby's alone: %v", err)
	}
	if _, err := stage(t, "app.rb", protocol.FrameworkInfo{Name: "sinatra"}); err == nil || err.Error() != "Unable to determine Sinatra startup command" {
		t.Errorf("no detection at all: %v", err)
	}
}
