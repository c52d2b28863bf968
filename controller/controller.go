// Package controller is the fake cloud controller: it keeps packages (zipped apps) and droplets, and serves them over HTTP to
// stagers and DEAs.
//
// In go apps from users and droplets from stagers, both as HTTP uploads; out they come again under the URIs that a staging
// request and a start message carry. Read routes.go first: all of it is one screen. On the bus it announces itself, and
// sends dea.locate when it starts, so that DEAs advertise.
//
// In the tutorial of 2012 this was a Sinatra app of forty lines that served one zip to whoever asked and threw the droplets away;
// the real one was Rails. The routes of both are here.
package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/internal/webserver"
	"github.com/minicf/minicf/protocol"
)

// Controller is a cloud controller that can be run once.
type Controller struct {
	cfg       Config
	log       *slog.Logger
	bus       *bus.Bus
	component *bus.Component
	packages  *store
	droplets  *store
	uploads   uploads
	sample    sample
	url       atomic.Pointer[string]
	figures   figures
}

// figures are what /varz counts.
type figures struct{ requests, uploads, refused atomic.Int64 }

// New returns a controller that has not started yet. It fails when the configuration makes no sense.
func New(b *bus.Bus, cfg Config, log *slog.Logger) (*Controller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	c := &Controller{
		cfg: cfg, log: log, bus: b,
		packages: newStore(cfg.Directories.Packages, int64(cfg.MaxUpload)),
		droplets: newStore(cfg.Directories.Droplets, int64(cfg.MaxUpload)),
		sample:   sample{dir: cfg.SampleApp},
	}
	c.component = bus.NewComponent(b, bus.ComponentConfig{
		Type: "CloudController", Index: cfg.Index, IP: bus.LocalIP(cfg.LocalRoute), Port: cfg.Status.Port,
		User: cfg.Status.User, Password: cfg.Status.Password, Config: shown, Varz: c.varz, Log: log,
	})
	return c, nil
}

// URL is where the controller serves, once it is ready; empty before.
func (c *Controller) URL() string {
	if u := c.url.Load(); u != nil {
		return *u
	}
	return ""
}

// Run serves until ctx ends.
func (c *Controller) Run(ctx context.Context, ready func()) (err error) {
	if c.cfg.PID != "" {
		f, err := pidfile.Create(c.cfg.PID)
		if err != nil {
			return fmt.Errorf("can't create controller pid file: %w", err)
		}
		defer func() { err = errors.Join(err, f.Remove()) }()
	}
	for _, s := range []*store{c.packages, c.droplets} {
		if err := s.open(); err != nil {
			return err
		}
	}
	l, err := webserver.Listen("controller", c.cfg.Host, c.cfg.Port)
	if err != nil {
		return err
	}
	url := webserver.URL(l)
	c.url.Store(&url)
	announced := make(chan struct{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return webserver.Server{Handler: c.routes(), Log: c.log}.Serve(ctx, l) })
	g.Go(func() error { return c.component.Run(ctx, func() { close(announced) }) })
	g.Go(func() error { return c.greet(ctx, announced, ready) })
	return g.Wait()
}

// greet makes the DEAs known, as the cloud controller did when it started.
func (c *Controller) greet(ctx context.Context, announced <-chan struct{}, ready func()) error {
	select {
	case <-announced:
	case <-ctx.Done():
		return nil
	}
	if err := bus.Publish(c.bus, protocol.DEALocate, protocol.Ignored{}); err != nil {
		return err
	}
	c.log.Info("controller is listening", "url", c.URL(), "pid", os.Getpid())
	ready()
	return nil
}

func (c *Controller) varz() map[string]any {
	return map[string]any{
		"requests": c.figures.requests.Load(), "uploads": c.figures.uploads.Load(), "refused": c.figures.refused.Load(),
		"packages": c.packages.count(), "droplets": c.droplets.count(),
	}
}
