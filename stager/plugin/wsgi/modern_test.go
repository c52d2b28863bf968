package wsgi

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// recorder is asked for packages.
type recorder struct{ asked int }

func (r *recorder) Install(context.Context, *plugin.Workspace) error {
	r.asked++
	return nil
}

// stage stages an app for Python 3.11 that has a file.
func stage(t *testing.T, file string, tools plugin.Tools) (startup string, err error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(source, file), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err = plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, protocol.StagingProperties{
		FrameworkInfo: framework.Info("wsgi"), RuntimeInfo: protocol.RuntimeInfo{Name: "python3", Version: "3.11.2"},
	}, tools)
	text, _ := os.ReadFile(filepath.Join(dest, "startup")) // empty when staging failed
	return string(text), err
}

func TestModernScriptStartsGunicornWithWhatWasInstalled(t *testing.T) {
	t.Parallel()
	for file, installed := range map[string]int{"wsgi.py": 0, "requirements.txt": 1} {
		r := &recorder{}
		startup, err := stage(t, file, plugin.Tools{Wheels: r})
		if err != nil || r.asked != installed {
			t.Errorf("%s: %v, packages were installed %d times, want %d", file, err, r.asked, installed)
		}
		if want := "cd app\n%VCAP_LOCAL_RUNTIME% -m gunicorn -c ../gunicorn.config wsgi:application > "; !strings.Contains(startup, want) || strings.Contains(startup, "pip") {
			t.Errorf("%s: startup is\n%s, want %q", file, startup, want)
		}
	}
}

func TestAppWithPackagesNeedsSomebodyToInstallThem(t *testing.T) {
	t.Parallel()
	startup, err := stage(t, "requirements.txt", plugin.Tools{})
	if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.Contains(staging.Message, "no packages can be installed here") || startup != "" {
		t.Errorf("%v, startup\n%s", err, startup)
	}
}
