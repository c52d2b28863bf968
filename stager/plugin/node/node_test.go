package node

import (
	"encoding/json"
	"errors"
	"fmt"
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
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, withResources)
}

// withResources is a platform that has the module of 2012, or what stands for it.
func withResources(t testing.TB, tools *plugin.Tools) {
	dir := t.TempDir()
	module := filepath.Join(dir, "cf-autoconfig", "lib")
	if err := os.MkdirAll(module, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(module, "index.js"), []byte("// stands for the module\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tools.Platform.AutoconfigResources = dir
}

// staged is what became of an app.
type staged struct {
	command, log string
	err          error
	dest         string
}

// stage stages an app of these files; the detection is that of the manifest.
func stage(t *testing.T, version string, files map[string]string, options ...plugintest.Option) staged {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	props := protocol.StagingProperties{
		FrameworkInfo: framework.Info("node"), RuntimeInfo: protocol.RuntimeInfo{Name: "node", Version: protocol.Text(version), Executable: "node"},
	}
	tools := plugin.Tools{Text: plugin.T2} // its log has no first line
	for _, o := range options {
		o(t, &tools)
	}
	err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, tools)
	script, _ := os.ReadFile(filepath.Join(dest, "startup")) // empty when staging failed
	_, command, _ := strings.Cut(string(script), "cd app\n")
	command, _, _ = strings.Cut(command, " > ")
	log, _ := os.ReadFile(filepath.Join(dest, "logs", "staging.log"))
	return staged{strings.TrimPrefix(command, "%VCAP_LOCAL_RUNTIME% $NODE_ARGS "), string(log), err, dest}
}

const (
	of2012  = "0.8.2"
	ofToday = "20.20.2"
)

func TestStartCommandIsThatOfPackageJSONWithoutNode(t *testing.T) {
	t.Parallel()
	for start, want := range map[string]string{
		"node bin/app.js":  "bin/app.js $@",
		"  node  app.js":   "app.js $@",
		"./bin/app.js":     "./bin/app.js $@",
		"coffee app.cs":    "coffee app.cs $@",
		"nodemon app.js":   "nodemon app.js $@",
		"node $MAIN 'a b'": "$MAIN 'a b' $@",
	} {
		got := stage(t, of2012, map[string]string{
			"package.json": fmt.Sprintf(`{"scripts": {"start": %q}}`, start), "a.js": "", "cloudfoundry.json": `{"cfAutoconfig": false}`,
		})
		if got.err != nil || got.command != want || got.log != "" {
			t.Errorf("%q starts %q, %v, log %q, want %q", start, got.command, got.err, got.log, want)
		}
	}
}

func TestWhatIsNoStartCommandIsPassedOver(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`[]`, `"x"`, `{}`, `{"scripts": []}`, `{"scripts": {"start": null}}`, `{"scripts": {"start": ["a"]}}`} {
		if got := stage(t, of2012, map[string]string{"package.json": text, "a.js": "1"}); got.err != nil || got.command != "a.js $@" {
			t.Errorf("%s starts %q, %v", text, got.command, got.err)
		}
	}
}

func TestMainFileOf2012IsTheLastOfFiveNamesAndTodayTheFirst(t *testing.T) {
	t.Parallel()
	files := map[string]string{"server.js": "1", "app.js": "1", "application.js": "1", "other.js": "1"}
	if got := stage(t, of2012, files); got.command != "application.js $@" {
		t.Errorf("in 2012: %q, %v", got.command, got.err)
	}
	if got := stage(t, ofToday, files); !strings.HasPrefix(got.command, "server.js ") {
		t.Errorf("today: %q, %v", got.command, got.err)
	}
}

func TestNamesThatWouldChangeTheCommandAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"my app.js", "$(id).js", "'a'.js", "a\nb.js", "-e.js", "a;b.js", "\xff.js", "a\"b.js"} {
		got := stage(t, of2012, map[string]string{name: "1"})
		staging, ok := errors.AsType[*plugin.StagingError](got.err)
		if !ok || !strings.HasPrefix(staging.Message, "the app's main file cannot be called ") || got.command != "" {
			t.Errorf("%q starts %q, %v", name, got.command, got.err)
		}
	}
	for _, start := range []string{"node a.js\nrm -rf x", "node a.js\rb", "node a.js 'b", "node a.js # b", "node a.js\x00b"} {
		text, err := json.Marshal(map[string]any{"scripts": map[string]string{"start": start}})
		if err != nil {
			t.Fatal(err)
		}
		got := stage(t, of2012, map[string]string{"package.json": string(text)})
		if _, ok := errors.AsType[*plugin.StagingError](got.err); !ok || got.command != "" {
			t.Errorf("%q starts %q, %v", start, got.command, got.err)
		}
	}
	for _, start := range []string{`node 'a\");evil(\".js'`, "node '$(id).js'", "--harmony app.js"} {
		got := stage(t, of2012, map[string]string{"package.json": `{"scripts": {"start": "` + start + `"}}`}, withResources)
		if _, ok := errors.AsType[*plugin.StagingError](got.err); !ok || got.command != "" {
			t.Errorf("with auto-reconfiguration %q starts %q, %v", start, got.command, got.err)
		}
	}
}

func TestAutoReconfigurationReplacesTheMainFileAlone(t *testing.T) {
	t.Parallel()
	got := stage(t, of2012, map[string]string{
		"package.json": `{"scripts": {"start": "node ./node_modules/coffee-script/bin/coffee ./bin/app.coffee 'a $b'"}}`,
	}, withResources)
	if want := `autoconfig.js ./bin/app.coffee a\ \$b $@`; got.err != nil || got.command != want {
		t.Errorf("started by %q, %v, want %q", got.command, got.err, want)
	}
	main, err := os.ReadFile(filepath.Join(got.dest, "app", "autoconfig.js"))
	if err != nil || !strings.HasPrefix(string(main), `process.argv[1] = require("path").resolve("./node_modules/coffee-script/bin/coffee");`) {
		t.Errorf("autoconfig.js is\n%s%v", main, err)
	}
}

func TestAutoReconfigurationIsOffWithOneLineWhereThePlatformHasNone(t *testing.T) {
	t.Parallel()
	const line = "Auto-reconfiguration disabled because the platform has no cf-autoconfig.\n"
	for name, tt := range map[string]struct {
		files map[string]string
		log   string
	}{
		"it would be on":        {map[string]string{"app.js": "1"}, line},
		"the app declines":      {map[string]string{"app.js": "1", "cloudfoundry.json": `{"cfAutoconfig": false}`}, ""},
		"the app does it alone": {map[string]string{"app.js": "1", "node_modules/a/node_modules/cf-runtime/package.json": "{}"}, ""},
		"null is no false":      {map[string]string{"app.js": "1", "cloudfoundry.json": `{"cfAutoconfig": null}`}, line},
		"no object":             {map[string]string{"app.js": "1", "cloudfoundry.json": `[1]`}, line},
	} {
		got := stage(t, of2012, tt.files)
		if got.err != nil || got.log != tt.log || got.command != "app.js $@" {
			t.Errorf("%s: started by %q, log %q, %v, want the log %q", name, got.command, got.log, got.err, tt.log)
		}
	}
}
