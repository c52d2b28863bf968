package stager

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

// Config is what stager.yml says. Its keys are those of the stager of 2012 and a few more; Default has the values of the
// shipped file.
type Config struct {
	Logging config.Logging `yaml:"logging"`  // for the command that runs the stager
	NATSURI string         `yaml:"nats_uri"` // likewise

	MaxStagingDuration config.Duration `yaml:"max_staging_duration"` // for one task from its first step to its last
	MaxActiveTasks     int             `yaml:"max_active_tasks"`     // 1 or more
	MaxQueuedTasks     int             `yaml:"max_queued_tasks"`     // what exceeds it is refused at once
	MaxDownload        config.Size     `yaml:"max_download"`         // of an app's zip
	Queues             []string        `yaml:"queues"`               // subjects, each its own queue group
	PidFilename        string          `yaml:"pid_filename"`         // "" is none
	Secure             bool            `yaml:"secure"`               // keep what plugins run apart, see confinement
	Dirs               Dirs            `yaml:"dirs"`
	Staging            Staging         `yaml:"staging"`
	Buildpacks         []string        `yaml:"buildpacks"` // directories or git URLs, asked in this order
	Unpack             Unpack          `yaml:"unpack"`
	Index              *int            `yaml:"index"`       // of several stagers
	LocalRoute         string          `yaml:"local_route"` // the address to advertise is the one that leads there
	Status             config.Status   `yaml:"status"`      // of /varz and /healthz; port bus.NoStatusPort is none at all

	Platform plugin.Platform `yaml:"-"` // what PLATFORM_CONFIG says, if anything
	Shim     confine.Shim    `yaml:"-"` // what confine.Enter returned when the program began; without it nothing is secure

	RubyPath      string `yaml:"ruby_path"`       // accepted, and ignored
	RunPluginPath string `yaml:"run_plugin_path"` // likewise
}

// DefaultCache is where gems and packages are kept, below the data dir.
const DefaultCache = "stager/cache"

// Dirs are the stager's directories.
type Dirs struct {
	Tmp   string `yaml:"tmp"`   // for workspaces; "" is the system's
	Cache string `yaml:"cache"` // for gems and packages; "" is none
}

// Staging says how droplets are made.
type Staging struct {
	Text string `yaml:"text"` // the wording of generated scripts, T1 or T2
}

// Unpack limits what an app may unpack to.
type Unpack struct {
	MaxEntries int         `yaml:"max_entries"`
	MaxSize    config.Size `yaml:"max_size"`
}

// Default returns the configuration of config/stager.yml.
func Default() Config {
	return Config{
		Logging:            config.Logging{Level: "info"},
		NATSURI:            "nats://127.0.0.1:4222",
		MaxStagingDuration: config.Duration(120 * time.Second),
		MaxActiveTasks:     10,
		MaxQueuedTasks:     1000,
		MaxDownload:        512 << 20,
		Queues:             []string{"staging"},
		PidFilename:        "stager/stager.pid",
		Dirs:               Dirs{Tmp: "stager/tmp", Cache: DefaultCache},
		Staging:            Staging{Text: string(plugin.T1)},
		Buildpacks:         []string{},
		Unpack:             Unpack{MaxEntries: 100_000, MaxSize: 2 << 30},
		LocalRoute:         "127.0.0.1",
	}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	if err := c.validateLimits(); err != nil {
		return err
	}
	if err := c.validateQueues(); err != nil {
		return err
	}
	if err := c.Logging.Validate(); err != nil {
		return err
	}
	if _, err := plugin.ParseText(c.Staging.Text); err != nil {
		return config.Invalid("staging.text", "%w", err)
	}
	if c.Status.Port == bus.NoStatusPort {
		return nil
	}
	return c.Status.Validate()
}

// validateLimits wants each limit to allow something.
func (c Config) validateLimits() error {
	if c.MaxStagingDuration <= 0 {
		return config.Invalid("max_staging_duration", "want more than 0 seconds")
	}
	for _, limit := range []struct {
		key string
		n   int64
	}{
		{"max_active_tasks", int64(c.MaxActiveTasks)},
		{"max_queued_tasks", int64(c.MaxQueuedTasks)},
		{"max_download", c.MaxDownload.Bytes()},
		{"unpack.max_entries", int64(c.Unpack.MaxEntries)},
		{"unpack.max_size", c.Unpack.MaxSize.Bytes()},
	} {
		if limit.n < 1 {
			return config.Invalid(limit.key, "want 1 or more, not %d", limit.n)
		}
	}
	return nil
}

// validateQueues wants subjects without wildcards, because the queue group has the same name.
func (c Config) validateQueues() error {
	if len(c.Queues) == 0 {
		return config.Invalid("queues", "want at least one subject")
	}
	for i, q := range c.Queues {
		if q == "" || strings.ContainsAny(q, " \t\r\n*>") {
			return config.Invalid("queues", "%q cannot be a subject", q)
		}
		if slices.Contains(c.Queues[:i], q) {
			return config.Invalid("queues", "%s stands there twice", q)
		}
	}
	return nil
}

// Resolve returns a copy whose relative paths went through path.
func (c Config) Resolve(path func(string) string) Config {
	if c.Dirs.Tmp == "" {
		c.Dirs.Tmp = os.TempDir()
	}
	for _, p := range []*string{&c.PidFilename, &c.Logging.File, &c.Dirs.Tmp, &c.Dirs.Cache} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = path(*p)
		}
	}
	c.Buildpacks = slices.Clone(c.Buildpacks)
	for i, b := range c.Buildpacks {
		if !git.IsURL(b) && !filepath.IsAbs(b) {
			c.Buildpacks[i] = path(b)
		}
	}
	return c
}
