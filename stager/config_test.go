package stager

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
)

func TestShippedFileIsTheDefault(t *testing.T) {
	t.Parallel()
	shipped, _, err := config.Load[Config]("stager", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(shipped, Default()) {
		t.Errorf("stager.yml is %+v, Default() is %+v", shipped, Default())
	}
}

func TestFileOf2012Loads(t *testing.T) {
	t.Parallel()
	cfg, _, err := config.Load[Config]("stager", config.Options{Path: "testdata/stager-2012.yml"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Logging = config.Logging{Level: "debug", File: "/var/vcap/sys/log/stager/stager.log", Syslog: "vcap.stager"}
	want.NATSURI = "nats://nats:nats@10.0.0.1:4222"
	want.MaxStagingDuration = config.Duration(10 * time.Minute)
	want.PidFilename = "/var/vcap/sys/run/stager/stager.pid"
	want.Dirs.Tmp = "/var/vcap/data/stager/tmp"
	want.RubyPath = "/var/vcap/packages/ruby/bin/ruby"
	want.Secure = true
	index := 1
	want.Index = &index
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("loaded %+v, want %+v", cfg, want)
	}
}

func TestBadValueIsNamed(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(*Config){
		"max_staging_duration":   func(c *Config) { c.MaxStagingDuration = 0 },
		"max_active_tasks":       func(c *Config) { c.MaxActiveTasks = 0 },
		"max_queued_tasks":       func(c *Config) { c.MaxQueuedTasks = -1 },
		"max_download":           func(c *Config) { c.MaxDownload = 0 },
		"unpack.max_entries":     func(c *Config) { c.Unpack.MaxEntries = 0 },
		"unpack.max_size":        func(c *Config) { c.Unpack.MaxSize = 0 },
		"queues: want at least":  func(c *Config) { c.Queues = nil },
		`queues: "a b"`:          func(c *Config) { c.Queues = []string{"staging", "a b"} },
		`queues: "staging.*"`:    func(c *Config) { c.Queues = []string{"staging.*"} },
		"queues: staging stands": func(c *Config) { c.Queues = []string{"staging", "staging"} },
		"logging.level":          func(c *Config) { c.Logging.Level = "loud" },
		"status.port":            func(c *Config) { c.Status.Port = 70000 },
		"staging.text":           func(c *Config) { c.Staging.Text = "T9" },
	} {
		cfg := Default()
		spoil(&cfg)
		_, err := New(bustest.New(t), nil, cfg, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one about %s", err, want)
		}
	}
}

func TestRelativePathsAreResolved(t *testing.T) {
	t.Parallel()
	cfg := Default()
	cfg.Logging.File = "/var/log/stager.log"
	got := cfg.Resolve(func(p string) string { return filepath.Join("/data", p) })
	if got.PidFilename != "/data/stager/stager.pid" || got.Dirs.Tmp != "/data/stager/tmp" || got.Logging.File != "/var/log/stager.log" {
		t.Errorf("pid %s, tmp %s, log %s", got.PidFilename, got.Dirs.Tmp, got.Logging.File)
	}
	if cfg.PidFilename != "stager/stager.pid" {
		t.Error("Resolve changed the original")
	}
}

func TestLimitIsPrintedAsIn2012(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]string{
		120 * time.Second:      "Staging timed out after 120 seconds.",
		250 * time.Millisecond: "Staging timed out after 0.25 seconds.",
	} {
		if got := timedOut(limit).Error(); got != want {
			t.Errorf("text = %q, want %q", got, want)
		}
	}
}
