package router_test

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/config/configtest"
	"github.com/minicf/minicf/router"
)

func TestShippedFileIsTheDefault(t *testing.T) {
	t.Parallel()
	configtest.CheckShipped(t, "router", router.Default())
}

func TestWrongValuesAreNamed(t *testing.T) {
	t.Parallel()
	for key, spoil := range map[string]func(*router.Config){
		"inet":                           func(c *router.Config) { c.Inet = "" },
		"port":                           func(c *router.Config) { c.Port = 65536 },
		"publish_start_message_interval": func(c *router.Config) { c.PublishStartMessageInterval = 0 },
		"prune_stale_droplets_interval":  func(c *router.Config) { c.PruneStaleDropletsInterval = 0 },
		"droplet_stale_threshold":        func(c *router.Config) { c.DropletStaleThreshold = config.Duration(30 * time.Second) },
		"flush_apps_interval":            func(c *router.Config) { c.FlushAppsInterval = 0 },
		"404_redirect":                   func(c *router.Config) { c.Redirect404 = "javascript:alert(1)" },
		"status.port":                    func(c *router.Config) { c.Status.Port = -2 },
		"logging.level":                  func(c *router.Config) { c.Logging.Level = "loud" },
	} {
		cfg := router.Default()
		spoil(&cfg)
		_, err := router.New(bus.New(bus.Options{}), cfg, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), key+": ") {
			t.Errorf("with a wrong %s: error = %v, want one that names the key", key, err)
		}
	}
}

func TestPathsOfTheConfigurationAreResolved(t *testing.T) {
	t.Parallel()
	cfg := router.Default()
	cfg.Logging.File = "router.log"
	got := cfg.Resolve(func(p string) string { return filepath.Join("/data", p) })
	if got.PID != "/data/router/router.pid" || got.Logging.File != "/data/router.log" || got.AccessLog != "/data/router/access.log" {
		t.Errorf("resolved to %q, %q and %q", got.PID, got.Logging.File, got.AccessLog)
	}
	if cfg.PID != "router/router.pid" {
		t.Errorf("the original has the pid file %q now", cfg.PID)
	}
}

func TestTakenPortStopsTheRouter(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := router.Default()
	cfg.Port, cfg.PID = l.Addr().(*net.TCPAddr).Port, ""
	r, err := router.New(bus.New(bus.Options{}), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), func() { t.Error("ready on a taken port") }); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("error = %v, want one that names the address", err)
	}
	if r.URL() != "" || r.Addr() != nil {
		t.Errorf("a router that does not listen has the address %v", r.Addr())
	}
}
