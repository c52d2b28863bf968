// Package stager turns apps into droplets: it is the service that the cloud controller asks to stage.
//
// In goes a staging request from the bus: where the app's zip is, where the droplet should go, and what kind of app it is. Out
// come a droplet, uploaded over HTTP, and exactly one reply with the task log that the user reads:
//
//	[2012-11-13 22:13:08] Setting up temporary directories
//	[2012-11-13 22:13:08] Downloading application
//	[2012-11-13 22:13:08] Unpacking application
//	[2012-11-13 22:13:08] Staging application
//	[2012-11-13 22:13:10] Creating droplet
//	[2012-11-13 22:13:10] Uploading droplet
//	[2012-11-13 22:13:12] Done!
//
// Read it in this order: accept.go (a request arrives), queue.go (it waits), task.go (the steps above, one function
// each), plugin.go (the step that knows about frameworks, see package plugin), reply.go (the answer).
//
// It listens to each subject of Config.Queues, `staging`, in a queue group of the same name, so that any number of stagers share
// the work, and to vcap.component.discover. It sends vcap.component.announce and the replies.
//
// In 2012 this was vcap_stager 0.1.15: Ruby on EventMachine, with a thread pool, curl, unzip, tar, and a new Ruby for each plugin.
package stager

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/pidfile"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// unsubscribeTimeout is how long the bus may take to hand over what it had sent already.
const unsubscribeTimeout = time.Second

// Stager serves staging requests.
type Stager struct {
	bus         *bus.Bus
	plugins     plugin.Set
	tools       plugin.Tools
	confinement *confinement // nil unless secure
	cfg         Config
	log         *slog.Logger
	taskLog     *slog.Logger // the lines of the task logs
	transport   *http.Transport
	client      http.RoundTripper // transport, or a test's
	queue       *queue
	figures     figures
	strays      sync.WaitGroup // plugins that ignored the end of their task

	mu            sync.Mutex
	subscriptions []*bus.Subscription
}

// New returns a Stager that has not started. It fails when cfg is not valid or asks for what minicf does not have.
func New(b *bus.Bus, plugins plugin.Set, cfg Config, log *slog.Logger) (*Stager, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("stager: %w", err)
	}
	s := &Stager{
		bus: b, plugins: plugins, cfg: cfg,
		tools:   Tools(cfg.Platform, cfg.Dirs.Cache, plugin.Text(cfg.Staging.Text)),
		log:     log.With("logger", "vcap.stager.server"),
		taskLog: log.With("logger", "vcap.stager.task"),
	}
	s.tools.Buildpacks = cfg.Buildpacks
	if cfg.Secure {
		var err error
		if s.confinement, err = newConfinement(cfg); err != nil {
			return nil, fmt.Errorf("stager: %w", err)
		}
	}
	s.transport = newTransport(cfg.MaxActiveTasks)
	s.client = s.transport
	s.queue = newQueue(cfg.MaxActiveTasks, cfg.MaxQueuedTasks, s.work)
	return s, nil
}

// Run serves requests until ctx ends. What waits or runs then is cancelled and answered with an error; call Drain before
// to let it finish. It fails when the pid file belongs to a live stager, or when a directory or port cannot be had.
func (s *Stager) Run(ctx context.Context, ready func()) error {
	leave, err := s.moveIn()
	if err != nil {
		return err
	}
	defer leave()
	shown, err := config.Map(s.cfg)
	if err != nil {
		return err
	}
	if s.confinement != nil {
		s.log.Info("what plugins run is confined to its staging", "landlock", confine.Version())
	}
	s.queue.start(context.WithoutCancel(ctx))
	defer s.halt(context.WithoutCancel(ctx))
	if err := s.subscribe(); err != nil {
		return err
	}
	component := bus.NewComponent(s.bus, bus.ComponentConfig{
		Type: "Stager", Index: s.cfg.Index, IP: bus.LocalIP(s.cfg.LocalRoute),
		Port: s.cfg.Status.Port, User: s.cfg.Status.User, Password: s.cfg.Status.Password,
		Config: shown, Varz: s.varz, Log: s.log,
	})
	return component.Run(ctx, func() {
		for _, q := range s.cfg.Queues {
			s.log.Info("Subscribed to " + q)
		}
		s.log.Info("Server running")
		ready()
	})
}

// Drain takes no more requests and returns when those it has, waiting and running, are answered. When ctx ends first they are
// cancelled, answered with an error, and ctx's error is returned. Run must be ready, and is still to be stopped.
func (s *Stager) Drain(ctx context.Context) error {
	s.log.Info("Shutdown initiated.")
	s.unsubscribe(ctx)
	s.queue.close()
	s.log.Info(fmt.Sprintf("Waiting for remaining %d task(s) to finish.", s.queue.pending.Load()))
	err := s.queue.wait(ctx)
	if err != nil {
		s.queue.abort(errStopped)
		<-s.queue.ended
	}
	s.log.Info("Shutdown complete")
	return err
}

// moveIn takes the pid file and cleans up after stagers that were killed. leave gives the pid file back.
func (s *Stager) moveIn() (leave func(), err error) {
	if s.cfg.RubyPath != "" || s.cfg.RunPluginPath != "" {
		s.log.Debug("ruby_path and run_plugin_path have no effect: plugins are part of minicf")
	}
	if leave, err = s.takePidFile(); err != nil {
		return nil, err
	}
	if err = makeTmp(s.cfg.Dirs.Tmp); err == nil {
		err = sweep(s.cfg.Dirs.Tmp, s.log)
	}
	if err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

func (s *Stager) takePidFile() (release func(), err error) {
	if s.cfg.PidFilename == "" {
		return func() {}, nil
	}
	f, err := pidfile.Create(s.cfg.PidFilename)
	if err != nil {
		return nil, fmt.Errorf("stager pid file %s: %w", s.cfg.PidFilename, err)
	}
	return func() {
		if err := f.Remove(); err != nil {
			s.log.Warn("pid file stays", "error", err)
		}
	}, nil
}

func (s *Stager) subscribe() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.cfg.Queues {
		sub, err := bus.Serve(s.bus, protocol.StagingOn(q), q, s.accept)
		if err != nil {
			return err
		}
		s.subscriptions = append(s.subscriptions, sub)
	}
	return nil
}

// unsubscribe returns when everything that the bus had for this stager has been accepted. Unsubscribed only after the queue
// is closed, as in 2012, requests in between would be lost.
func (s *Stager) unsubscribe(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, unsubscribeTimeout)
	defer cancel()
	for _, sub := range s.subscriptions {
		if err := sub.Drain(ctx); err != nil {
			s.log.Warn("requests may be lost: the bus does not end the subscription", "error", err)
		}
	}
	s.subscriptions = nil
}

// halt ends what is left when Run ends.
func (s *Stager) halt(ctx context.Context) {
	s.queue.abort(errStopped)
	s.unsubscribe(ctx)
	s.queue.close()
	<-s.queue.ended
	s.awaitStrays()
	s.transport.CloseIdleConnections()
}
