package healthmanager

import (
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/config/configtest"
)

func TestShippedFileIsTheDefault(t *testing.T) {
	t.Parallel()
	configtest.CheckShipped(t, "healthmanager", Default())
}

func TestBadValuesAreNamed(t *testing.T) {
	t.Parallel()
	for key, spoil := range map[string]func(*Config){
		"cc_partition":                func(c *Config) { c.CCPartition = "a.b" },
		"bulk_api.host":               func(c *Config) { c.BulkAPI.Host = "localhost:9292" },
		"bulk_api.batch_size":         func(c *Config) { c.BulkAPI.BatchSize = 0 },
		"dequeueing_rate":             func(c *Config) { c.DequeueingRate = -1 },
		"intervals.droplet_lost":      func(c *Config) { c.Intervals.DropletLost = 0 },
		"intervals.stable_state":      func(c *Config) { c.Intervals.StableState = -1 },
		"intervals.flapping_death":    func(c *Config) { c.Intervals.FlappingDeath = -1 },
		"intervals.max_restart_delay": func(c *Config) { c.Intervals.MaxRestartDelay = config.Duration(time.Second) },
		"logging.level":               func(c *Config) { c.Logging.Level = "loud" },
		"status.password":             func(c *Config) { c.Status.User = "me" },
	} {
		c := Default()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: error = %v, want one that names it", key, err)
		}
	}
}

func TestFastDividesEveryTime(t *testing.T) {
	t.Parallel()
	slow, fast := Default(), Default().Fast()
	for i, d := range fast.Intervals.times() {
		if was := slow.Intervals.times()[i]; *d.value*FastFactor != *was.value {
			t.Errorf("%s = %s, want a twentieth of %s", d.key, *d.value, *was.value)
		}
	}
	if fast.Intervals.GiveupCrashNumber != 4 || fast.Validate() != nil {
		t.Errorf("fast = %+v, want the numbers as they were", fast.Intervals)
	}
}
