package java

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

type fakePlugin func(ctx context.Context, w *plugin.Workspace) error

func (fakePlugin) Name() string { return "fake" }

func (f fakePlugin) Stage(ctx context.Context, w *plugin.Workspace) error { return f(ctx, w) }

// inWorkspace calls f with a workspace, and returns the files that are in the droplet then and its log.
func inWorkspace(t *testing.T, props protocol.StagingProperties, tools plugin.Tools, f fakePlugin) (files []string, log string) {
	t.Helper()
	dest := t.TempDir()
	props.FrameworkInfo.Name = "fake"
	if err := plugin.Stage(t.Context(), plugin.Set{f}, t.TempDir(), dest, props, tools); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dest, func(name string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dest, name); err == nil && !d.IsDir() && rel != "logs/staging.log" {
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(dest, "logs/staging.log")) // missing when nothing was said
	return files, string(text)
}

func java(version string) protocol.RuntimeInfo {
	return protocol.RuntimeInfo{Name: "java", Version: protocol.Text(version)}
}

func TestMemoryOfToday(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]string{
		64: "-Xmx32m", 128: "-Xmx64m", 256: "-Xmx128m", 0: "-Xmx352m", 512: "-Xmx352m", 1024: "-Xmx800m", 4096: "-Xmx3488m",
	} {
		props := protocol.StagingProperties{RuntimeInfo: java("17.0.2"), Resources: protocol.Resources{Memory: protocol.Int(limit)}}
		inWorkspace(t, props, plugin.Tools{}, func(_ context.Context, w *plugin.Workspace) error {
			if got := MemoryOptions(w); got != want+" -XX:+ExitOnOutOfMemoryError" {
				t.Errorf("%d MB: %s, want %s", limit, got, want)
			}
			return nil
		})
	}
}

// jars makes a directory with these files.
func jars(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDriversOfBoundDatabases(t *testing.T) {
	t.Parallel()
	const mysql, postgresql = "mysql-connector-java-5.1.12-bin.jar", "postgresql-9.0-801.jdbc4.jar"
	for name, tt := range map[string]struct {
		labels  []string
		version string
		text    plugin.Text
		has     string // file in the droplet
		want    string // files that came to lib/
	}{
		"none bound":                             {nil, "1.6", plugin.T1, "", ""},
		"the two of T1":                          {[]string{"mysql-5.1", "postgresql-9.0"}, "1.6", plugin.T1, "", mysql + " " + postgresql},
		"one bound twice":                        {[]string{"mysql-5.1", "mysql-5.1"}, "1.6", plugin.T1, "", mysql},
		"another version in T1":                  {[]string{"mysql-5.5", "postgresql-9.1"}, "1.6", plugin.T1, "", ""},
		"another version in T2":                  {[]string{"mysql-5.5", "postgresql-9.1"}, "1.6", plugin.T2, "", mysql + " " + postgresql},
		"no version in T2":                       {[]string{"mysql", "mysqlx-1", ""}, "1.6", plugin.T2, "", mysql},
		"something else":                         {[]string{"redis-2.2"}, "1.6", plugin.T2, "", ""},
		"one that is there":                      {[]string{"mysql-5.1"}, "1.6", plugin.T1, "lib/my-mysql-connector-java-5.0.jar", ""},
		"the app's own, which did not count":     {[]string{"mysql-5.1"}, "1.6", plugin.T1, "applib/mysql-connector-java-5.0.jar", mysql},
		"the app's own, today":                   {[]string{"mysql-8.0"}, "17", plugin.T1, "applib/mysql-connector-j-8.0.jar", ""},
		"the machine's, today":                   {[]string{"postgresql-15"}, "17", plugin.T1, "", "postgresql.jar"},
		"the platform's, when there is no other": {[]string{"mysql-5.1"}, "17", plugin.T1, "", mysql},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			props := protocol.StagingProperties{RuntimeInfo: java(tt.version)}
			for _, label := range tt.labels {
				props.Services = append(props.Services, map[string]any{"label": label})
			}
			tools := plugin.Tools{
				Text: tt.text, Jars: jars(t, "postgresql.jar", "other.jar"),
				Platform: plugin.Platform{AutoconfigResources: jars(t, mysql, postgresql)},
			}
			files, log := inWorkspace(t, props, tools, func(ctx context.Context, w *plugin.Workspace) error {
				if tt.has != "" {
					if err := w.Write(tt.has, nil, 0o644); err != nil {
						return err
					}
				}
				return CopyDrivers(ctx, w, "lib", "applib")
			})
			var got []string
			for _, f := range files {
				if path.Dir(f) == "lib" && f != tt.has {
					got = append(got, path.Base(f))
				}
			}
			if strings.Join(got, " ") != tt.want || log != "" {
				t.Errorf("came %v, want %s; the log is %q", got, tt.want, log)
			}
		})
	}
}

func TestDatabaseWithoutADriverIsToldInTheLog(t *testing.T) {
	t.Parallel()
	for _, tools := range []plugin.Tools{{}, {Jars: t.TempDir(), Platform: plugin.Platform{AutoconfigResources: filepath.Join(t.TempDir(), "gone")}}} {
		props := protocol.StagingProperties{RuntimeInfo: java("17"), Services: []map[string]any{{"label": "mysql-8.0"}, {}}}
		files, log := inWorkspace(t, props, tools, func(ctx context.Context, w *plugin.Workspace) error {
			return CopyDrivers(ctx, w, "lib", "applib")
		})
		if len(files) > 0 || !strings.Contains(log, "no JDBC driver for the service mysql-8.0") || strings.Count(log, "\n") != 2 {
			t.Errorf("files %v, log\n%s", files, log)
		}
	}
}

func TestAutoconfigReplacesTheAppsJarOrIsOff(t *testing.T) {
	t.Parallel()
	with := plugin.Tools{Platform: plugin.Platform{AutoconfigResources: jars(t, autoconfigJar)}}
	for _, tools := range []plugin.Tools{with, {}} {
		on := tools.Platform.AutoconfigResources != ""
		files, log := inWorkspace(t, protocol.StagingProperties{}, tools, func(ctx context.Context, w *plugin.Workspace) error {
			if err := w.Write("lib/"+autoconfigJar, []byte("old"), 0o600); err != nil {
				return err
			}
			is, err := CopyAutoconfig(ctx, w, "lib")
			if is != on {
				t.Errorf("on is %t, want %t", is, on)
			}
			if text, _ := w.Read("lib/" + autoconfigJar); on != (string(text) == autoconfigJar) {
				t.Errorf("on is %t, and the jar holds %q", on, text)
			}
			return err
		})
		if !slices.Contains(files, "lib/"+autoconfigJar) || on != (log == "") || !on && !strings.Contains(log, "Auto-reconfiguration disabled") {
			t.Errorf("on is %t: files %v, log\n%s", on, files, log)
		}
	}
}
