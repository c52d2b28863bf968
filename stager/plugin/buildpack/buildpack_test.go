package buildpack_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/buildpack"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func testPack(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("testdata/pack")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStagesAsTheLastPluginsDid(t *testing.T) {
	testkit.RequireTool(t, "bash")
	plugintest.Run(t, func() plugin.Plugin { return buildpack.Plugin{} }, func(t testing.TB, tools *plugin.Tools) {
		tools.Run, tools.Show, tools.Buildpacks = stager.RunTool, func(string) {}, []string{testPack(t)}
	})
}

// staging is one run of the plugin.
type staging struct {
	app   map[string]string
	props protocol.StagingProperties
	tools plugin.Tools
	shown []string
	dest  string
}

// newStaging is of an app for testdata/pack.
func newStaging(t *testing.T) *staging {
	testkit.RequireTool(t, "bash")
	s := &staging{app: map[string]string{"app.js": "1\n"}}
	s.props.FrameworkInfo.Name = "buildpack"
	s.tools = plugin.Tools{Run: stager.RunTool, Find: runtimes.Find, Show: func(line string) { s.shown = append(s.shown, line) }, Buildpacks: []string{testPack(t)}}
	s.tools.Platform.Cache = t.TempDir()
	return s
}

func (s *staging) run(t *testing.T) error {
	t.Helper()
	source := t.TempDir()
	s.dest, s.shown = t.TempDir(), nil
	for name, text := range s.app {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return plugin.Stage(t.Context(), plugin.Set{buildpack.Plugin{}}, source, s.dest, s.props, s.tools)
}

func (s *staging) startup(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dest, "startup"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// newPack writes a buildpack of these programs.
func newPack(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "my-pack")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/bash\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOutputOfTheBuildpackIsShownAsItComes(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.props.Environment = []string{"GREETING=you", "PATH=/nowhere"}
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	want := "Installing pack.|-----> Resolving engine versions|       for you"
	if got := strings.Join(s.shown, "|"); got != want {
		t.Errorf("shown was %q, want %q", got, want)
	}
}

func TestBuildpackOfTheRequestIsNotAsked(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.props.Buildpack = newPack(t, map[string]string{"detect": "exit 1", "compile": "true", "release": "echo 'default_process_types: {web: ./go}'"})
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	if text := s.startup(t); !strings.Contains(text, "\n(./go) > ") {
		t.Errorf("startup is\n%s", text)
	}
}

func TestBuildpacksOf2016SupplyAndFinalize(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.props.Buildpack = newPack(t, map[string]string{
		"detect": "true", "release": "echo 'default_process_types: {web: ./go}'",
		"supply":   `echo lib > "$3/$4/lib"`,
		"finalize": `cp "$3/$4/lib" "$1/seen"; echo 'export X=1' > "$5/x.sh"`,
		"compile":  "exit 1",
	})
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deps/0/lib", "app/seen", "app/.profile.d/x.sh"} {
		if _, err := os.Stat(filepath.Join(s.dest, name)); err != nil {
			t.Error(err)
		}
	}
	if text := s.startup(t); !strings.Contains(text, `export DEPS_DIR="$PWD/deps"`) {
		t.Errorf("startup is\n%s", text)
	}
}

func TestCacheIsTheAppsOwnAndLasts(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.props.Buildpack = newPack(t, map[string]string{
		"detect": "true", "release": "echo 'default_process_types: {web: ./go}'",
		"compile": `echo x >> "$2/runs"; wc -l < "$2/runs"`,
	})
	for _, run := range []struct{ app, want string }{{"a", "1"}, {"a", "2"}, {"b", "1"}, {"", "1"}, {"", "1"}, {"../a", "1"}} {
		s.tools.AppID = run.app
		if err := s.run(t); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(s.shown[len(s.shown)-1]); got != run.want {
			t.Errorf("the cache of %q was used %s times, want %s", run.app, got, run.want)
		}
	}
}

func TestVariablesOfTheReleaseDoNotBreakTheScript(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.props.Buildpack = newPack(t, map[string]string{
		"detect": "true", "compile": "true",
		"release": "cat <<'YAML'\nconfig_vars:\n  ODD: 'a\"b}c`id`$HOME'\n  HOME: /nowhere\ndefault_process_types: {web: ./go}\nYAML",
	})
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	line := ""
	for l := range strings.Lines(s.startup(t)) {
		if strings.HasPrefix(l, "export ODD=") {
			line = l
		}
	}
	out, err := exec.CommandContext(t.Context(), "bash", "-c", "HOME=/h\n"+line+"\nprintf %s \"$ODD\"").CombinedOutput()
	if want := "a\"b}c`id`/h"; err != nil || string(out) != want {
		t.Errorf("%s gives %q, %v, want %q", line, out, err, want)
	}
	if !strings.Contains(s.startup(t), `export HOME="$PWD/app"`) {
		t.Error("HOME is not the app")
	}
}

func TestRailsGetsItsDatabase(t *testing.T) {
	t.Parallel()
	mysql := map[string]any{"label": "mysql-5.1", "name": "db", "credentials": map[string]any{
		"hostname": "h", "port": 3306, "user": "u", "password": "$p", "name": "d",
	}}
	for name, tt := range map[string]struct {
		detect   string
		services []map[string]any
		url, err string
	}{
		"one":                {"Ruby/Rails", []map[string]any{mysql}, `export DATABASE_URL="mysql2://u:\$p@h:3306/d"`, ""},
		"none":               {"Ruby/Rails", nil, "", ""},
		"two":                {"Ruby/Rails", []map[string]any{mysql, mysql}, "", "Unable to determine primary database"},
		"two, not for Rails": {"Ruby/Rack", []map[string]any{mysql, mysql}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStaging(t)
			s.props.Services = tt.services
			s.tools.Buildpacks = []string{newPack(t, map[string]string{
				"detect": "echo " + tt.detect, "compile": "true", "release": "echo 'default_process_types: {web: ./go}'",
			})}
			err := s.run(t)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error is %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text := s.startup(t)
			if tt.url == "" && strings.Contains(text, "DATABASE_URL") || !strings.Contains(text, tt.url) {
				t.Errorf("startup is\n%s, want %s", text, tt.url)
			}
			if console := strings.Contains(text, "rails_console.rb"); console != (tt.detect == "Ruby/Rails") {
				t.Errorf("there is a console: %v", console)
			}
		})
	}
}

func TestBuildpackThatFailsSaysSo(t *testing.T) {
	t.Parallel()
	good := map[string]string{"detect": "true", "compile": "true", "release": "echo 'default_process_types: {web: ./go}'"}
	with := func(name, text string) map[string]string {
		programs := map[string]string{name: text}
		for n, p := range good {
			if n != name {
				programs[n] = p
			}
		}
		return programs
	}
	for name, tt := range map[string]struct {
		programs map[string]string
		want     string
	}{
		"compile":         {with("compile", "echo oh no; exit 3"), "Buildpack compilation step failed"},
		"release":         {with("release", "echo oh no; exit 3"), "Release info failed:\noh no"},
		"release, no map": {with("release", "echo just text"), "Release info failed:\njust text"},
		"release, a name": {with("release", "echo 'config_vars: {\"A B\": c}'; echo 'default_process_types: {web: x}'"), "Release info failed:\nconfig_vars: \"A B\""},
		"no command":      {with("release", "echo '--- {}'"), "Please specify a web start command in your manifest.yml or Procfile"},
		"no programs":     {map[string]string{"compile": "true"}, "my-pack is no buildpack: it has no executable bin/detect, bin/release"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStaging(t)
			s.props.Buildpack = newPack(t, tt.programs)
			err := s.run(t)
			if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.Contains(staging.Message, tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
	for address, want := range map[string]string{
		"/nowhere/pack": "cannot be used", "pack": "not an absolute path", "file:///nowhere/pack.git": "Failed to git clone buildpack",
		"-x://y": "is no address", "ext::sh -c id://": "Failed to git clone",
	} {
		s := newStaging(t)
		s.props.Buildpack = address
		if err := s.run(t); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}

// newRepository makes a repository of testdata/pack with two branches, of which the second prints what it is.
func newRepository(t *testing.T) (url string, commit func(line string)) {
	t.Helper()
	testkit.RequireTool(t, "git")
	dir := filepath.Join(t.TempDir(), "pack.git")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.test"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	if err := os.CopyFS(dir, os.DirFS(testPack(t))); err != nil {
		t.Fatal(err)
	}
	git("init", "-q", "-b", "main")
	commit = func(line string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "bin", "compile"), []byte("#!/bin/bash\necho "+line+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		git("add", ".")
		git("commit", "-q", "-m", line)
	}
	commit("first")
	git("branch", "old")
	commit("second")
	return "file://" + dir, commit
}

func TestBuildpackComesFromGitAndIsKept(t *testing.T) {
	t.Parallel()
	url, commit := newRepository(t)
	s := newStaging(t)
	last := func(address string) string {
		t.Helper()
		s.props.Buildpack = address
		if err := s.run(t); err != nil {
			t.Fatal(err)
		}
		return s.shown[len(s.shown)-1]
	}
	for address, want := range map[string]string{url: "second", url + "#old": "first"} {
		if got := last(address); got != want {
			t.Errorf("%s printed %q, want %q", address, got, want)
		}
	}
	if want := "Installing pack."; s.shown[0] != want {
		t.Errorf("began with %q, want %q", s.shown[0], want)
	}
	commit("third")
	if got := last(url); got != "third" {
		t.Errorf("a new commit: printed %q, want third", got)
	}
	if err := os.RemoveAll(strings.TrimPrefix(url, "file://")); err != nil {
		t.Fatal(err)
	}
	if got := last(url); got != "third" || !strings.HasPrefix(s.shown[0], "Using the copy of buildpack "+url+" that was fetched before: ") {
		t.Errorf("without the repository: shown was %q, want a warning and third", s.shown)
	}
	if _, err := os.Stat(filepath.Join(s.dest, "app", ".git")); err == nil {
		t.Error("git's files are in the app")
	}
}

func TestExampleBuildpackIsOne(t *testing.T) {
	t.Parallel()
	s := newStaging(t)
	s.app = map[string]string{"index.html": "hello"}
	example, err := filepath.Abs("../../../examples/buildpack")
	if err != nil {
		t.Fatal(err)
	}
	s.tools.Buildpacks = []string{testPack(t), example}
	if err := s.run(t); err != nil {
		t.Fatal(err)
	}
	want := "Installing buildpack.|-----> Static site: 1 files|       staged 1 times so far"
	if got := strings.Join(s.shown, "|"); got != want {
		t.Errorf("shown was %q, want %q", got, want)
	}
}
