// Package plugintest holds a staging plugin against what the originals of 2012 did.
//
// [Run] takes a plugin and stages every app in the folder testdata of the calling test. A case is a JSON file: the
// properties of the staging request, the app's files, and the exact scripts, modes, files and log that came out. A plugin for
// something that 2012 did not have gets cases that are written by hand; docs/howto/framework.md has one.
package plugintest

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/stager/plugin"
)

// logged is the time that the log's first line names in every test.
func logged() time.Time { return time.Date(2013, 2, 14, 11, 25, 29, 0, time.FixedZone("", -8*60*60)) }

// Option gives the plugin more than a log and an era: the platform's resources, a recorder in the place of the gem tools.
// It is called anew for each staging, and cleans up by t.
type Option func(t testing.TB, tools *plugin.Tools)

// Run holds the plugins that newPlugin returns against every case in testdata, in both eras, and checks what every plugin
// owes: scripts that bash can read, the same result from the same app, no tool (and so no network) unless an option provides
// for one, and an end when its context ends, also in the middle of a tool's run.
func Run(t *testing.T, newPlugin func() plugin.Plugin, options ...Option) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, file := range files {
		c := ReadCase(t, file)
		if name := newPlugin().Name(); name != c.Framework {
			t.Fatalf("%s is a case of %s, but the plugin is %s", file, c.Framework, name)
		}
		for _, text := range []plugin.Text{plugin.T1, plugin.T2} {
			t.Run(filepath.Base(file)+"/"+string(text), func(t *testing.T) {
				t.Parallel()
				runCase(t, newPlugin, c, text, options)
			})
		}
	}
	for _, file := range files {
		t.Run("stops when asked/"+filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			stops(t, newPlugin, ReadCase(t, file))
			stopsInTool(t, newPlugin, ReadCase(t, file), options)
		})
	}
}

func runCase(t *testing.T, newPlugin func() plugin.Plugin, c Case, text plugin.Text, options []Option) {
	if text == plugin.T2 {
		c = bundledInT2(c)
	}
	source := t.TempDir()
	c.WriteApp(t, source)
	tools := newTools(t, text, options)
	first, err := c.stage(t, newPlugin(), source, tools)
	c.check(t, first, err, tools)
	checkScripts(t, first)
	second, _ := c.stage(t, newPlugin(), source, newTools(t, text, options))
	if a, b := Look(t, first), Look(t, second); !maps.Equal(a, b) {
		t.Errorf("staging the app again gave\n%v, the first time\n%v", b, a)
	}
	if a := Look(t, source); !maps.Equal(a, c.appFiles()) {
		t.Errorf("the source was changed to\n%v, want\n%v", a, c.appFiles())
	}
}

// newTools is what the plugin may use in one staging.
func newTools(t *testing.T, text plugin.Text, options []Option) plugin.Tools {
	tools := plugin.Tools{Text: text, Now: logged, Random: zeros{}}
	tools.Run = func(_ context.Context, c plugin.Command) ([]byte, error) {
		t.Errorf("the plugin runs %q, for which the test does not provide", c.Argv)
		return nil, plugin.ErrNoTools
	}
	for _, o := range options {
		o(t, &tools)
	}
	return tools
}

// Resources is a platform with the files of 2012 that have these names (autoconfig_resources). There are stand-ins in their
// place, whose checksums count instead of those that a case knows.
func Resources(names ...string) Option {
	return func(t testing.TB, tools *plugin.Tools) {
		tools.Platform.AutoconfigResources = t.TempDir()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(tools.Platform.AutoconfigResources, name), []byte("instead of "+name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// stage stages the case's app into a new directory.
func (c Case) stage(t *testing.T, p plugin.Plugin, source string, tools plugin.Tools) (dest string, err error) {
	dest = t.TempDir()
	return dest, plugin.Stage(t.Context(), plugin.Set{p}, source, dest, c.Properties, tools)
}

// zeros are as good a secret as any for a test, and always the same.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// check compares the outcome with the golden one.
func (c Case) check(t *testing.T, dest string, err error, tools plugin.Tools) {
	switch message := c.Message(); {
	case c.Exit == 0 && err != nil:
		t.Fatalf("staging failed: %v", err)
	case c.Exit != 0 && (err == nil || err.Error() != message):
		t.Errorf("staging failed with %v, want %q", err, message)
	}
	c.CheckFiles(t, dest, tools)
	c.compare(t, dest, droplet.StagingLog, c.log(tools.Text))
}

// CheckFiles compares all that was staged to dest with the golden files, but for what staging.log says.
func (c Case) CheckFiles(t *testing.T, dest string, tools plugin.Tools) {
	t.Helper()
	got := listed(Look(t, dest))
	if want := c.want(tools); !maps.Equal(got, want) {
		t.Errorf("staged\n%v, want\n%v", got, want)
	}
	c.compare(t, dest, droplet.StartupFile, inEra(c.Startup, tools.Text))
	c.compare(t, dest, droplet.StopFile, c.Stop)
	for name, content := range c.Content {
		c.compare(t, dest, name, content)
	}
}

// compare shows a text that differs; want is empty where there is no such file.
func (c Case) compare(t *testing.T, dest, name, want string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dest, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if string(got) != want && (path.Ext(name) != ".xml" || !sameXML(string(got), want)) {
		t.Errorf("%s is\n%s, want\n%s", name, got, want)
	}
}

func checkScripts(t *testing.T, dest string) {
	testkit.RequireTool(t, "bash")
	for _, name := range []string{droplet.StartupFile, droplet.StopFile} {
		script := filepath.Join(dest, name)
		if _, err := os.Stat(script); err != nil {
			continue // the case is one of a failure, and check has looked at the files
		}
		if out, err := exec.CommandContext(t.Context(), "bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("bash cannot read %s: %v: %s", name, err, out)
		}
	}
}

// stops wants the cause of a context that has ended.
func stops(t *testing.T, newPlugin func() plugin.Plugin, c Case) {
	source, dest := t.TempDir(), t.TempDir()
	c.WriteApp(t, source)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	cancel(reason)
	err := plugin.Stage(ctx, plugin.Set{newPlugin()}, source, dest, c.Properties, plugin.Tools{})
	if !errors.Is(err, reason) {
		t.Errorf("staging with a context that has ended = %v, want its cause", err)
	}
}

// stopsInTool ends the context while a tool runs, if the case needs any. The runner then kills the tool and all that it
// started; it must have been given that context, and its error must not be taken for the app's fault.
func stopsInTool(t *testing.T, newPlugin func() plugin.Plugin, c Case, options []Option) {
	source, dest := t.TempDir(), t.TempDir()
	c.WriteApp(t, source)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	reason := errors.New("enough")
	tools := newTools(t, plugin.T1, options)
	ran := false
	tools.Run = func(ctx context.Context, _ plugin.Command) ([]byte, error) {
		ran = true
		cancel(reason)
		return nil, context.Cause(ctx)
	}
	err := plugin.Stage(ctx, plugin.Set{newPlugin()}, source, dest, c.Properties, tools)
	if ran && !errors.Is(err, reason) {
		t.Errorf("staging whose context ended while a tool ran = %v, want its cause", err)
	}
}
