package healthmanager

import (
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/protocol"
)

// Config is what healthmanager.yml says. Its keys are those of the health managers of 2012 and 2013; Default has the values of the
// shipped file.
type Config struct {
	MBus    string         `yaml:"mbus"` // for the command that runs the health manager
	PID     string         `yaml:"pid"`  // "" is none
	Logging config.Logging `yaml:"logging"`

	CCPartition    string    `yaml:"cc_partition"` // whose apps these are
	BulkAPI        BulkAPI   `yaml:"bulk_api"`
	Intervals      Intervals `yaml:"intervals"`
	DequeueingRate int       `yaml:"dequeueing_rate"` // requests a second; 0 is as many as there are
	StopUnknown    bool      `yaml:"stop_unknown"`    // stop what the controller has never heard of, as in 2012

	LocalRoute string        `yaml:"local_route"` // the address to advertise is the one that leads there
	Index      *int          `yaml:"index"`
	Status     config.Status `yaml:"status"` // of /varz and /healthz; port bus.NoStatusPort is none at all
}

// BulkAPI is where the cloud controller says what is wanted.
type BulkAPI struct {
	Host      string `yaml:"host"`       // URL
	BatchSize int    `yaml:"batch_size"` // apps in one answer
}

// Intervals are all the times, and two numbers that stood among them.
type Intervals struct {
	DesiredStateUpdate config.Duration `yaml:"desired_state_update"` // database_scan in 2012
	DesiredStateLost   config.Duration `yaml:"desired_state_lost"`
	DropletLost        config.Duration `yaml:"droplet_lost"`
	DropletsAnalysis   config.Duration `yaml:"droplets_analysis"`
	FlappingDeath      int             `yaml:"flapping_death"` // crashes
	FlappingTimeout    config.Duration `yaml:"flapping_timeout"`
	MinRestartDelay    config.Duration `yaml:"min_restart_delay"`
	MaxRestartDelay    config.Duration `yaml:"max_restart_delay"`
	DelayTimeNoise     config.Duration `yaml:"delay_time_noise"`
	GiveupCrashNumber  int             `yaml:"giveup_crash_number"` // 0 or less: never
	RestartTimeout     config.Duration `yaml:"restart_timeout"`
	StableState        config.Duration `yaml:"stable_state"`
}

// Default returns the configuration of config/healthmanager.yml.
func Default() Config {
	seconds := func(n int) config.Duration { return config.Duration(time.Duration(n) * time.Second) }
	return Config{
		MBus: "nats://127.0.0.1:4222", PID: "healthmanager/healthmanager.pid", Logging: config.Logging{Level: "info"},
		CCPartition: protocol.DefaultPartition, BulkAPI: BulkAPI{Host: "http://127.0.0.1:9292", BatchSize: 500},
		Intervals: Intervals{
			DesiredStateUpdate: seconds(60), DesiredStateLost: seconds(180), DropletLost: seconds(30), DropletsAnalysis: seconds(20),
			FlappingDeath: 1, FlappingTimeout: seconds(500), MinRestartDelay: seconds(60), MaxRestartDelay: seconds(480),
			DelayTimeNoise: seconds(5), GiveupCrashNumber: 4, RestartTimeout: seconds(20), StableState: seconds(60),
		},
		DequeueingRate: 50, LocalRoute: "127.0.0.1",
	}
}

// FastFactor is how much faster than in 2012 a health manager is for a workshop.
const FastFactor = 20

// Fast returns the configuration with all times divided by FastFactor. DEAs must send heartbeats as much faster, or their instances
// seem to be lost.
func (c Config) Fast() Config {
	for _, d := range c.Intervals.times() {
		*d.value /= FastFactor
	}
	return c
}

// named is one of the times.
type named struct {
	key   string
	value *config.Duration
	zero  bool // may be nothing
}

func (i *Intervals) times() []named {
	return []named{
		{"desired_state_update", &i.DesiredStateUpdate, false},
		{"desired_state_lost", &i.DesiredStateLost, false},
		{"droplet_lost", &i.DropletLost, false},
		{"droplets_analysis", &i.DropletsAnalysis, false},
		{"flapping_timeout", &i.FlappingTimeout, false},
		{"min_restart_delay", &i.MinRestartDelay, false},
		{"max_restart_delay", &i.MaxRestartDelay, false},
		{"delay_time_noise", &i.DelayTimeNoise, true},
		{"restart_timeout", &i.RestartTimeout, false},
		{"stable_state", &i.StableState, true},
	}
}

// Validate names the first key whose value cannot be used.
func (c Config) Validate() error {
	if err := c.Logging.Validate(); err != nil {
		return err
	}
	if _, err := protocol.HMRequests(c.CCPartition); err != nil {
		return config.Invalid("cc_partition", "want one word without dots, such as %s", protocol.DefaultPartition)
	}
	if u, err := url.Parse(c.BulkAPI.Host); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return config.Invalid("bulk_api.host", "want a URL such as http://127.0.0.1:9292, not %q", c.BulkAPI.Host)
	}
	if c.BulkAPI.BatchSize < 1 {
		return config.Invalid("bulk_api.batch_size", "want 1 or more")
	}
	if c.DequeueingRate < 0 {
		return config.Invalid("dequeueing_rate", "want 0 or more")
	}
	if err := c.Intervals.validate(); err != nil {
		return err
	}
	if c.Status.Port == bus.NoStatusPort {
		return nil
	}
	return c.Status.Validate()
}

func (i Intervals) validate() error {
	for _, d := range i.times() {
		if *d.value < 0 || *d.value == 0 && !d.zero {
			return config.Invalid("intervals."+d.key, "want more than 0 seconds")
		}
	}
	if i.FlappingDeath < 0 {
		return config.Invalid("intervals.flapping_death", "want 0 crashes or more")
	}
	if i.MaxRestartDelay < i.MinRestartDelay {
		return config.Invalid("intervals.max_restart_delay", "want min_restart_delay (%s) or more", i.MinRestartDelay)
	}
	return nil
}

// Resolve returns a copy whose relative paths went through path.
func (c Config) Resolve(path func(string) string) Config {
	c.PID, c.Logging.File = path(c.PID), path(c.Logging.File)
	return c
}

func (c Config) rules() rules {
	i := c.Intervals
	return rules{
		DropletLost: i.DropletLost.Std(), FlappingDeath: i.FlappingDeath, FlappingTimeout: i.FlappingTimeout.Std(),
		MinDelay: i.MinRestartDelay.Std(), MaxDelay: i.MaxRestartDelay.Std(), Noise: i.DelayTimeNoise.Std(), GiveUp: i.GiveupCrashNumber,
		RestartTimeout: i.RestartTimeout.Std(), StableState: i.StableState.Std(),
		StopUnknown: c.StopUnknown, UnknownAge: 2 * i.DesiredStateUpdate.Std(), random: rand.Int64N,
	}
}
