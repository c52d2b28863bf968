package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/plugintest"
)

// TestStageCommandDoesWhatThePluginsOf2012Did runs every golden case that needs no gems as people would: a file and `minicf stage`.
func TestStageCommandDoesWhatThePluginsOf2012Did(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../stager/plugin/*/testdata/*.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("found only %d cases: %v", len(files), err)
	}
	ran := 0
	for _, file := range files {
		c := plugintest.ReadCase(t, file)
		if _, bundled := c.App["Gemfile.lock"]; bundled || c.Framework == "buildpack" || c.Framework == "perl" {
			continue // these need gems, a buildpack, or the plugin of the how-to
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			stageCase(t, c)
		})
	}
	if ran < 32 {
		t.Errorf("ran %d cases, want all 32 and more", ran)
	}
}

// stageCase stages a case's app by the command, and compares what it printed, wrote and logged.
func stageCase(t *testing.T, c plugintest.Case) {
	dir := t.TempDir()
	source, dest, config := filepath.Join(dir, "source"), filepath.Join(dir, "dest"), filepath.Join(dir, "stage.yml")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	c.WriteApp(t, source)
	platform := resourcesOf2012(t, dir)
	writeJSON(t, config, map[string]any{"source_dir": source, "dest_dir": dest, "environment": c.Properties})

	code, said := stageIn(t, dir, config)
	if c.Exit != 0 {
		if _, err := os.Lstat(dest); code == exitOK || !strings.Contains(said, c.Message()) || err == nil {
			t.Errorf("exit %d: %s\nwant %q, and nothing left of dest_dir", code, said, c.Message())
		}
		return
	}
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, said)
	}
	c.CheckFiles(t, dest, plugin.Tools{Text: plugin.T1, Platform: platform})
	checkStagingLog(t, c, dest)
}

// stageIn runs the command with dir as its data dir and the platform of dir, and returns the exit code and what was said.
func stageIn(t *testing.T, dir, config string) (code int, said string) {
	var out bytes.Buffer
	env := map[string]string{"MINICF_HOME": filepath.Join(dir, "data"), "PLATFORM_CONFIG": filepath.Join(dir, "platform.yml")}
	getenv := func(name string) string { return env[name] }
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	term := &terminal{in: strings.NewReader(""), out: &out, err: &out, getenv: getenv, lookup: lookup, environ: os.Environ, dir: dir}
	return run(t.Context(), term, []string{"stage", "-c", config}), out.String()
}

// resourcesOf2012 writes a platform.yml that names stand-ins for the files of auto-reconfiguration.
func resourcesOf2012(t *testing.T, dir string) plugin.Platform {
	t.Helper()
	resources := filepath.Join(dir, "resources")
	for _, name := range []string{"cf-autoconfig/lib/index.js", "auto-reconfiguration-0.6.5.jar"} {
		file := filepath.Join(resources, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("instead of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	writeJSON(t, filepath.Join(dir, "platform.yml"), map[string]any{"autoconfig_resources": resources})
	return plugin.Platform{AutoconfigResources: resources}
}

// checkStagingLog compares the log; its first line names a time, and the version of Ruby's logger.
func checkStagingLog(t *testing.T, c plugintest.Case, dest string) {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(dest, filepath.FromSlash(droplet.StagingLog)))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	want := "^$"
	if c.StagingLog != nil {
		want = regexp.QuoteMeta(*c.StagingLog)
		want = strings.NewReplacer("<TIME>", `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4}`, "<VERSION>", `\d+`).Replace("^" + want + "$")
	}
	if !regexp.MustCompile(want).Match(log) {
		t.Errorf("the log is %q, want %q", log, want)
	}
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
