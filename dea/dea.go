// Package dea is the droplet execution agent: it turns droplets into running instances of apps.
//
// In goes a start message with the address of a droplet, out comes a process that the router knows.
// The life of an instance:
//
//	dea.discover       who can run this app? the DEA answers, later the busier it is    on_discover.go
//	dea.<id>.start     memory is reserved, the droplet fetched and unpacked             on_start.go life.go
//	                   into apps/<name>-<index>-<id>, its startup script run            stage.go env.go
//	dea.heartbeat,     the port accepts connections: RUNNING                            ready.go announce.go
//	router.register
//	dea.update         its URIs change                                                  on_update.go route.go
//	dea.find.droplet   where is it, where are its files, what does it use?              on_find_droplet.go
//	dea.stop           the stop script, and then nothing of it is left                  on_stop.go
//	router.unregister, it is gone, asked for or not                                     state.go
//	droplet.exited
//	USR2               others take over its instances, while they serve on              evacuate.go
//
// Instances outlive a DEA that is killed, and the next one goes on with them: recover.go. For that, what
// the bus is told is always written down first: ledger.go.
//
// It listens to dea.discover, dea.<id>.start, dea.stop, dea.update, dea.find.droplet, dea.status,
// dea.locate, droplet.status, router.start and healthmanager.start. It sends dea.start, dea.advertise, dea.heartbeat,
// droplet.exited, router.register, router.unregister and dea.shutdown. How processes are run is the affair of
// package isolation; state.go has all that can happen to an instance in one table. What instances
// write can be looked at over HTTP: package filer.
//
// In 2012 this was the first DEA (version 0.99, Ruby and EventMachine): one bad message wedged it
// for good, and an apostrophe in a password rewrote an app's environment.
package dea

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/filer"
	"github.com/minicf/minicf/dea/isolation"
)

// DEA is one droplet execution agent. Make it with New.
type DEA struct {
	bus       *bus.Bus
	backend   isolation.Backend
	cfg       Config
	log       *slog.Logger
	component *bus.Component
	id        string // of the component, in dea.<id>.start and every message
	ip        string // that instances are reached at
	paths     paths
	runtimes  *verdicts
	droplets  *fetcher
	files     *filer.Filer
	snapshot  snapshot
	ledger    ledger

	// What tests replace: whether an address accepts connections, and how full a disk is.
	probe func(ctx context.Context, addr string) bool
	disk  func(path string) (percent int, err error)

	work sync.WaitGroup // instances and pending answers

	adopted []func() // the lives of instances of an earlier DEA, until they go on

	mu sync.Mutex // guards what follows, the changing parts of instances, and the order of messages

	registry    registry
	room        resources
	diskPercent int
	stopping    bool // nothing new is begun, and nothing more advertised
}

// paths are the DEA's directories and files below base_dir.
type paths struct {
	staged   string // droplets on their way
	apps     string // a directory for each instance
	db       string
	snapshot string // db/applications.json
	ruby     string // what Ruby needs for the startup scripts of 2012; the others were there then
}

func pathsBelow(base string) paths {
	db := filepath.Join(base, "db")
	return paths{
		staged: filepath.Join(base, "staged"), apps: filepath.Join(base, "apps"), db: db,
		snapshot: filepath.Join(db, "applications.json"), ruby: filepath.Join(base, "ruby"),
	}
}

// New returns a DEA that has not started yet. The backend is the one that cfg.Isolation names. The
// error names a key of the configuration.
func New(b *bus.Bus, backend isolation.Backend, cfg Config, log *slog.Logger) (*DEA, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base, err := filepath.Abs(cfg.BaseDir)
	if err != nil {
		return nil, config.Invalid("base_dir", "%w", err)
	}
	cfg.BaseDir = base
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	d := &DEA{
		bus: b, backend: backend, cfg: cfg, log: log, ip: bus.LocalIP(cfg.LocalRoute),
		probe: accepts, disk: diskUsed, paths: pathsBelow(base),
		snapshot: snapshot{pathsBelow(base).snapshot}, ledger: newLedger(),
		runtimes: newVerdicts(cfg, log),
		room:     resources{maxMemory: cfg.MaxMemory.MB(), maxClients: singleTenant},
	}
	if cfg.MultiTenant {
		d.room.maxClients = maxTenants
	}
	d.droplets = newFetcher(cfg, d.paths.staged, log)
	d.files = filer.New(filer.Config{
		Apps: d.paths.apps, IP: d.ip, Port: cfg.FilerPort, User: bus.Hex(16), Password: bus.Hex(16), Writes: d.writes, Log: log,
	})
	d.component = bus.NewComponent(b, bus.ComponentConfig{
		Type: "DEA", Index: cfg.Index, IP: d.ip, Port: cfg.Status.Port, User: cfg.Status.User,
		Password: cfg.Status.Password, Config: shown, Varz: d.varz, Log: log,
	})
	d.id = d.component.UUID()
	return d, nil
}

// ID is what the DEA is called on the bus: its instances are started with dea.<id>.start.
func (d *DEA) ID() string { return d.id }

// Run runs the DEA until ctx ends, and calls ready once it can be asked to start instances. All
// instances end with it. The error says what of the directories, the pid file, the file viewer's
// port or the status port cannot be used.
func (d *DEA) Run(ctx context.Context, ready func()) error {
	release, err := d.prepare()
	if err != nil {
		return err
	}
	defer release()
	if err := d.files.Listen(ctx); err != nil {
		return err
	}
	defer d.files.Close()
	d.recover(ctx)
	subs, err := d.subscribe(ctx)
	defer subs.stop()
	if err != nil {
		return fmt.Errorf("listen to the bus: %w", err)
	}
	// The DEA can be asked who it is until its last instance is gone.
	shown, hide := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	defer wg.Wait()
	defer hide()
	known, failed := make(chan struct{}), make(chan error, 1)
	wg.Go(func() { failed <- d.component.Run(shown, func() { close(known) }) })
	wg.Go(func() { d.serveFiles(shown) })
	select {
	case <-known:
		wg.Go(func() { d.keepLedger(shown) })
		d.hail()
		d.loops(ctx, &wg)
		ready()
		<-ctx.Done()
	case err := <-failed:
		return err // what was adopted runs on, for the next DEA to adopt
	case <-ctx.Done(): // before the bus was there
		d.goOn()
	}
	d.shutdown(ctx)
	return nil
}
