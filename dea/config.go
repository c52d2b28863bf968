package dea

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/filer"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/runtimes"
)

// Config is what dea.yml says. Its keys are those of the DEA of 2012 and a few more; Default has
// the values of the shipped file.
type Config struct {
	BaseDir string         `yaml:"base_dir"` // everything the DEA keeps: staged/, apps/, db/
	PID     string         `yaml:"pid"`
	Logging config.Logging `yaml:"logging"` // for the command that runs the DEA
	MBus    string         `yaml:"mbus"`    // likewise

	MaxMemory   config.Memory  `yaml:"max_memory"`   // that instances may reserve
	MultiTenant bool           `yaml:"multi_tenant"` // 1024 instances at once, or one
	Runtimes    config.NameMap `yaml:"runtimes"`     // name → executable; a name alone is served by what the message names

	StrictRuntimeVersions bool   `yaml:"strict_runtime_versions"` // refuse a mapped runtime of another version, as in 2012
	Isolation             string `yaml:"isolation"`               // name of the backend; the DEA is handed the backend itself
	Cgroups               bool   `yaml:"cgroups"`                 // likewise: hold instances to their limits with control groups

	Landlock Landlock `yaml:"landlock"` // likewise, for the isolation of that name

	Intervals     Intervals     `yaml:"intervals"`
	LocalRoute    string        `yaml:"local_route"` // the address to advertise is the one that leads there
	FilerPort     int           `yaml:"filer_port"`  // of the file viewer; filer.NoPort is none at all
	Status        config.Status `yaml:"status"`      // of /varz and /healthz; port bus.NoStatusPort is none at all
	DiskThreshold int           `yaml:"droplet_fs_percent_used_threshold"`
	Unpack        Unpack        `yaml:"unpack"`

	DropletCache      DropletCache    `yaml:"droplet_cache"`
	EvacuationDelay   config.Duration `yaml:"evacuation_delay"`    // how long apps serve after Drain began
	DisableDirCleanup bool            `yaml:"disable_dir_cleanup"` // keep droplets and directories, to look at
	ForceHTTPSharing  bool            `yaml:"force_http_sharing"`  // never use the executableFile of a message
	EnforceUlimit     bool            `yaml:"enforce_ulimit"`
	MaxProcesses      int             `yaml:"max_processes"` // of one instance; 0 is any number
	Secure            bool            `yaml:"secure"`

	Index   *int   `yaml:"index"`    // of several DEAs
	Prod    *bool  `yaml:"prod"`     // true: only apps marked for production
	DEARuby string `yaml:"dea_ruby"` // accepted, and ignored
}

// Landlock is what instances may use with isolation: landlock, beside their directories, their runtime and the system.
type Landlock struct {
	Read  []string `yaml:"read"`
	Write []string `yaml:"write"`
}

// Intervals are how often the DEA tells about itself.
type Intervals struct {
	Heartbeat config.Duration `yaml:"heartbeat"`
	Advertise config.Duration `yaml:"advertise"`
}

// DropletCache limits what is kept of droplets between starts.
type DropletCache struct {
	MaxSize config.Size `yaml:"max_size"` // of all; 0 keeps none
}

// Unpack limits what a droplet may unpack to; a droplet larger than that is not even downloaded.
type Unpack struct {
	MaxEntries int         `yaml:"max_entries"`
	MaxSize    config.Size `yaml:"max_size"`
}

// Default returns the configuration of config/dea.yml.
func Default() Config {
	limits := droplet.DefaultLimits()
	return Config{
		BaseDir:         "dea",
		PID:             "dea/dea.pid",
		Logging:         config.Logging{Level: "info"},
		MBus:            "nats://127.0.0.1:4222",
		MaxMemory:       config.Percent(75),
		MultiTenant:     true,
		Runtimes:        defaultRuntimes(),
		Isolation:       "process",
		Cgroups:         true,
		Intervals:       Intervals{Heartbeat: config.Duration(10 * time.Second), Advertise: config.Duration(5 * time.Second)},
		LocalRoute:      "127.0.0.1",
		DiskThreshold:   95,
		DropletCache:    DropletCache{MaxSize: 1 << 30},
		EvacuationDelay: config.Duration(30 * time.Second),
		MaxProcesses:    512,
		Unpack:          Unpack{MaxEntries: limits.Entries, MaxSize: config.Size(limits.Bytes)},
	}
}

func defaultRuntimes() config.NameMap {
	return config.NameMap{
		{Name: "ruby18", Value: "ruby"},
		{Name: "ruby19", Value: "ruby"},
		{Name: "ruby193", Value: "ruby"},
		{Name: "ruby", Value: "ruby"},
		{Name: "python2", Value: "python3"},
		{Name: "python3", Value: "python3"},
		{Name: "node", Value: "node"},
		{Name: "node06", Value: "node"},
		{Name: "node08", Value: "node"},
		{Name: "php", Value: "php"},
		{Name: "java", Value: "java"},
		{Name: "java7", Value: "java"},
		{Name: "erlang", Value: "erl"},
		{Name: "erlangR14B01", Value: "erl"},
	}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	switch {
	case c.BaseDir == "":
		return config.Invalid("base_dir", "is missing: the DEA needs a directory of its own")
	case c.PID == "":
		return config.Invalid("pid", "is missing: the DEA needs a pid file, so that no second one takes its directory")
	case c.MaxMemory.MB() < 1:
		return config.Invalid("max_memory", "want 1 MB or more")
	case c.Intervals.Heartbeat <= 0:
		return config.Invalid("intervals.heartbeat", "want more than 0 seconds")
	case c.Intervals.Advertise <= 0:
		return config.Invalid("intervals.advertise", "want more than 0 seconds")
	case c.DiskThreshold < 1 || c.DiskThreshold > 100:
		return config.Invalid("droplet_fs_percent_used_threshold", "want 1 to 100 percent, not %d", c.DiskThreshold)
	case c.MaxProcesses < 0:
		return config.Invalid("max_processes", "want 0 (any number) or more, not %d", c.MaxProcesses)
	case c.DropletCache.MaxSize < 0:
		return config.Invalid("droplet_cache.max_size", "want 0 bytes or more")
	case c.Unpack.MaxEntries < 1:
		return config.Invalid("unpack.max_entries", "want 1 or more, not %d", c.Unpack.MaxEntries)
	case c.Unpack.MaxSize < 1:
		return config.Invalid("unpack.max_size", "want 1 byte or more")
	case c.Index != nil && *c.Index < 0:
		return config.Invalid("index", "want 0 or more, not %d", *c.Index)
	}
	if err := c.Logging.Validate(); err != nil {
		return err
	}
	if c.FilerPort != filer.NoPort {
		if err := config.Port("filer_port", c.FilerPort); err != nil {
			return err
		}
	}
	if c.Status.Port == bus.NoStatusPort {
		return nil
	}
	return c.Status.Validate()
}

// Resolve returns a copy whose relative paths went through path.
func (c Config) Resolve(path func(string) string) Config {
	for _, p := range []*string{&c.BaseDir, &c.PID, &c.Logging.File} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = path(*p)
		}
	}
	return c
}

// table is `runtimes` as a table. In a map, a name without an executable is served by the usual
// program of its family; where no name has one it is the list of 2012, and the message says which
// program.
func (c Config) table() runtimes.Table {
	table, mapped := runtimes.Table{}, false
	for _, r := range c.Runtimes {
		table[r.Name] = r.Value
		mapped = mapped || r.Value != ""
	}
	if !mapped {
		return table
	}
	usual := runtimes.Default()
	for name, executable := range table {
		if executable == "" {
			table[name] = usual[name]
		}
	}
	return table
}

// runtimeNames are the configured runtimes as they are advertised.
func (c Config) runtimeNames() []string {
	return append([]string{}, slices.Collect(c.Runtimes.Names())...)
}

// limits of unpacking.
func (c Config) limits() droplet.Limits {
	return droplet.Limits{Entries: c.Unpack.MaxEntries, Bytes: c.Unpack.MaxSize.Bytes()}
}
