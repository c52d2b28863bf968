// Package router lets the world reach the apps: it sends each HTTP request to an instance of the app that the Host header
// names.
//
// It listens to router.register and router.unregister, in which DEAs (and whoever else serves HTTP) say which host names are served
// where, and answers router.greet. It sends router.start when it starts, every 30 seconds and when the bus is back after it was gone:
// everybody then registers again, and what nobody has registered for 120 seconds, or for 10 since the bus is back, is forgotten. So the
// router needs no memory of its own, and routers and DEAs may come and go in any order. Where that is enabled it sends router.active_apps.
//
//	dea ─router.register {"host":"127.0.0.1","port":42497,"uris":["hello.localhost"]}─► router
//	browser ─GET / Host: hello.localhost:8080─► router ─GET /─► 127.0.0.1:42497
//
// Read it in this order: messages.go (what the bus says), confirm.go (the bus was gone), registry.go (who serves what), serve.go and
// exchange.go (a request), upload.go (its body), transport.go (the way to the app), failure.go (nobody answers), pages.go (what the
// router says itself); then what is counted (stats.go, metric.go, traffic.go) and written down (accesslog.go).
//
// In 2011 this was an EventMachine proxy, router 0.98, in 2012 nginx asking it where to go, in 2013 gorouter, the first
// component of Cloud Foundry in Go.
package router

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/internal/webserver"
	"github.com/minicf/minicf/protocol"
)

const (
	version = 0.98 // of the router whose protocol this is
	// maxRequestHead is how long a request's header may be, in bytes; with nginx it was 32 KB.
	maxRequestHead = 64 << 10
	// grace is how long requests may take to end when the router stops: a browser's open event stream never does.
	grace = time.Second
)

// Router routes HTTP requests to apps.
type Router struct {
	bus       *bus.Bus
	cfg       Config
	log       *slog.Logger
	ip        string // advertised
	component *bus.Component
	registry  *registry
	transport transport
	httpLog   *log.Logger // of net/http, about the two ends of an exchange
	stats     *stats
	access    *accessLog                  // nil for none
	addr      atomic.Pointer[net.TCPAddr] // nil until it listens
	url       atomic.Pointer[string]
	back      chan time.Time // holds one: when the bus came back
	askAgain  time.Duration  // confirmInterval
}

// New returns a Router that has not started. It fails when cfg is not valid.
func New(b *bus.Bus, cfg Config, log *slog.Logger) (*Router, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	shown, err := config.Map(cfg)
	if err != nil {
		return nil, err
	}
	r := &Router{
		bus: b, cfg: cfg, log: log.With("logger", "vcap.router"), ip: bus.LocalIP(cfg.LocalRoute),
		registry: newRegistry(), stats: newStats(cfg.EnableNonprodApps),
		back: make(chan time.Time, 1), askAgain: confirmInterval,
	}
	r.component = bus.NewComponent(b, bus.ComponentConfig{
		Type: "Router", Index: cfg.Index, IP: r.ip,
		Port: cfg.Status.Port, User: cfg.Status.User, Password: cfg.Status.Password,
		Config: shown, Varz: r.varz, Log: r.log,
		Pages: map[string]func() any{"/routes": func() any { return r.registry.routes() }},
	})
	r.httpLog = slog.NewLogLogger(r.log.Handler(), slog.LevelDebug)
	if cfg.AccessLog != "" {
		r.access = newAccessLog(cfg.AccessLog, r.log)
	}
	return r, nil
}

// Addr is where the router listens, nil until Run has called ready.
func (r *Router) Addr() net.Addr {
	if a := r.addr.Load(); a != nil {
		return a
	}
	return nil
}

// URL is where the router is reached, empty until Run has called ready.
func (r *Router) URL() string {
	if u := r.url.Load(); u != nil {
		return *u
	}
	return ""
}

// Run routes until ctx ends. It fails when the port is taken (*webserver.TakenError) or another router has the pid file.
func (r *Router) Run(ctx context.Context, ready func()) error {
	l, err := webserver.Listen("router", r.cfg.Inet, r.cfg.Port)
	if err != nil {
		return err
	}
	defer l.Close()
	if r.cfg.PID != "" {
		pid, err := pidfile.Create(r.cfg.PID)
		if err != nil {
			return err
		}
		defer func() { _ = pid.Remove() }() // what is left names a dead process, which the next one recognises
	}
	if r.access != nil {
		stop, err := r.access.start()
		if err != nil {
			return err
		}
		defer stop()
	}
	url := webserver.URL(l)
	r.addr.Store(l.Addr().(*net.TCPAddr))
	r.url.Store(&url)
	defer r.transport.close()

	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		return webserver.Server{Handler: r, Grace: grace, MaxHeader: maxRequestHead, Log: r.log}.Serve(ctx, l)
	})
	all.Go(func() error { return r.follow(ctx, ready) })
	all.Go(func() error { r.transport.run(ctx); return nil })
	return all.Wait()
}

// follow keeps the registry as the bus says, until ctx ends.
func (r *Router) follow(ctx context.Context, ready func()) error {
	stop, err := r.subscribe()
	defer stop()
	if err != nil {
		return err
	}
	defer r.bus.OnReconnect(r.onBusBack)()

	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error {
		return r.component.Run(ctx, func() {
			r.log.Info(fmt.Sprintf("Starting VCAP Router (%v)", version))
			r.log.Info(fmt.Sprintf("Listening on: %s", net.JoinHostPort(r.cfg.Inet, r.port())))
			r.publishStart()
			ready()
		})
	})
	all.Go(func() error { r.sweep(ctx); return nil })
	all.Go(func() error { r.confirm(ctx); return nil })
	all.Go(func() error { r.measure(ctx); return nil })
	if r.cfg.EnableNonprodApps {
		all.Go(func() error { r.flushApps(ctx); return nil })
	}
	return all.Wait()
}

// subscribe listens to the bus until stop, which is there also when it fails.
func (r *Router) subscribe() (stop func(), err error) {
	var all []*bus.Subscription
	stop = func() {
		for _, s := range all {
			s.Stop()
		}
	}
	for _, subscribe := range []func() (*bus.Subscription, error){
		func() (*bus.Subscription, error) { return bus.Subscribe(r.bus, protocol.RouterRegister, r.onRegister) },
		func() (*bus.Subscription, error) {
			return bus.Subscribe(r.bus, protocol.RouterUnregister, r.onUnregister)
		},
		func() (*bus.Subscription, error) { return bus.Answer(r.bus, protocol.RouterGreet, r.onGreet) },
	} {
		s, err := subscribe()
		if err != nil {
			return stop, err
		}
		all = append(all, s)
	}
	return stop, nil
}

// port is the one that was got, where any was asked for.
func (r *Router) port() string {
	if a := r.addr.Load(); a != nil {
		return strconv.Itoa(a.Port)
	}
	return strconv.Itoa(r.cfg.Port)
}

func (r *Router) varz() map[string]any {
	v := r.stats.varz(time.Now(), r.cfg.Status.ExposeAllApps)
	v["urls"], v["droplets"] = r.registry.size()
	return v
}
