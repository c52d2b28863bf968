package config_test

import (
	"testing"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/config/configtest"
	"github.com/minicf/minicf/controller"
	"github.com/minicf/minicf/dea"
	"github.com/minicf/minicf/router"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/plugin"
)

// The files under testdata/2012 have the keys and the look of the originals'; the components read them unchanged.

func TestStagerReadsTheFileOf2012(t *testing.T) {
	t.Parallel()
	cfg, values, err := config.Load[stager.Config]("stager", config.Options{Path: "testdata/2012/stager.yml"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Logging.Level != "debug2" || cfg.PidFilename != "/tmp/staging-apps-in-cloudfoundry/stager/stager.pid" || cfg.MaxStagingDuration.Std().Seconds() != 120 {
		t.Errorf("config = %+v, want what the file says", cfg)
	}
	if cfg.Dirs.Tmp != stager.Default().Dirs.Tmp {
		t.Errorf("dirs.tmp = %q, want the default of a key that the file leaves out", cfg.Dirs.Tmp)
	}
	for _, v := range values {
		if v.Key == "queues" && v.Origin.Source != "file testdata/2012/stager.yml:11" {
			t.Errorf("queues came from %q, want line 11 of the file", v.Origin)
		}
	}
}

func TestStagerReadsTheProductionFile(t *testing.T) {
	t.Parallel()
	cfg, _, err := config.Load[stager.Config]("stager", config.Options{Path: "testdata/2012/stager-production.yml"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.RubyPath == "" || cfg.RunPluginPath == "" || !cfg.Secure || *cfg.Index != 0 || cfg.Logging.Syslog != "vcap.stager" || cfg.Dirs.Tmp != "/var/vcap/data/stager/tmp" {
		t.Errorf("config = %+v, want what the file says", cfg)
	}
}

func TestDEAReadsTheFileOf2012(t *testing.T) {
	t.Parallel()
	cfg, _, err := config.Load[dea.Config]("dea", config.Options{Path: "testdata/2012/dea.yml"})
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case cfg.MaxMemory != config.Megabytes(4096) || cfg.Prod != nil || *cfg.Index != 0 || !cfg.ForceHTTPSharing || cfg.EnforceUlimit:
		t.Errorf("config = %+v, want what the file says", cfg)
	case cfg.Runtimes.String() != "{ruby18:, ruby19:, node:, java:}":
		t.Errorf("runtimes = %s, want the four names without a program", cfg.Runtimes)
	case cfg.Status.Password != "secret" || cfg.Intervals.Advertise.Std().Seconds() != 5:
		t.Errorf("config = %+v, want what the file says", cfg)
	}
}

func TestDEAReadsTheFileOfTheTutorial(t *testing.T) {
	t.Parallel()
	cfg, _, err := config.Load[dea.Config]("dea", config.Options{Path: "testdata/2012/dea-tutorial.yml"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.MultiTenant || cfg.MaxMemory != config.Megabytes(1024) || cfg.Runtimes.String() != "{ruby19:}" || cfg.Intervals.Advertise.Std().Seconds() != 5 {
		t.Errorf("config = %+v, want what the file says, and defaults else", cfg)
	}
}

func TestRouterTakesAKeyThatBeginsWithADigitFromTheEnvironment(t *testing.T) {
	t.Parallel()
	lookup := func(name string) (string, bool) {
		if name != "MINICF_ROUTER_404_REDIRECT" {
			return "", false
		}
		return "http://127.0.0.1:9292/", true
	}
	cfg, _, err := config.Load[router.Config]("router", config.Options{Lookup: lookup})
	if err != nil || cfg.Redirect404 != "http://127.0.0.1:9292/" {
		t.Errorf("404_redirect = %q, %v", cfg.Redirect404, err)
	}
}

// What the components think their defaults are is what the shipped files say.

func TestShippedFilesAgreeWithTheComponents(t *testing.T) {
	t.Parallel()
	t.Run("stager", func(t *testing.T) { t.Parallel(); configtest.CheckShipped(t, "stager", stager.Default()) })
	t.Run("dea", func(t *testing.T) { t.Parallel(); configtest.CheckShipped(t, "dea", dea.Default()) })
	t.Run("controller", func(t *testing.T) { t.Parallel(); configtest.CheckShipped(t, "controller", controller.Default()) })
	t.Run("nats", func(t *testing.T) { t.Parallel(); configtest.CheckShipped(t, "nats", sandbox.DefaultNATS()) })
	t.Run("router", func(t *testing.T) { t.Parallel(); configtest.CheckShipped(t, "router", router.Default()) })
}

func TestShippedInputOfMinicfStageLoads(t *testing.T) {
	t.Parallel()
	cfg, err := plugin.LoadConfig("stage-sinatra.yml")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SourceDir != "apps/sinatra" || cfg.DestDir != "staged/sinatra" {
		t.Errorf("stage-sinatra.yml stages %s to %s", cfg.SourceDir, cfg.DestDir)
	}
	platform, err := plugin.LoadPlatform("platform.yml")
	if err != nil || platform.Cache != "stager/cache" || platform.InsightAgent != "" {
		t.Errorf("platform.yml = %+v, %v", platform, err)
	}
}
