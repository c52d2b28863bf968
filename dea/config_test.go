package dea

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
)

func loadConfig(tb testing.TB, file string) (Config, error) {
	tb.Helper()
	cfg, _, err := config.Load[Config]("dea", config.Options{Path: file, Lookup: func(string) (string, bool) { return "", false }})
	return cfg, err
}

func TestDefaultIsTheShippedFile(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(t, "")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := config.Map(cfg)
	if err != nil {
		t.Fatal(err)
	}
	own, err := config.Map(Default())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := compact(own), compact(shipped); got != want {
		t.Errorf("Default is\n%s\nthe file says\n%s", got, want)
	}
}

func TestConfigOfTheTutorialLoads(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(t, "testdata/dea-2012.yml")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.MaxMemory.MB() != 4096 || cfg.FilerPort != 12345 || cfg.DEARuby == "" || !cfg.MultiTenant || cfg.LocalRoute != "127.0.0.1" {
		t.Errorf("config = %+v", cfg)
	}
	if *cfg.Index != 0 || *cfg.Prod || cfg.Status != (config.Status{Port: 34501, User: "thin", Password: "hunter2"}) || !cfg.ForceHTTPSharing {
		t.Errorf("config = %+v", cfg)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(cfg.runtimeNames(), " "); got != "ruby19 ruby18 node java" {
		t.Errorf("runtimes are %s, want the file's order", got)
	}
	if table := cfg.table(); len(table) != 4 || table["ruby19"] != "" {
		t.Errorf("table = %v, want what the message names to serve them", table)
	}
}

func TestMappedRuntimeWithoutProgramHasTheUsualOne(t *testing.T) {
	t.Parallel()
	cfg := Config{Runtimes: config.NameMap{{Name: "ruby19", Value: "/opt/ruby"}, {Name: "erlang"}}}
	table := cfg.table()
	if table["ruby19"] != "/opt/ruby" || filepath.Base(table["erlang"]) != "erl" {
		t.Errorf("table = %v", table)
	}
	if len(Config{}.table()) != 0 || (Config{}).runtimeNames() == nil {
		t.Error("no runtimes at all must be an empty table and an empty list")
	}
}

func TestValidateNamesTheKey(t *testing.T) {
	t.Parallel()
	minus := -1
	for key, change := range map[string]func(*Config){
		"base_dir":                          func(c *Config) { c.BaseDir = "" },
		"pid":                               func(c *Config) { c.PID = "" },
		"max_memory":                        func(c *Config) { c.MaxMemory = config.Megabytes(0) },
		"intervals.heartbeat":               func(c *Config) { c.Intervals.Heartbeat = 0 },
		"intervals.advertise":               func(c *Config) { c.Intervals.Advertise = -1 },
		"droplet_fs_percent_used_threshold": func(c *Config) { c.DiskThreshold = 101 },
		"droplet_cache.max_size":            func(c *Config) { c.DropletCache.MaxSize = -1 },
		"unpack.max_entries":                func(c *Config) { c.Unpack.MaxEntries = 0 },
		"unpack.max_size":                   func(c *Config) { c.Unpack.MaxSize = 0 },
		"index":                             func(c *Config) { c.Index = &minus },
		"logging.level":                     func(c *Config) { c.Logging.Level = "loud" },
		"max_processes":                     func(c *Config) { c.MaxProcesses = -1 },
		"filer_port":                        func(c *Config) { c.FilerPort = 70000 },
		"status.port":                       func(c *Config) { c.Status.Port = -2 },
		"status.password":                   func(c *Config) { c.Status.User = "admin" },
	} {
		c := Default()
		change(&c)
		err := c.Validate()
		invalid, ok := errors.AsType[*config.InvalidError](err)
		if !ok || invalid.Key() != key {
			t.Errorf("%s: error = %v, want one about the key", key, err)
		}
	}
	c := Default()
	c.Status.Port = bus.NoStatusPort
	if err := c.Validate(); err != nil {
		t.Errorf("without a status port: %v", err)
	}
}

func TestResolveMovesRelativePathsOnly(t *testing.T) {
	t.Parallel()
	c := Default()
	c.PID = "/run/dea.pid"
	c = c.Resolve(func(p string) string { return filepath.Join("/data", p) })
	if c.BaseDir != "/data/dea" || c.PID != "/run/dea.pid" || c.Logging.File != "" {
		t.Errorf("resolved to %q, %q and %q", c.BaseDir, c.PID, c.Logging.File)
	}
}

func TestDiskUsageIsAPercentage(t *testing.T) {
	t.Parallel()
	percent, err := diskUsed(t.TempDir())
	if err != nil || percent < 0 || percent > 100 {
		t.Errorf("usage = %d, %v, want 0 to 100", percent, err)
	}
	if _, err := diskUsed("/nope/nope"); err == nil {
		t.Error("a directory that is not there has a usage")
	}
}

func TestMemoryIsSaidAsIn2012(t *testing.T) {
	t.Parallel()
	for mb, want := range map[int]string{512: "512M", 1024: "1024M", 1536: "1.5G", 4096: "4.0G"} {
		if got := memoryText(mb); got != want {
			t.Errorf("%d is said as %s, want %s", mb, got, want)
		}
	}
}
