package standalone

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} })
}

func stage(t *testing.T, source string, runtime string, meta map[string]any) (startup, dest string, err error) {
	t.Helper()
	dest = t.TempDir()
	err = plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "standalone"}, RuntimeInfo: protocol.RuntimeInfo{Name: runtime}, Meta: meta,
	}, plugin.Tools{})
	text, _ := os.ReadFile(filepath.Join(dest, "startup")) // empty when staging failed
	return string(text), dest, err
}

func TestStartCommandIsNeeded(t *testing.T) {
	t.Parallel()
	for want, metas := range map[string][]map[string]any{
		"needs a start command": {nil, {}, {"command": nil}, {"command": ""}, {"command": " \n"}},
		"has to be text":        {{"command": 5.0}, {"command": []any{"a"}}, {"command": true}},
		"NUL":                   {{"command": "a\x00b"}},
	} {
		for _, meta := range metas {
			startup, dest, err := stage(t, t.TempDir(), "node", meta)
			staging, ok := errors.AsType[*plugin.StagingError](err)
			if !ok || !strings.Contains(staging.Message, want) || startup != "" {
				t.Errorf("meta %v: %v, startup %q, want %q", meta, err, startup, want)
			}
			if _, err := os.Stat(filepath.Join(dest, "stop")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("meta %v: there is a stop script", meta)
			}
		}
	}
}

func TestEnvironmentDependsOnTheFamilyOfTheRuntime(t *testing.T) {
	t.Parallel()
	for runtime, want := range map[string]string{
		"java7":        `export JAVA_OPTS="$JAVA_OPTS -Xms512m -Xmx512m -Djava.io.tmpdir=$PWD/tmp"`,
		"python2":      `export PYTHONUNBUFFERED="true"`,
		"python3":      `export PATH="$PWD/python/bin:$PATH"`,
		"ruby193":      `export RUBYOPT="-rubygems -I$PWD/ruby -rstdsync"`,
		"php":          `export TMPDIR="$PWD/tmp"`,
		"erlangR14B01": `export TMPDIR="$PWD/tmp"`,
	} {
		startup, _, err := stage(t, t.TempDir(), runtime, map[string]any{"command": "./run"})
		if first := strings.Split(startup, "\n"); err != nil || len(first) < 2 || first[1] != want {
			t.Errorf("%s: the script is\n%s%v, want %s first", runtime, startup, err, want)
		}
	}
}

func TestEverythingBecomesExecutableExceptWhatLinksLeadTo(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	if err := os.MkdirAll(filepath.Join(source, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "a/b/\xff.sh"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../a", filepath.Join(source, "a/up")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("none", filepath.Join(source, "dangling")); err != nil {
		t.Fatal(err)
	}
	_, dest, err := stage(t, source, "node", map[string]any{"command": "./run"})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range plugintest.Look(t, filepath.Join(dest, "app")) {
		if f.Link == "" && f.Mode != "0744" {
			t.Errorf("%q has the mode %s, want 0744", name, f.Mode)
		}
	}
}
