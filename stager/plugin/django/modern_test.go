package django

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

// stage stages a project for Python 3.11.
func stage(t *testing.T, files map[string]string, tools plugin.Tools) (dest string, err error) {
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
		FrameworkInfo: framework.Info("django"), RuntimeInfo: protocol.RuntimeInfo{Name: "python3", Version: "3.11.2", Executable: "python3"},
	}
	return dest, plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, tools)
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// manage is a manage.py of Django's own for these settings.
func manage(settings string) string {
	return "#!/usr/bin/env python\nimport os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"" + settings + "\")\n"
}

func TestModernScriptMigratesAndStartsGunicorn(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, map[string]string{"manage.py": manage("shop.settings"), "shop/settings.py": "", "shop/wsgi.py": ""}, plugin.Tools{})
	if err != nil {
		t.Fatal(err)
	}
	want := `#!/bin/bash
export PATH="$PWD/python/bin:$PATH"
export PYTHONUNBUFFERED="true"
export PYTHONUSERBASE="$PWD/python"
export TMPDIR="$PWD/tmp"
cd app
%VCAP_LOCAL_RUNTIME% manage.py migrate --noinput >> ../logs/startup.log 2>&1
%VCAP_LOCAL_RUNTIME% -m gunicorn -c ../gunicorn.config shop.wsgi:application > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`
	if got := read(t, dest, "startup"); got != want {
		t.Errorf("startup is\n%s, want\n%s", got, want)
	}
	if got := read(t, dest, "gunicorn.config"); !strings.Contains(got, "VCAP_APP_HOST") || strings.Contains(got, "0.0.0.0") {
		t.Errorf("gunicorn.config is\n%s, want it to listen where the DEA says", got)
	}
}

func TestGunicornServesWhatTheProjectHas(t *testing.T) {
	t.Parallel()
	const without = "--env DJANGO_SETTINGS_MODULE=%s 'django.core.wsgi:get_wsgi_application()'"
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"settings at the top, as in 2012":   {map[string]string{"manage.py": "", "settings.py": ""}, strings.Replace(without, "%s", "settings", 1)},
		"and a wsgi.py":                     {map[string]string{"manage.py": "", "settings.py": "", "wsgi.py": ""}, "wsgi:application"},
		"named by manage.py, no wsgi.py":    {map[string]string{"manage.py": manage("a.b.prod")}, strings.Replace(without, "%s", "a.b.prod", 1)},
		"named by manage.py, single quotes": {map[string]string{"manage.py": "os.environ['DJANGO_SETTINGS_MODULE'] = 'a.s'", "a/wsgi.py": ""}, "a.wsgi:application"},
		"the only settings.py":              {map[string]string{"manage.py": "", "shop/settings.py": "", "shop/wsgi.py": ""}, "shop.wsgi:application"},
	} {
		dest, err := stage(t, tt.files, plugin.Tools{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := read(t, dest, "startup"); !strings.Contains(got, " -m gunicorn -c ../gunicorn.config "+tt.want+" > ") {
			t.Errorf("%s: startup is\n%s, want gunicorn to serve %s", name, got, tt.want)
		}
	}
}

func TestProjectWithoutOneModuleOfSettingsIsRefused(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]map[string]string{
		"there are 0 files */settings.py": {"manage.py": ""},
		"there are 2 files */settings.py": {"manage.py": "", "a/settings.py": "", "b/settings.py": ""},
		"cannot be called":                {"manage.py": "", "a;id/settings.py": ""},
	} {
		_, err := stage(t, files, plugin.Tools{})
		if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.Contains(staging.Message, want) || staging.Tip == "" {
			t.Errorf("%v: %v, want %q and a hint", files, err, want)
		}
	}
}

func TestProjectNeedsADjangoAndAGunicorn(t *testing.T) {
	t.Parallel()
	var asked []string
	tools := plugin.Tools{
		Find: func(...string) (string, bool) { return "/usr/bin/python3", true },
		Run: func(_ context.Context, c plugin.Command) ([]byte, error) {
			asked = c.Argv[3:]
			return []byte("django gunicorn\n"), nil
		},
	}
	_, err := stage(t, map[string]string{"manage.py": "", "settings.py": ""}, tools)
	want := "django and gunicorn is neither in requirements.txt nor on this machine"
	if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || staging.Message != want || strings.Join(asked, " ") != "django gunicorn" {
		t.Errorf("%v, asked for %q, want %q", err, asked, want)
	}
}
