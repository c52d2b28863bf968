package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDataDirIsWhereTheNearestWordSays(t *testing.T) {
	t.Parallel()
	project, byFile, plain := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, project+"/Procfile", "")
	write(t, byFile+"/minicf.yml", "")
	for name, tt := range map[string]struct {
		flag, env, cwd string
		want, why      string
	}{
		"the flag":               {"/flag", "MINICF_HOME=/home", project, "/flag", "--data-dir"},
		"a relative flag":        {"x", "", plain, plain + "/x", "--data-dir"},
		"the variable":           {"", "MINICF_HOME=/home", project, "/home", "MINICF_HOME"},
		"a relative variable":    {"", "MINICF_HOME=x", plain, plain + "/x", "MINICF_HOME"},
		"a folder with Procfile": {"", "XDG_STATE_HOME=/state", project, project + "/.minicf", "project"},
		"a folder with a file":   {"", "HOME=/u", byFile, byFile + "/.minicf", "project"},
		"the state directory":    {"", "XDG_STATE_HOME=/state", plain, "/state/minicf", "XDG_STATE_HOME"},
		"a relative state":       {"", "XDG_STATE_HOME=state", plain, plain + "/.minicf", "HOME is not set"},
		"the home directory":     {"", "HOME=/u", plain, "/u/.local/state/minicf", "state directory"},
		"nothing at all":         {"", "", plain, plain + "/.minicf", "HOME is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, why := DataDir(tt.flag, env(tt.env), tt.cwd)
			if dir != tt.want || !strings.Contains(why, tt.why) {
				t.Errorf("data dir = %s because of %q, want %s because of %q", dir, why, tt.want, tt.why)
			}
			if !filepath.IsAbs(dir) {
				t.Errorf("data dir %s is relative", dir)
			}
		})
	}
}

func TestRelativePathsAreUnderTheDataDir(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"": "", "dea/dea.pid": "/d/dea/dea.pid", "/tmp/x": "/tmp/x", "../x": "/x"} {
		if got := Resolve("/d", path); got != want {
			t.Errorf("%q resolves to %q, want %q", path, got, want)
		}
	}
}
