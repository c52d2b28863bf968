package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// defaults stand in for the built-in stager.yml.
const defaults = `# comment
logging: {level: info}
nats_uri: nats://127.0.0.1:4222
max_staging_duration: 120
max_active_tasks: 10
max_queued_tasks: 1000
max_download: 512MiB
queues: [staging]
dirs: {tmp: stager/tmp}
unpack: {max_entries: 100000, max_size: 2GiB}
local_route: 127.0.0.1
`

// stagerLike has fields of every kind that components use, under keys of stager.yml.
type stagerLike struct {
	Logging            Logging
	NATSURI            string   `yaml:"nats_uri"`
	MaxStagingDuration Duration `yaml:"max_staging_duration"`
	MaxActiveTasks     int      `yaml:"max_active_tasks"`
	MaxQueuedTasks     int      `yaml:"max_queued_tasks"`
	MaxDownload        Size     `yaml:"max_download"`
	Queues             []string
	PidFilename        string `yaml:"pid_filename"`
	Secure             bool
	Dirs               struct{ Tmp string }
	Unpack             struct {
		MaxEntries int  `yaml:"max_entries"`
		MaxSize    Size `yaml:"max_size"`
	}
	Index         *int
	LocalRoute    string `yaml:"local_route"`
	Status        Status
	RubyPath      string         `yaml:"ruby_path"`
	RunPluginPath string         `yaml:"run_plugin_path"`
	Runtimes      NameMap        // not a stager's, as are those that follow
	MaxMemory     Memory         `yaml:"max_memory"`
	Ratio         float64        `yaml:"ratio"`
	Free          map[string]any `yaml:"free"`
	internal      string         //nolint:unused // shows that unexported fields are no keys
	Ignored       string         `yaml:"-"`
}

func (c stagerLike) Validate() error {
	if c.MaxActiveTasks < 1 {
		return Invalid("max_active_tasks", "want 1 or more, not %d", c.MaxActiveTasks)
	}
	return c.Status.Validate()
}

// inFile is Options for a file with the text.
func inFile(t *testing.T, text string) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stager.yml")
	write(t, path, text)
	return Options{Path: path}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// env is an environment for Options.Lookup.
func env(entries ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, e := range entries {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value, true
			}
		}
		return "", false
	}
}

func mustLoad(t *testing.T, o Options) (stagerLike, map[string]Value) {
	t.Helper()
	cfg, values, err := load[stagerLike]("stager", []byte(defaults), o)
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]Value{}
	for _, v := range values {
		byKey[v.Key] = v
	}
	return cfg, byKey
}

func TestBuiltInFileIsTheDefault(t *testing.T) {
	t.Parallel()
	cfg, values := mustLoad(t, Options{})
	if cfg.MaxStagingDuration.Std() != 2*time.Minute || cfg.MaxActiveTasks != 10 || cfg.Queues[0] != "staging" || cfg.Unpack.MaxSize != 2<<30 || cfg.Index != nil {
		t.Errorf("defaults = %+v, want those of stager.yml", cfg)
	}
	if got := values["dirs.tmp"]; got.Value != "stager/tmp" || got.Origin.Source != "default" {
		t.Errorf("dirs.tmp = %+v, want stager/tmp from default", got)
	}
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	t.Parallel()
	o := inFile(t, "max_active_tasks: 2\nmax_queued_tasks: 2\nmax_download: 2K\n")
	o.Lookup = env("MINICF_STAGER_MAX_QUEUED_TASKS=3", "MINICF_STAGER_MAX_DOWNLOAD=3K", "MINICF_STAGER_LOCAL_ROUTE=")
	o.Overrides = []Override{{Key: "max_download", Value: "4K", Flag: "--max-download"}}
	_, values := mustLoad(t, o)
	for key, want := range map[string][2]string{
		"max_active_tasks": {"2", "file " + o.Path + ":1"},
		"max_queued_tasks": {"3", "env MINICF_STAGER_MAX_QUEUED_TASKS"},
		"max_download":     {"4KiB", "flag --max-download"},
		"local_route":      {"127.0.0.1", "default"}, // an empty variable is not set
		"logging.level":    {"info", "default"},
		"index":            {"", "default"},
		"queues":           {"[staging]", "default"},
	} {
		if got := values[key]; got.Value != want[0] || got.Origin.String() != want[1] {
			t.Errorf("%s = %q from %q, want %q from %q", key, got.Value, got.Origin, want[0], want[1])
		}
	}
}

func TestRecordsMergeKeyByKeyAndListsAreReplaced(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, inFile(t, "logging: {file: x.log}\nqueues: [a, b]\ndirs:\n  # tmp: elsewhere\n"))
	if cfg.Logging != (Logging{Level: "info", File: "x.log"}) {
		t.Errorf("logging = %+v, want the default level and the file's file", cfg.Logging)
	}
	if strings.Join(cfg.Queues, " ") != "a b" {
		t.Errorf("queues = %q, want only those of the file", cfg.Queues)
	}
	if cfg.Dirs.Tmp != "stager/tmp" {
		t.Errorf("dirs.tmp = %q, want the default when dirs says nothing", cfg.Dirs.Tmp)
	}
}

func TestEnvironmentSetsEveryKindOfValue(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, Options{Lookup: env(
		"MINICF_STAGER_QUEUES=a, b", "MINICF_STAGER_LOGGING_LEVEL=debug", "MINICF_STAGER_SECURE=yes", "MINICF_STAGER_INDEX=3",
		"MINICF_STAGER_MAX_STAGING_DURATION=1.5", "MINICF_STAGER_RUNTIMES=ruby19=/usr/bin/ruby,node", "MINICF_STAGER_MAX_MEMORY=50%",
		"MINICF_STAGER_RATIO=0.5", "MINICF_STAGER_PID_FILENAME={a: [", "MINICF_STAGER_FREE={a: {b: 1}}")})
	switch {
	case strings.Join(cfg.Queues, "|") != "a|b":
		t.Errorf("queues = %q", cfg.Queues)
	case cfg.Logging.Level != "debug" || !cfg.Secure || *cfg.Index != 3 || cfg.Ratio != 0.5:
		t.Errorf("config = %+v", cfg)
	case cfg.MaxStagingDuration.Std() != 1500*time.Millisecond:
		t.Errorf("max_staging_duration = %s", cfg.MaxStagingDuration)
	case cfg.Runtimes.String() != "{ruby19: /usr/bin/ruby, node:}":
		t.Errorf("runtimes = %s", cfg.Runtimes)
	case cfg.MaxMemory != Percent(50):
		t.Errorf("max_memory = %s", cfg.MaxMemory)
	case cfg.PidFilename != "{a: [":
		t.Errorf("pid_filename = %q, want text taken as it is", cfg.PidFilename)
	case cfg.Free["a"].(map[string]any)["b"] == nil:
		t.Errorf("free = %v", cfg.Free)
	}
}

func TestListsAndMapsCanBeGivenToTheEnvironmentAsYAML(t *testing.T) {
	t.Parallel()
	cfg, _ := mustLoad(t, Options{Lookup: env(`MINICF_STAGER_QUEUES=["a,b", c]`, "MINICF_STAGER_RUNTIMES={ruby19: /usr/bin/ruby}")})
	if strings.Join(cfg.Queues, "|") != "a,b|c" || cfg.Runtimes.String() != "{ruby19: /usr/bin/ruby}" {
		t.Errorf("queues = %q, runtimes = %s", cfg.Queues, cfg.Runtimes)
	}
}

func TestFileIsFoundInAProjectAndWhereCloudFoundryLooked(t *testing.T) {
	t.Parallel()
	project, plain, old := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, project+"/Procfile", "")
	for dir, n := range map[string]string{project + "/config": "2", plain + "/config": "3", old: "4"} {
		write(t, dir+"/stager.yml", "max_active_tasks: "+n+"\n")
	}
	cloudFoundry := env("CLOUD_FOUNDRY_CONFIG_PATH=" + old)
	for name, tt := range map[string]struct {
		options Options
		want    int
		origin  string
	}{
		"a project's config folder":              {Options{Dir: project}, 2, "file config/stager.yml:1"},
		"a folder that is no project":            {Options{Dir: plain}, 10, "default"},
		"CLOUD_FOUNDRY_CONFIG_PATH goes first":   {Options{Dir: project, Lookup: cloudFoundry}, 4, "file " + old + "/stager.yml:1"},
		"a path goes before all":                 {Options{Dir: project, Lookup: cloudFoundry, Path: plain + "/config/stager.yml"}, 3, "file " + plain + "/config/stager.yml:1"},
		"a project without a file of that name":  {Options{Dir: old}, 10, "default"},
		"a variable that leads to a missing dir": {Options{Lookup: env("CLOUD_FOUNDRY_CONFIG_PATH=/nowhere")}, 10, "default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, values := mustLoad(t, tt.options)
			if got := values["max_active_tasks"].Origin.Source; cfg.MaxActiveTasks != tt.want || got != tt.origin {
				t.Errorf("max_active_tasks = %d from %q, want %d from %q", cfg.MaxActiveTasks, got, tt.want, tt.origin)
			}
		})
	}
}

func TestMissingFileIsAnErrorOnlyWhenItWasAskedFor(t *testing.T) {
	t.Parallel()
	_, _, err := load[stagerLike]("stager", nil, Options{Path: "/nope.yml"})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "/nope.yml") {
		t.Errorf("error = %v, want one that names /nope.yml", err)
	}
	if _, _, err = load[stagerLike]("stager", nil, Options{Path: t.TempDir()}); err == nil {
		t.Error("a directory was read as a file")
	}
}

func TestParseHasNoDefaults(t *testing.T) {
	t.Parallel()
	type task struct {
		Source string         `yaml:"source_dir"`
		Env    map[string]any `yaml:"environment"`
	}
	got, err := Parse[task]("stage.yml", []byte("source_dir: a\nenvironment: {runtime_info: {version: 1.9.3}}\n"))
	if err != nil || got.Source != "a" || got.Env["runtime_info"].(map[string]any)["version"] != "1.9.3" {
		t.Errorf("task = %+v, error = %v", got, err)
	}
	if _, err := Parse[task]("stage.yml", []byte("dest: a\n")); err == nil || !strings.HasPrefix(err.Error(), `stage.yml:1:1: unknown key "dest"`) {
		t.Errorf("error = %v, want the unknown key", err)
	}
	if _, err := Parse[stagerLike]("x.yml", nil); err == nil || !strings.Contains(err.Error(), "max_active_tasks: want 1 or more") {
		t.Errorf("error = %v, want what Validate says about an empty file", err)
	}
}
