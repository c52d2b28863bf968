package standalone

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

// installers record what is to be installed.
type installers struct{ asked []string }

func (i *installers) Install(_ context.Context, w *plugin.Workspace, lock string) error {
	i.asked = append(i.asked, "modules of "+lock)
	return w.Mkdir("app/node_modules/outer")
}

func (i *installers) InstallTree(context.Context, *plugin.Workspace, []plugin.Module) error {
	return errors.New("this is for a Node.js of 2012")
}

type wheels struct{ *installers }

func (i wheels) Install(context.Context, *plugin.Workspace) error {
	i.asked = append(i.asked, "packages")
	return nil
}

const (
	wantsOuter = `{"dependencies": {"outer": "1.0.0"}}`
	locksOuter = `{"lockfileVersion": 3, "packages": {"": {}, "node_modules/outer": {"version": "1.0.0"}, "node_modules/dev": {"dev": true}}}`
)

func TestDependenciesAreInstalledForRuntimesOfToday(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		runtime, version string
		files            map[string]string
		asked, line      string // line of the script
	}{
		"node with a lock":          {"node", "20.1.0", map[string]string{"package.json": wantsOuter, "package-lock.json": locksOuter}, "modules of package-lock.json", `export PORT="$VCAP_APP_PORT"`},
		"node with two locks":       {"node", "20.1.0", map[string]string{"package.json": wantsOuter, "package-lock.json": locksOuter, "npm-shrinkwrap.json": locksOuter}, "modules of npm-shrinkwrap.json", ""},
		"node without a lock":       {"node", "20.1.0", map[string]string{"package.json": wantsOuter}, "modules of ", ""},
		"node with its modules":     {"node", "20.1.0", map[string]string{"package.json": wantsOuter, "package-lock.json": locksOuter, "node_modules/outer/index.js": ""}, "", `export PATH="$PWD/app/node_modules/.bin:$PATH"`},
		"node without package.json": {"node", "20.1.0", nil, "", `export NODE_ENV="${NODE_ENV:-production}"`},
		"node of 2012":              {"node08", "0.8.2", map[string]string{"package.json": wantsOuter, "package-lock.json": locksOuter}, "", `export TMPDIR="$PWD/tmp"`},
		"python":                    {"python3", "3.11.2", map[string]string{"requirements.txt": "flask\n"}, "packages", `export PYTHONUSERBASE="$PWD/python"`},
		"python without":            {"python3", "3.11.2", nil, "", `export PYTHONUNBUFFERED="true"`},
		"python of 2012":            {"python2", "2.6.5", map[string]string{"requirements.txt": "flask\n"}, "", `export PYTHONUNBUFFERED="true"`},
		"java":                      {"java", "17.0.2", map[string]string{"package.json": wantsOuter}, "", `export JAVA_OPTS="$JAVA_OPTS -Xmx352m -XX:+ExitOnOutOfMemoryError -Djava.io.tmpdir=../tmp"`},
		"php":                       {"php", "8.2.0", map[string]string{"package.json": wantsOuter}, "", `export TMPDIR="$PWD/tmp"`},
		"erlang":                    {"erlang", "25", nil, "", `export TMPDIR="$PWD/tmp"`},
		"a name that nobody knows":  {"perl", "5.36", nil, "", `export TMPDIR="$PWD/tmp"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, dest, i := t.TempDir(), t.TempDir(), &installers{}
			for name, text := range tt.files {
				path := filepath.Join(source, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
				FrameworkInfo: protocol.FrameworkInfo{Name: "standalone"}, Meta: map[string]any{"command": "./run"},
				RuntimeInfo: protocol.RuntimeInfo{Name: tt.runtime, Version: protocol.Text(tt.version)},
			}, plugin.Tools{Modules: i, Wheels: wheels{i}})
			if err != nil || strings.Join(i.asked, ", ") != tt.asked {
				t.Errorf("installed %q, %v, want %q", i.asked, err, tt.asked)
			}
			script, err := os.ReadFile(filepath.Join(dest, "startup"))
			if err != nil || !strings.Contains(string(script), tt.line+"\n") || !strings.Contains(string(script), "\ncd app\n./run > ") {
				t.Errorf("startup is\n%s%v, want %s", script, err, tt.line)
			}
		})
	}
}

func TestDirectoriesCanBeEnteredTodayAndNotIn2012(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]os.FileMode{"0.8.2": 0o744, "20.1.0": 0o755} {
		source, dest := t.TempDir(), t.TempDir()
		if err := os.Mkdir(filepath.Join(source, "lib"), 0o700); err != nil {
			t.Fatal(err)
		}
		err := plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
			FrameworkInfo: protocol.FrameworkInfo{Name: "standalone"}, Meta: map[string]any{"command": "./run"},
			RuntimeInfo: protocol.RuntimeInfo{Name: "node", Version: protocol.Text(version)},
		}, plugin.Tools{})
		info, statErr := os.Stat(filepath.Join(dest, "app/lib"))
		if err != nil || statErr != nil || info.Mode().Perm() != want {
			t.Errorf("Node.js %s: %v, %v, want mode %o", version, info, errors.Join(err, statErr), want)
		}
	}
}
