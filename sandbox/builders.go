package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/controller"
	"github.com/minicf/minicf/controller/uaa"
	"github.com/minicf/minicf/dea"
	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
	"github.com/minicf/minicf/dea/isolation/fake"
	"github.com/minicf/minicf/dea/isolation/landlock"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/healthmanager"
	"github.com/minicf/minicf/router"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// killReserve is what the stop of all the others leaves those that run programs: a staging that is cut short waits half a second for the output of
// what it has killed and then looks for daemons, a DEA ends and removes its instances.
const killReserve = 2 * time.Second

func buildNATS(k *kit) (*attached, error) {
	cfg, log, err := load(k, "nats", func(c NATSConfig) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	if cfg.Port, err = k.freePort("nats", cfg.Host, cfg.Port, log); err != nil {
		return nil, err
	}
	k.server, err = bus.NewServer(bus.ServerConfig{
		Host: cfg.Host, Port: cfg.Port, Records: k.path(cfg.Records), MaxRecords: cfg.MaxRecords.Bytes(), Log: log,
	})
	if err != nil {
		return nil, err
	}
	return k.attach("nats", nil, natsServer{k.server, k.path(cfg.PID)}, log), nil
}

func buildController(k *kit) (*attached, error) {
	cfg, log, err := load(k, "controller", func(c controller.Config) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	if cfg.Port, err = k.freePort("controller", cfg.Host, cfg.Port, log); err != nil {
		return nil, err
	}
	b, err := k.keepingBus("controller", "mbus", cfg.MBus, log)
	if err != nil {
		return nil, err
	}
	users, _, err := config.Load[uaa.Config]("users", k.options("users"))
	if err != nil {
		return nil, err
	}
	c, err := controller.New(b, cfg.Resolve(k.path), users, log)
	return k.attach("controller", b, c, log), err
}

func buildRouter(k *kit) (*attached, error) {
	cfg, log, err := load(k, "router", func(c router.Config) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	if cfg.Port, err = k.freePort("router", cfg.Inet, cfg.Port, log); err != nil {
		return nil, err
	}
	b := k.bus("router", "mbus", cfg.MBus, log)
	r, err := router.New(b, cfg.Resolve(k.path), log)
	return k.attach("router", b, r, log), err
}

func buildDEA(k *kit) (*attached, error) {
	cfg, log, err := load(k, "dea", func(c dea.Config) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	backend, err := k.backend(cfg, log)
	if err != nil {
		return nil, err
	}
	if k.Fast {
		cfg.Intervals.Heartbeat /= healthmanager.FastFactor
	}
	cfg.Index, cfg.BaseDir, cfg.PID = k.ownIndex(cfg.Index), k.own(cfg.BaseDir), k.own(cfg.PID)
	cfg.FilerPort, cfg.Status.Port = k.ownPort(cfg.FilerPort), k.ownPort(cfg.Status.Port)
	b := k.bus("dea", "mbus", cfg.MBus, log)
	d, err := dea.New(b, backend, cfg.Resolve(k.path), log)
	a := k.attach(Numbered("dea", k.Index), b, d, log)
	a.grace.OnlyPatient = true // a DEA evacuates when it is asked to, and not at each Ctrl-C
	a.grace.Reserve = killReserve
	return a, err
}

// backend finds an isolation backend by the name that dea.yml gives. One line here is one backend.
func (k *kit) backend(cfg dea.Config, log *slog.Logger) (isolation.Backend, error) {
	plain := process.Options{Groups: groups(cfg, log), Log: log}
	switch cfg.Isolation {
	case "process", "":
		return process.New(plain), nil
	case "landlock":
		if !k.Shim.Ready() {
			return nil, errors.New("isolation: landlock: this program cannot start itself again, as it has to for each instance")
		}
		return landlock.New(k.Shim, landlock.Options{Read: cfg.Landlock.Read, Write: cfg.Landlock.Write, Process: plain}), nil
	case "fake":
		return fake.New(fake.Options{}), nil
	}
	return nil, fmt.Errorf("isolation: there is no backend %q, only process, landlock and fake", cfg.Isolation)
}

// groups are the control groups that this machine lets us make, if they are wanted; nil when there are none.
func groups(cfg dea.Config, log *slog.Logger) *cgroup.Tree {
	if !cfg.Cgroups {
		return nil
	}
	tree, err := cgroup.Find("/")
	if err != nil {
		log.Debug("no control groups here", "error", err)
	}
	return tree
}

func buildHealthManager(k *kit) (*attached, error) {
	cfg, log, err := load(k, "healthmanager", func(c healthmanager.Config) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	b := k.bus("healthmanager", "mbus", cfg.MBus, log)
	where := k.controllerURL(cfg.BulkAPI.Host, k.asked("healthmanager", "bulk_api.host"))
	if k.Fast {
		cfg = cfg.Fast()
	}
	m, err := healthmanager.New(b, cfg.Resolve(k.path), where, log)
	return k.attach("healthmanager", b, m, log), err
}

// controllerURL says where the controller is now: the one that was asked for, or else the one that runs on the data dir, in this process or
// in another.
func (k *kit) controllerURL(configured string, asked bool) func() string {
	return func() string {
		if asked {
			return configured
		}
		return k.running("controller", configured)
	}
}

func buildStager(k *kit) (*attached, error) {
	cfg, log, err := load(k, "stager", func(c stager.Config) config.Logging { return c.Logging })
	if err != nil {
		return nil, err
	}
	if cfg.Platform, err = k.platform(); err != nil {
		return nil, err
	}
	cfg.Shim = k.Shim
	b := k.bus("stager", "nats_uri", cfg.NATSURI, log)
	cfg.Index, cfg.PidFilename, cfg.Dirs.Tmp = k.ownIndex(cfg.Index), k.own(cfg.PidFilename), k.own(cfg.Dirs.Tmp)
	cfg.Status.Port = k.ownPort(cfg.Status.Port)
	s, err := stager.New(b, builtin.Set(), cfg.Resolve(k.path), log)
	a := k.attach(Numbered("stager", k.Index), b, s, log)
	a.grace.Reserve = killReserve
	return a, err
}

// platform is what PLATFORM_CONFIG in the environment names, as for the stager of 2012; without it plugins know nothing of
// the platform.
func (k *kit) platform() (plugin.Platform, error) {
	if k.Lookup == nil {
		return plugin.Platform{}, nil
	}
	path, ok := k.Lookup("PLATFORM_CONFIG")
	if !ok || path == "" {
		return plugin.Platform{}, nil
	}
	p, err := plugin.LoadPlatform(path)
	if err != nil {
		return p, fmt.Errorf("PLATFORM_CONFIG: %w", err)
	}
	return p.Resolve(k.path), nil
}
