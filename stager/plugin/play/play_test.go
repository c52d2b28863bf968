package play

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

const jar = "auto-reconfiguration-0.6.5.jar"

func TestStagesAsIn2012(t *testing.T) {
	plugintest.Run(t, func() plugin.Plugin { return Plugin{} }, plugintest.Resources(jar))
}

const start = "exec java $* -cp lib/* play.core.server.NettyServer\n"

// stage stages an app with these files, and returns the droplet's directory.
func stage(t *testing.T, version string, files map[string]string, tools plugin.Tools) (string, error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dest, plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
		FrameworkInfo: protocol.FrameworkInfo{Name: "play"}, RuntimeInfo: protocol.RuntimeInfo{Name: "java", Version: protocol.Text(version)},
		Services: []map[string]any{{"label": "mysql-5.1"}},
	}, tools)
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

func TestAppIsTheFirstDirectory(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, "1.6", map[string]string{".git/x": "", "shop-1.0/start": start, "shop-1.0/lib/a.jar": "", "zoo/start": "other"}, plugin.Tools{})
	if err != nil || read(t, dest, "app/start") != start {
		t.Errorf("%v: start is %q", err, read(t, dest, "app/start"))
	}
	if info, err := os.Stat(filepath.Join(dest, "app/start")); err != nil || info.Mode().Perm() != 0o744 {
		t.Errorf("start has the mode %v, %v", info.Mode(), err)
	}
}

func TestAppWithoutAStartScriptIsRefused(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{
		{}, {"start": start}, {".hidden/start": start}, {"shop/lib/a.jar": ""}, {"README": "", "shop/start": start}, {"shop/start/x": ""},
	} {
		_, err := stage(t, "1.6", files, plugin.Tools{})
		if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.Contains(staging.Message, "start") {
			t.Errorf("%v: %v", files, err)
		}
	}
}

func TestWithoutThePlatformsJarsThePlayServerStays(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, "1.6", map[string]string{"shop/start": start}, plugin.Tools{})
	log := read(t, dest, "logs/staging.log")
	if err != nil || read(t, dest, "app/start") != start || !strings.Contains(log, "Auto-reconfiguration disabled") || !strings.Contains(log, "no JDBC driver") {
		t.Errorf("%v: start is %q, the log is\n%s", err, read(t, dest, "app/start"), log)
	}
}

func TestDriverIsCopiedUnlessTheAppHasOne(t *testing.T) {
	t.Parallel()
	const driver = "mysql-connector-java-5.1.12-bin.jar"
	for _, own := range []bool{false, true} {
		var tools plugin.Tools
		plugintest.Resources(jar, driver)(t, &tools)
		files := map[string]string{"shop/start": start}
		if own {
			files["shop/lib/mysql-connector-java-5.1.20.jar"] = "own"
		}
		dest, err := stage(t, "1.6", files, tools)
		if err != nil || own == (read(t, dest, "app/lib/"+driver) != "") {
			t.Errorf("an own driver: %t; the platform's: %q, %v", own, read(t, dest, "app/lib/"+driver), err)
		}
	}
}

func TestTemporaryFilesOfTodayGoWhereTheDirectoryIs(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, "17.0.15", map[string]string{"shop/start": start}, plugin.Tools{})
	want := "./start -Xmx352m -XX:+ExitOnOutOfMemoryError -Dhttp.port=$VCAP_APP_PORT -Djava.io.tmpdir=../tmp $JAVA_OPTS > "
	if err != nil || !strings.Contains(read(t, dest, "startup"), want) {
		t.Errorf("%v: the script is\n%s, want %s", err, read(t, dest, "startup"), want)
	}
}
